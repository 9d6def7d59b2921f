import type { Stored } from '@credence/store'
import { renameClaims } from '../capability/customer-claim.ts'
import { renameConsents } from '../consent/push-consent.ts'
import { heldFence, withNextFence } from '../credential/fence.ts'
import type { Parent, UserRef } from '../credential/parent.ts'
import { change } from '../documents/change.ts'
import { findAll } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import { ownOrder } from './actor.ts'

/**
 * Writes the names of a user into every credential that is his or shared with him, and into their fences: the vault compares
 * names without asking. What stops half-way is taken up by the sweeper, as long as `spreadSince` stands.
 */
export async function spreadNames(registry: Registry, userId: string): Promise<void> {
  const user = await registry.docs.users.get(userId, { fresh: true })
  if (user?.spreadSince === undefined) return
  for (const found of await findAll(registry.docs.credentials, 'visible', [user.id])) {
    const renamed = await change(registry.docs.credentials, found.id, (doc) => withNames(registry, doc, user))
    if (renamed !== undefined) await heldFence(registry, renamed, ownOrder(renamed.project))
  }
  await renameClaims(registry, user, ownOrder)
  await renameConsents(registry, user, ownOrder)
  await change(registry.docs.users, user.id, (doc) =>
    doc.spreadSince === undefined || doc.names.length !== user.names.length ? undefined : { ...doc, spreadSince: undefined },
  )
}

function withNames(registry: Registry, doc: Stored<Parent>, user: UserRef): Parent | undefined {
  const { id, names } = user
  const lacks = (held: UserRef['names']): boolean => names.some((name) => !held.includes(name))
  const stale = (doc.owner.id === id && lacks(doc.owner.names)) || doc.shares.some((share) => share.subject === id && lacks(share.names))
  if (!stale) return undefined
  const owner = doc.owner.id === id ? { id, names } : doc.owner
  const shares = doc.shares.map((share) => (share.subject === id ? { ...share, names } : share))
  return withNextFence({ ...doc, owner, shares }, registry.now())
}
