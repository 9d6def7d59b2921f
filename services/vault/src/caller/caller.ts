import { createHash, createHmac } from 'node:crypto'
import { foldUserName, SCOPES } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Clock } from '@credence/service'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'
import { ageMs, type ReadAt, readAtNow, untilAgedOut } from '../credential/read-at.ts'
import { sameBytes } from '../credential/same-bytes.ts'

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
  /**
   * The same caller for the user that a message names. Throws SCOPE_REQUIRED, USER_REQUIRED, and INVALID_REQUEST when the
   * call names another user already.
   */
  actFor(principal: Principal, user: string): Principal
  /**
   * Whether the key of a principal that `authenticate` gave is known to be in force still; asked in the tick that writes a
   * secret. False: `confirm` tells.
   */
  inForce(principal: Principal): boolean
  /** Reads the principal's key again where that was too long ago. Throws UNAUTHENTICATED when it was taken back. */
  confirm(principal: Principal): Promise<void>
  /** Takes what the registry pushed; an older generation is ignored. In force on every replica when it resolves. */
  set(keySha256: Uint8Array, fields: CallerFields): Promise<void>
}

export interface CallersOptions {
  readonly store: DocumentStore
  readonly macKey: Uint8Array
  readonly clock: Clock
  /** How old what was read of a key may be when a use begins. 0: this is the only replica, and every change comes through its `set`. */
  readonly maxAgeMs: number
}

interface Known {
  readonly doc: CallerDoc
  readonly readAt: ReadAt
}

/** Of a key when it is made. */
const FIRST_GENERATION = 1
/** Bounds the memory of a vault however many keys there are. */
const MOST_KNOWN = 10_000

export const CALLER_COLLECTION: CollectionSpec = { name: 'vault_callers', indexes: [] }

export async function openCallers(options: CallersOptions): Promise<Callers> {
  const { clock, maxAgeMs } = options
  const callers = await options.store.collection<CallerDoc>(CALLER_COLLECTION)
  const known = new Map<string, Known>()
  const keyOf = new WeakMap<Principal, string>()
  function remember(doc: CallerDoc, readAt: ReadAt): CallerDoc {
    known.delete(doc.id)
    known.set(doc.id, { doc, readAt })
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!)
    return doc
  }
  function remembered(hash: string): CallerDoc | undefined {
    const found = known.get(hash)
    return found === undefined || (maxAgeMs > 0 && ageMs(clock, found.readAt) > maxAgeMs) ? undefined : found.doc
  }
  async function find(hash: string): Promise<CallerDoc | undefined> {
    const cached = remembered(hash)
    if (cached !== undefined) return cached
    const readAt = readAtNow(clock)
    const doc = await callers.get(hash, { fresh: true })
    if (doc === undefined || !sameBytes(macOf(options.macKey, doc.id, doc), doc.mac)) return undefined
    // A read that began before a `set` may end after it.
    const newer = known.get(hash)?.doc
    return newer !== undefined && newer.generation > doc.generation ? newer : remember(doc, readAt)
  }
  function actFor(principal: Principal, user: string): Principal {
    const acting = actingFor(principal, user)
    const hash = keyOf.get(principal)
    if (hash !== undefined) keyOf.set(acting, hash)
    return acting
  }
  const isActive = (doc: CallerDoc | undefined): doc is CallerDoc =>
    doc?.state === 'active' && (doc.expiresAt === undefined || doc.expiresAt.getTime() > clock.now())
  return {
    async authenticate(shown, via) {
      const key = /^bearer (crd_[A-Za-z0-9_-]{20,})$/i.exec(shown.authorization)?.[1]
      const caller = key === undefined ? undefined : await find(createHash('sha256').update(key).digest('hex'))
      if (!isActive(caller)) throw new CodedError('UNAUTHENTICATED')
      const principal = principalOf(caller, via)
      keyOf.set(principal, caller.id)
      return actFor(principal, shown.user)
    },
    actFor,
    inForce: (principal) => isActive(remembered(keyOf.get(principal) ?? '')),
    async confirm(principal) {
      if (!isActive(await find(keyOf.get(principal) ?? ''))) throw new CodedError('UNAUTHENTICATED')
    },
    async set(keySha256, fields) {
      const id = Buffer.from(keySha256).toString('hex')
      const stored = await put(callers, { id, v: 1, ...fields, mac: macOf(options.macKey, id, fields) })
      remember(stored, readAtNow(clock))
      // A new key is not known to other replicas yet; what an older one could do more has to age out there.
      if (fields.generation > FIRST_GENERATION) await untilAgedOut(clock, maxAgeMs)
    },
  }
}

/** The document that is stored in the end: this one, or a newer one that was there. */
async function put(callers: Collection<CallerDoc>, doc: CallerDoc): Promise<CallerDoc> {
  for (;;) {
    const stored = await callers.get(doc.id, { fresh: true })
    if (stored !== undefined && stored.generation > doc.generation) return stored
    try {
      return await (stored === undefined ? callers.insert(doc) : callers.replace(doc, stored.rev))
    } catch (error) {
      if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
    }
  }
}

function principalOf(caller: CallerDoc, via: string): Principal {
  const scopes = caller.scopes.filter((scope) => (SCOPES as readonly string[]).includes(scope))
  return { project: caller.project, subject: caller.keyId, user: '', userNames: [], roles: caller.roles, scopes, via }
}

function actingFor(principal: Principal, user: string): Principal {
  if (user === '') return principal
  if (!principal.scopes.includes('act_for')) {
    throw new CodedError('SCOPE_REQUIRED', 'This key may not act for users: leave `Credence-User` out or use a key with scope act_for.')
  }
  const name = foldUserName(user)
  if (name === undefined) throw new CodedError('USER_REQUIRED', '`Credence-User` must be `usr_…`, `id:<external id>` or `email:<address>`.')
  if (principal.userNames.length > 0 && !principal.userNames.includes(name))
    throw new CodedError('INVALID_REQUEST', 'The call and its head name two users: name one.')
  return { ...principal, userNames: [name] }
}

function macOf(key: Uint8Array, id: string, fields: CallerFields): Buffer {
  const { project, keyId, scopes, roles, state, expiresAt, generation } = fields
  const canonical = JSON.stringify([id, project, keyId, scopes, roles, state, expiresAt?.getTime() ?? null, generation])
  return createHmac('sha256', key).update(canonical).digest()
}
