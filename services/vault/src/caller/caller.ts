import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { foldUserName, SCOPES } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Clock } from '@credence/service'
import type { Collection, Doc, DocumentStore } from '@credence/store'

/** A caller's key as the vault keeps it: under its SHA-256, with a MAC so that a storage writer cannot add himself. */
interface CallerDoc extends Doc {
  readonly project: string
  readonly keyId: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly state: string
  readonly expiresAt?: Date
  readonly generation: number
  readonly mac: Uint8Array
}

export type CallerFields = Omit<CallerDoc, 'id' | 'v' | 'mac'>

/** What a caller shows: the values of `Authorization` and `Credence-User`. */
export interface Shown {
  readonly authorization: string
  readonly user: string
}

export interface Callers {
  /** Who it is. Throws UNAUTHENTICATED, or SCOPE_REQUIRED when a user is named by a key that may not act for users. */
  authenticate(shown: Shown, via: string): Promise<Principal>
  /** Takes what the registry pushed; an older generation is ignored. In force when it resolves. */
  set(keySha256: Uint8Array, fields: CallerFields): Promise<void>
}

export async function openCallers(options: { store: DocumentStore; macKey: Uint8Array; clock: Clock }): Promise<Callers> {
  const callers = await options.store.collection<CallerDoc>({ name: 'vault_callers', indexes: [] })
  // Every change of a caller comes through `set` of a replica: this one's memory is dropped there.
  const known = new Map<string, CallerDoc>()
  async function find(hash: string): Promise<CallerDoc | undefined> {
    const cached = known.get(hash)
    if (cached !== undefined) return cached
    const doc = await callers.get(hash, { fresh: true })
    if (doc === undefined || !timingSafeEqual(macOf(options.macKey, doc.id, doc), doc.mac)) return undefined
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value!)
    known.set(hash, doc)
    return doc
  }
  return {
    async authenticate(shown, via) {
      const key = /^Bearer (crd_[A-Za-z0-9_-]{20,})$/.exec(shown.authorization)?.[1]
      const caller = key === undefined ? undefined : await find(createHash('sha256').update(key).digest('hex'))
      const over = caller?.expiresAt !== undefined && caller.expiresAt.getTime() <= options.clock.now()
      if (caller === undefined || caller.state !== 'active' || over) throw new CodedError('UNAUTHENTICATED')
      return principalOf(caller, shown.user, via)
    },
    async set(keySha256, fields) {
      const id = Buffer.from(keySha256).toString('hex')
      await put(callers, { id, v: 1, ...fields, mac: macOf(options.macKey, id, fields) })
      known.delete(id)
    },
  }
}

const MOST_KNOWN = 10_000

async function put(callers: Collection<CallerDoc>, doc: CallerDoc): Promise<void> {
  for (;;) {
    const stored = await callers.get(doc.id, { fresh: true })
    if (stored !== undefined && stored.generation > doc.generation) return
    try {
      await (stored === undefined ? callers.insert(doc) : callers.replace(doc, stored.rev))
      return
    } catch (error) {
      if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
    }
  }
}

function principalOf(caller: CallerDoc, user: string, via: string): Principal {
  const scopes = caller.scopes.filter((scope) => (SCOPES as readonly string[]).includes(scope))
  const base = { project: caller.project, subject: caller.keyId, user: '', roles: caller.roles, scopes, via }
  if (user === '') return { ...base, userNames: [] }
  if (!scopes.includes('act_for')) {
    throw new CodedError('SCOPE_REQUIRED', 'This key may not act for users: leave `Credence-User` out or use a key with scope act_for.')
  }
  const name = foldUserName(user)
  if (name === undefined) throw new CodedError('USER_REQUIRED', '`Credence-User` must be `usr_…`, `id:<external id>` or `email:<address>`.')
  return { ...base, userNames: [name] }
}

function macOf(key: Uint8Array, id: string, fields: CallerFields): Buffer {
  const { project, keyId, scopes, roles, state, expiresAt, generation } = fields
  const canonical = JSON.stringify([id, project, keyId, scopes, roles, state, expiresAt?.getTime() ?? null, generation])
  return createHmac('sha256', key).update(canonical).digest()
}
