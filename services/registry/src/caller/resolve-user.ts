import { createHash } from 'node:crypto'
import { foldUserName, isId, type UserName } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { UserRef } from '../credential/parent.ts'
import { change, insertOnce } from '../documents/change.ts'
import { freshId } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import type { UserDoc } from './user.ts'

/** The name in the form in which names are compared. Throws INVALID_REQUEST when it is none. */
export function foldedName(text: string, pointer: string): UserName {
  const name = foldUserName(text)
  if (name !== undefined) return name
  const detail = 'Write `usr_…`, `id:<id in your system>` or `email:<address>`.'
  throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer, code: 'INVALID_USER', detail }] })
}

/**
 * The user whom these names mean, created on first mention when `create` is set. Several names are one user: a name that
 * nobody has yet is joined to him. Throws USER_CONFLICT when they are two users', NOT_FOUND for an unknown `usr_…`, and for
 * an unknown name without `create`.
 */
export async function resolveUser(
  registry: Registry,
  project: string,
  given: { readonly names: readonly UserName[]; readonly create: boolean },
): Promise<UserRef> {
  // The order is the same for everybody: two first mentions of the same pair meet at the same claim.
  const names = [...new Set(given.names)].sort()
  const known = await Promise.all(names.map((name) => holderOf(registry, project, name)))
  const holders = [...new Set(known.filter((holder) => holder !== undefined))]
  const [holder, other] = holders
  if (other !== undefined) throw new CodedError('USER_CONFLICT')
  if (holder === undefined && !given.create) throw notKnown()
  const unclaimed = names.filter((_, i) => known[i] === undefined)
  const user = holder ?? freshId(registry, 'usr')
  if (holder !== undefined) await refuseSecondOfAKind(registry, holder, unclaimed)
  for (const name of unclaimed) {
    const claim = { id: claimId(project, name), v: 1, project, name, user }
    const { inserted } = await insertOnce(registry.docs.userNames, claim)
    // Somebody claimed it in this moment: what is true now decides.
    if (!inserted) return resolveUser(registry, project, given)
  }
  return keepUser(registry, { project, user, names: names.filter((name) => !isId('usr', name)) })
}

async function holderOf(registry: Registry, project: string, name: UserName): Promise<string | undefined> {
  if (!isId('usr', name)) return (await registry.docs.userNames.get(claimId(project, name), { fresh: true }))?.user
  const doc = await registry.docs.users.get(name, { fresh: true })
  if (doc?.project !== project) throw notKnown()
  return doc.id
}

/** A person has one id in the caller's system and one address: a second of a kind is another person. */
async function refuseSecondOfAKind(registry: Registry, user: string, names: readonly UserName[]): Promise<void> {
  if (names.length === 0) return
  const doc = await registry.docs.users.get(user, { fresh: true })
  const kinds = new Set(doc?.names.map(kindOf))
  if (names.some((name) => kinds.has(kindOf(name)))) throw new CodedError('USER_CONFLICT')
}

/** The document that the claims promise; a crash between claim and document is mended here. */
async function keepUser(registry: Registry, wanted: { project: string; user: string; names: readonly UserName[] }): Promise<UserRef> {
  const { project, user, names } = wanted
  const now = registry.now()
  const fresh: UserDoc = { id: user, v: 1, project, names, createdAt: now }
  const present = (await registry.docs.users.get(user)) ?? (await insertOnce(registry.docs.users, fresh)).doc
  if (names.every((name) => present.names.includes(name))) return { id: user, names: present.names }
  // The fences that hold him learn the new name by the sweeper.
  const joined = await change(registry.docs.users, user, (doc) => {
    const missing = names.filter((name) => !doc.names.includes(name))
    return missing.length === 0 ? undefined : { ...doc, names: [...doc.names, ...missing].sort(), spreadSince: doc.spreadSince ?? now }
  })
  registry.sweepSoon()
  return { id: user, names: joined?.names ?? names }
}

function kindOf(name: UserName): string {
  return name.slice(0, name.indexOf(':'))
}

function claimId(project: string, name: UserName): string {
  return createHash('sha256')
    .update(JSON.stringify([project, name]))
    .digest('hex')
}

function notKnown(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such user in this project.')
}
