import { createHash } from 'node:crypto'
import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import type { Actor } from '../caller/actor.ts'
import type { Parent, UserRef } from '../credential/parent.ts'
import { isThere } from '../credential/parent.ts'
import { change, insertOnce } from '../documents/change.ts'
import { findAll } from '../documents/scan.ts'
import { freshId } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { notHeldYet } from '../vault/not-held-yet.ts'
import { type CapabilityDoc, whose } from './capability.ts'
import type { CustomerClaim } from './customer-claim-doc.ts'
import { findCapability } from './read-capability.ts'

/** A reservation is swept after a day, and its id must not come back; long before that it is not used again. */
const RESERVED_MS = 3_600_000

/** The capability, if what it uses is each customer's own. Throws NOT_FOUND, INVALID_REQUEST. */
export async function customersCapability(registry: Registry, actor: Actor, id: string): Promise<Stored<CapabilityDoc>> {
  const doc = await findCapability(registry, actor, id)
  if (whose(doc) === 'customer') return doc
  const detail = 'This capability asks no customer for anything: it has a credential of your team, or needs none. Call it.'
  throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '/capability_id', code: 'NOT_ALLOWED', detail }] })
}

/** The credential of this customer, there or reserved; absent when there is none that could be used again. */
export async function grantedTo(registry: Registry, capability: CapabilityDoc, user: UserRef): Promise<Stored<Parent> | undefined> {
  const claim = await registry.docs.claims.get(claimId(capability, user.id), { fresh: true })
  const parent = claim === undefined ? undefined : await registry.docs.credentials.get(claim.credentialId, { fresh: true })
  return parent?.deletedAt === undefined ? parent : undefined
}

/** The id of the credential that this customer has or is to have, in the vault before it is answered. */
export async function claimCredential(
  registry: Registry,
  by: Principal,
  given: { capability: CapabilityDoc; user: UserRef },
): Promise<string> {
  const { capability, user } = given
  const now = registry.now()
  const fresh: CustomerClaim = {
    id: claimId(capability, user.id),
    v: 1,
    project: capability.project,
    capability: capability.id,
    user: user.id,
    names: user.names,
    credentialId: freshId(registry, 'cred'),
    generation: 1,
    at: now,
    pendingSince: now,
  }
  const { doc, inserted } = await insertOnce(registry.docs.claims, fresh)
  const claim = inserted || (await isGood(registry, doc)) ? doc : await pointAgain(registry, doc, fresh)
  if (claim.pendingSince !== undefined) await pushClaim(registry, claim, by)
  return claim.credentialId
}

async function isGood(registry: Registry, claim: CustomerClaim): Promise<boolean> {
  const parent = await registry.docs.credentials.get(claim.credentialId, { fresh: true })
  if (parent !== undefined && isThere(parent)) return true
  return parent?.deletedAt === undefined && registry.now().getTime() - claim.at.getTime() < RESERVED_MS
}

async function pointAgain(registry: Registry, stale: CustomerClaim, { credentialId, at }: CustomerClaim): Promise<Stored<CustomerClaim>> {
  const written = await change(registry.docs.claims, stale.id, (doc) =>
    doc.credentialId === stale.credentialId ? { ...doc, credentialId, at, generation: doc.generation + 1, pendingSince: at } : undefined,
  )
  if (written === undefined) throw new CodedError('CONFLICT')
  return written
}

/** Tells the vault, and marks that it holds. */
export async function pushClaim(registry: Registry, claim: CustomerClaim, by: Principal): Promise<void> {
  const { capability: capabilityId, user, names, credentialId, generation } = claim
  try {
    await registry.vault.setClaim(by, { capabilityId, names: [user, ...names], credentialId, generation })
  } catch (error) {
    // The vault holds a newer one, whose pusher marks it.
    if (isCoded(error, 'CONFLICT')) return
    throw notHeldYet(error)
  }
  await change(registry.docs.claims, claim.id, (doc) =>
    doc.generation === generation && doc.pendingSince !== undefined ? { ...doc, pendingSince: undefined } : undefined,
  )
}

/** Writes names that a user got later into his claims: the vault finds them by name. */
export async function renameClaims(registry: Registry, user: UserRef, by: (project: string) => Principal): Promise<void> {
  for (const claim of await findAll(registry.docs.claims, 'user', [user.id])) {
    const renamed = await change(registry.docs.claims, claim.id, (doc) =>
      user.names.every((name) => doc.names.includes(name))
        ? undefined
        : { ...doc, names: user.names, generation: doc.generation + 1, pendingSince: doc.pendingSince ?? registry.now() },
    )
    if (renamed?.pendingSince !== undefined) await pushClaim(registry, renamed, by(renamed.project))
  }
}

function claimId({ project, id }: Pick<CapabilityDoc, 'project' | 'id'>, user: string): string {
  return createHash('sha256')
    .update(JSON.stringify([project, id, user]))
    .digest('hex')
}
