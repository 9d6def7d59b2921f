import { familyOf, moveStatus } from '@credence/credential'
import { CodedError, ERRORS, isCoded } from '@credence/errors'
import type { PromoteResponse } from '@credence/proto/vault'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope, orderOf } from '../caller/actor.ts'
import { change, replaced } from '../documents/change.ts'
import { withFacts } from '../documents/with-facts.ts'
import { findProvider, noProvider, savedPayload, versionOf } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'
import { claimSetup, completeSetup } from '../setup/report-session.ts'
import { reconnectUrl } from './describe.ts'
import { credentialConnected, credentialCreated } from './facts.ts'
import { fenceOf, heldFence, withNextFence } from './fence.ts'
import { record } from './history-entry.ts'
import { listed, type Parent, type Promoting } from './parent.ts'
import { admitted, readableId } from './visibility.ts'

/**
 * Connect puts a confirmed candidate in force and shows the parent:
 *
 * C1 `promoting` is written first, with the generation that the vault will get: whatever stops after it can be finished.
 * C2 The vault moves secret and fence in one write, and takes the candidate once however often it is asked.
 * C3 The parent is shown, with its facts, only after the vault has answered.
 * C4 A candidate that is in force already answers the same again.
 */
export interface Confirmed {
  readonly id: string
  readonly candidateId: string
  readonly sessionId: string
  readonly account: { readonly id: string; readonly name: string }
  readonly verified: boolean
  readonly confirmAccountChange: boolean
  /** 0: the version that was reserved. */
  readonly providerVersion: number
  readonly pattern: number
}

const MAX_TRIES = 20

export async function connect(registry: Registry, actor: Actor, confirmed: Confirmed): Promise<Stored<Parent>> {
  needScope(actor, 'sessions', 'credentials.write')
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const doc = await reservedOrConnected(registry, actor, confirmed.id)
    const order = orderOf(actor, doc.project)
    if (doc.lastCandidateId === confirmed.candidateId) {
      await completeSetup(registry, confirmed.sessionId, doc.id)
      return heldFence(registry, doc, order)
    }
    await refuseOtherAccount(registry, actor, doc, confirmed)
    const promoting = await promotingOf(registry, actor, doc, confirmed)
    const access = { ...doc.access, generation: promoting.generation }
    const begun = await replaced<Parent>(registry.docs.credentials, { ...doc, access, promoting }, doc)
    if (begun === undefined) continue
    try {
      const shown = await finishConnect(registry, begun, promoting, order)
      await record(registry, shown, actor, { action: 'connect', outcome: 'ok' })
      return shown
    } catch (error) {
      // Somebody changed the fence in this moment: the next try carries the newest one.
      if (isCoded(error, 'CONFLICT')) continue
      await record(registry, begun, actor, { action: 'connect', outcome: isCoded(error) ? error.code : 'INTERNAL' })
      throw error
    }
  }
  throw new CodedError('CONFLICT', undefined, { credentialId: confirmed.id })
}

async function reservedOrConnected(registry: Registry, actor: Actor, id: string): Promise<Stored<Parent>> {
  const doc = await registry.docs.credentials.get(readableId(id), { fresh: true })
  return admitted(doc?.deletedAt === undefined ? doc : undefined, { actor, id, need: 'manage' })
}

async function refuseOtherAccount(registry: Registry, actor: Actor, doc: Parent, confirmed: Confirmed): Promise<void> {
  const known = doc.account.id !== '' && confirmed.account.id !== ''
  if (!known || doc.account.id === confirmed.account.id || confirmed.confirmAccountChange) return
  await record(registry, doc, actor, { action: 'connect', outcome: 'ACCOUNT_MISMATCH' })
  throw new CodedError('ACCOUNT_MISMATCH', undefined, { credentialId: doc.id, reconnectUrl: reconnectUrl(registry, doc.id) })
}

async function promotingOf(registry: Registry, actor: Actor, doc: Parent, confirmed: Confirmed): Promise<Promoting> {
  if (moveStatus(doc.hiddenSince === undefined ? doc.status : 'hidden', 'connect') === undefined) {
    throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId: doc.id })
  }
  const isReserved = confirmed.providerVersion === 0
  const pattern = isReserved ? doc.provider.pattern : confirmed.pattern
  const head = await findProvider(registry, { project: doc.project, anyProject: false }, doc.provider.id)
  const version = await versionOf(registry, head, isReserved ? doc.provider.version : confirmed.providerVersion)
  const family = familyOf(savedPayload(version).auth_patterns[pattern]?.type ?? '')
  if (family === undefined) throw noProvider()
  return {
    candidateId: confirmed.candidateId,
    sessionId: confirmed.sessionId,
    generation: doc.access.generation + 1,
    repeated: doc.promoting?.candidateId === confirmed.candidateId,
    since: registry.now(),
    actor: actorName(actor),
    account: confirmed.account,
    verified: confirmed.verified,
    family,
    provider: { id: head.id, version: version.version, pattern, name: version.displayName },
  }
}

