import { CodedError, isCoded } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import type { Parent, UserRef } from '../credential/parent.ts'
import { providersNamed } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'
import { inSlot } from './slot.ts'

/**
 * The credential of a user at a server, by the name under which people know the server. NOT_FOUND in one form, whatever is
 * missing; SCOPE_REQUIRED for another user than the caller's own without `act_for`, whether or not there is such a user.
 */
export async function resolve(
  registry: Registry,
  actor: Actor,
  wanted: { readonly serverName: string; readonly userEmail: string },
): Promise<Stored<Parent>> {
  needScope(actor, 'use', 'credentials.read')
  const owner = await userOf(registry, actor, wanted.userEmail)
  const [provider, other] = await providersNamed(registry, actor.project, wanted.serverName, 2)
  if (owner !== undefined && provider !== undefined && other === undefined) {
    const doc = await inSlot(registry, { project: actor.project, owner, provider: provider.id })
    if (doc !== undefined && doc.hiddenSince === undefined) return doc
  }
  throw new CodedError('NOT_FOUND', 'This user has no credential at one server of this name: check the name, and that it is the only one.')
}

/** Undefined for an address that nobody has. */
async function userOf(registry: Registry, actor: Actor, email: string): Promise<UserRef | undefined> {
  if (email === '') {
    if (actor.user === undefined) throw new CodedError('USER_REQUIRED', 'Name the user: `user_email`, or the header `Credence-User`.')
    return actor.user
  }
  const name = foldedName(`email:${email.trim()}`, '/user_email')
  if (actor.user?.names.includes(name)) return actor.user
  needScope(actor, 'act_for')
  return resolveUser(registry, actor.project, { names: [name], create: false }).catch((error: unknown) => {
    if (isCoded(error, 'NOT_FOUND')) return undefined
    throw error
  })
}
