import { hasGrant } from '@credence/credential'
import { CodedError, ERRORS, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope, orderOf } from '../caller/actor.ts'
import { change, replaced } from '../documents/change.ts'
import { findAll } from '../documents/scan.ts'
import { withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { orphan } from './bind-consumer.ts'
import type { ConsumerDoc } from './consumer.ts'
import { credentialDeleted } from './facts.ts'
import { heldFence, withNextFence } from './fence.ts'
import { record } from './history-entry.ts'
import { isThere, type Parent } from './parent.ts'
import { admitted, readableId } from './visibility.ts'

const MAX_TRIES = 20
/** As many consumers as an error names by id. */
const MAX_NAMED = 50

/** What became of the grant at the provider, and whom the delete left without a credential. */
export interface Deleted {
  readonly revocation: string
  readonly orphaned: readonly ConsumerDoc[]
}

/**
 * Gone for everybody from the first write on. Then, each step repeatable: the fence is closed, the grant revoked at the
 * provider, the secret destroyed, each consumer told; the tombstone stays, so that the id never comes back. While consumers
 * are bound it needs `force` (CREDENTIAL_IN_USE). Repeating a delete that failed half-way goes on with it, and so does the
 * sweeper.
 */
export async function remove(registry: Registry, actor: Actor, id: string, force: boolean): Promise<Deleted> {
  needScope(actor, 'credentials.write')
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = await registry.docs.credentials.get(readableId(id), { fresh: true })
    const exists = found !== undefined && (isThere(found) || found.destroying !== undefined)
    const doc = admitted(exists ? found : undefined, { actor, id, need: 'manage' })
    const order = orderOf(actor, doc.project)
    if (doc.destroying !== undefined) return finishDelete(registry, doc, order)
    if (!force) await refuseInUse(registry, doc)
    const now = registry.now()
    const gone: Parent = {
      ...doc,
      status: 'disabled',
      reason: 'deleted',
      promoting: undefined,
      deletedAt: now,
      destroying: { since: now, actor: actorName(actor) },
    }
    const written = await replaced(registry.docs.credentials, withNextFence(gone, now), doc)
    if (written === undefined) continue
    await record(registry, written, actor, { action: 'change', outcome: 'deleted' })
    return finishDelete(registry, written, order)
  }
  throw new CodedError('CONFLICT', undefined, { credentialId: id })
}

async function refuseInUse(registry: Registry, doc: Parent): Promise<void> {
  const consumers = await findAll(registry.docs.consumers, 'bound', [doc.id])
  if (consumers.length === 0) return refuseServing(registry, doc)
  const count = String(consumers.length)
  const named = consumers.slice(0, MAX_NAMED).map((consumer) => consumer.id)
  const detail = `${count} ${consumers.length === 1 ? 'consumer uses' : 'consumers use'} it. Unbind them, or delete with \`force\`.`
  throw new CodedError('CREDENTIAL_IN_USE', detail, { credentialId: doc.id, facts: { consumers: count, consumer_ids: named.join(' ') } })
}

/** A capability that serves every customer with it would refuse them all. */
async function refuseServing(registry: Registry, doc: Parent): Promise<void> {
  const capabilities = await findAll(registry.docs.capabilities, 'credential', [doc.id])
  if (capabilities.length === 0) return
  const count = String(capabilities.length)
  const detail = `${count} ${capabilities.length === 1 ? 'capability uses' : 'capabilities use'} it. Delete them first, or delete with \`force\`.`
  const named = capabilities.slice(0, MAX_NAMED).map(({ id }) => id)
  throw new CodedError('CREDENTIAL_IN_USE', detail, {
    credentialId: doc.id,
    facts: { capabilities: count, capability_ids: named.join(' ') },
  })
}

/** From `destroying` on. A failure leaves it, and the next try begins where this one stopped. */
export async function finishDelete(registry: Registry, begun: Stored<Parent>, order: Principal): Promise<Deleted> {
  const closed = await heldFence(registry, begun, order)
  const revocation = closed.destroying?.revocation ?? (await revoke(registry, closed, order))
  const consumers = await findAll(registry.docs.consumers, 'bound', [closed.id])
  const generation = closed.access.generation + 1
  await registry.vault.destroy(order, { credentialId: closed.id, consumers: consumers.map(({ id }) => id), generation })
  const actor = closed.destroying?.actor ?? order.subject
  await Promise.all(consumers.map(({ id }) => orphan(registry, id, actor)))
  await change(registry.docs.credentials, closed.id, (doc) => {
    if (doc.destroying === undefined) return undefined
    const facts = [credentialDeleted(doc, { actor, outcome: revocation, consumers: consumers.length })]
    return withFacts<Parent>(registry, { ...doc, destroying: undefined }, facts)
  })
  registry.nudge()
  return { revocation, orphaned: consumers }
}

/** A provider that cannot be asked any more must not keep the secret alive: only a vault that may answer later is waited for. */
async function revoke(registry: Registry, doc: Parent, order: Principal): Promise<string> {
  const sharedGrant = await isGrantShared(registry, doc)
  let revocation: string
  try {
    revocation = await registry.vault.revoke(order, { credentialId: doc.id, sharedGrant })
  } catch (error) {
    if (!isCoded(error) || ERRORS[error.code].kind === 'world') throw error
    registry.log.failure('delete.revoke_failed', error, { credential_id: doc.id })
    revocation = isCoded(error, 'NOT_FOUND') ? 'nothing_to_revoke' : 'failed'
  }
  await change(registry.docs.credentials, doc.id, (newest) =>
    newest.destroying === undefined ? undefined : { ...newest, destroying: { ...newest.destroying, revocation } },
  )
  return revocation
}

/**
 * Whether another live credential has the same client and account, so that revoking the grant would end it too. Where the
 * provider does not tell the account, one of the same owner may be the same: leaving a grant harms less than taking one.
 */
async function isGrantShared(registry: Registry, doc: Parent): Promise<boolean> {
  if (!hasGrant(doc.family)) return false
  const isLive = (other: Parent): boolean => other.id !== doc.id && hasGrant(other.family) && other.status !== 'expired'
  if (doc.account.id !== '') {
    const same = await findAll(registry.docs.credentials, 'account', [doc.provider.id, doc.account.id])
    if (same.some(isLive)) return true
  }
  const unknown = await findAll(registry.docs.credentials, 'account', [doc.provider.id, ''])
  const others = doc.account.id === '' ? await findAll(registry.docs.credentials, 'visible', [doc.owner.id]) : unknown
  return others.some((other) => isLive(other) && other.provider.id === doc.provider.id && other.owner.id === doc.owner.id)
}