/**
 * From `promoting` on: the vault, then the parent. Throws CONFLICT when the fence was changed meanwhile. A refusal that will
 * not change drops `promoting`; after any other failure it stays, for a repeated request or the sweeper.
 */
export async function finishConnect(registry: Registry, begun: Parent, promoting: Promoting, order: Principal): Promise<Stored<Parent>> {
  const { candidateId } = promoting
  let promoted: PromoteResponse
  try {
    await claimSetup(registry, promoting.sessionId, begun.id)
    const access = fenceOf({ ...begun, status: 'active', reason: undefined })
    promoted = await registry.vault.promote(order, { credentialId: begun.id, candidateId, access })
  } catch (error) {
    if (isCoded(error) && ERRORS[error.code].kind !== 'world') await dropPromoting(registry, begun.id, candidateId)
    throw error
  }
  const shown = await change(registry.docs.credentials, begun.id, (newest) => {
    if (newest.lastCandidateId === candidateId || newest.deletedAt !== undefined) return undefined
    const facts = [credentialConnected(newest, promoting, promoted.version)]
    if (newest.hiddenSince !== undefined) facts.unshift(credentialCreated(newest, promoting, promoted.version))
    return withFacts(registry, shownParent(registry, newest, promoting, promoted), facts)
  })
  registry.nudge()
  if (shown === undefined) throw new CodedError('CONFLICT', undefined, { credentialId: begun.id })
  await completeSetup(registry, promoting.sessionId, shown.id)
  return heldFence(registry, shown, order)
}

/** A credential that was disabled in the same moment stays disabled, with its new secret. */
function shownParent(registry: Registry, newest: Parent, promoting: Promoting, promoted: PromoteResponse): Parent {
  const isDisabled = newest.hiddenSince === undefined && newest.status === 'disabled'
  const account = promoting.account.id === '' && promoting.account.name === '' ? newest.account : promoting.account
  const shown: Parent = {
    ...newest,
    hiddenSince: undefined,
    status: isDisabled ? 'disabled' : 'active',
    reason: isDisabled ? newest.reason : undefined,
    expiredBefore: undefined,
    health: promoting.verified ? 'ok' : 'unverified',
    version: promoted.version,
    scopes: promoted.scopes,
    expiresAt: promoted.expiresAt,
    account,
    accountFields: promoted.plainFields,
    assets: promoted.assets.map(({ channel, id, name, label, parent }) => ({ channel, id, name, label, parent })),
    family: promoting.family,
    provider: promoting.provider,
    lastVerifiedAt: promoting.verified ? registry.now() : newest.lastVerifiedAt,
    lastError: undefined,
    connectedAt: registry.now(),
    minted: undefined,
    lastCandidateId: promoting.candidateId,
    promoting: newest.promoting?.candidateId === promoting.candidateId ? undefined : newest.promoting,
  }
  const { generation } = newest.access
  // The vault takes a candidate once: a repeated order may have left it with the fence of the first.
  if (generation === promoting.generation && !promoting.repeated)
    return listed({ ...shown, access: { generation, pendingSince: undefined } })
  return withNextFence(shown, registry.now())
}

/** Finishes or drops a connect that stopped half-way, with the fence as it is by now. */
export async function resumeConnect(registry: Registry, stopped: Stored<Parent>, order: Principal): Promise<void> {
  const { promoting, hiddenSince, status, access } = stopped
  if (promoting === undefined) return
  if (moveStatus(hiddenSince === undefined ? status : 'hidden', 'connect') === undefined) {
    return dropPromoting(registry, stopped.id, promoting.candidateId)
  }
  const again: Promoting = { ...promoting, generation: access.generation + 1, repeated: true }
  const begun = { ...stopped, access: { ...access, generation: again.generation }, promoting: again }
  const written = await replaced<Parent>(registry.docs.credentials, begun, stopped)
  if (written !== undefined) await finishConnect(registry, written, again, order)
}

async function dropPromoting(registry: Registry, id: string, candidateId: string): Promise<void> {
  await change(registry.docs.credentials, id, (doc) =>
    doc.promoting?.candidateId === candidateId ? { ...doc, promoting: undefined } : undefined,
  )
}
