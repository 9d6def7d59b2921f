import { ROLE_SCOPES } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Actor } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import type { Registry } from '../registry.ts'
import { endOf, type KeyDoc } from './key.ts'

/**
 * Who a key is, and whom it acts for: `user` is the `Credence-User` header as sent, honoured only for keys with the scope
 * `act_for` (SCOPE_REQUIRED). Without a key it looks up a person that the gateway has signed in itself: a member of the
 * project of the order, known by `user` and by the names in the order's principal. UNAUTHENTICATED for anybody else.
 */
export async function authenticate(
  registry: Registry,
  actor: Actor,
  asked: { readonly keySha256: Uint8Array; readonly user: string; readonly via: string },
): Promise<Principal> {
  if (asked.keySha256.length === 0) return signedIn(registry, actor, asked)
  const key = await keyInForce(registry, asked.keySha256)
  const principal = { project: key.project, subject: key.id, roles: [key.role], scopes: key.scopes, via: asked.via }
  if (asked.user === '') return { ...principal, user: '', userNames: [] }
  if (!key.scopes.includes('act_for')) {
    throw new CodedError('SCOPE_REQUIRED', 'To send `Credence-User` a key needs the scope `act_for`.', { facts: { scope: 'act_for' } })
  }
  const names = [foldedName(asked.user, '/credence-user')]
  const user = await resolveUser(registry, key.project, { names, create: true })
  return { ...principal, user: user.id, userNames: user.names }
}

async function keyInForce(registry: Registry, sha256: Uint8Array): Promise<KeyDoc> {
  const hash = Buffer.from(sha256).toString('hex')
  const [key] = (await registry.docs.keys.find('hash', { prefix: [hash], limit: 1 })).docs
  const secret = key?.secrets.find((candidate) => candidate.sha256 === hash)
  if (key === undefined || secret === undefined || key.state !== 'active') throw new CodedError('UNAUTHENTICATED')
  const end = endOf(key, secret)
  if (end !== undefined && end <= registry.now()) throw new CodedError('UNAUTHENTICATED')
  return key
}

async function signedIn(registry: Registry, actor: Actor, asked: { user: string; via: string }): Promise<Principal> {
  const sent = asked.user === '' ? [] : [foldedName(asked.user, '/credence-user')]
  const names = [...new Set([...sent, ...(actor.user?.names ?? []).map((name) => foldedName(name, '/credence-user'))])]
  if (names.length === 0) throw new CodedError('UNAUTHENTICATED')
  const user = await resolveUser(registry, actor.project, { names, create: true })
  return {
    project: actor.project,
    subject: user.id,
    user: user.id,
    userNames: user.names,
    roles: ['member'],
    scopes: ROLE_SCOPES.member,
    via: asked.via,
  }
}
