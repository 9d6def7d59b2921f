import { createHmac } from 'node:crypto'
import { newId } from '@credence/credential'
import { CodedError, type Fault, isCoded } from '@credence/errors'
import { type Recipe, splitFields } from '@credence/provider'
import { keyFields } from '@credence/provider/renewal'
import type { Principal } from '@credence/rpc'
import type { Collection, CollectionSpec, Doc, Stored } from '@credence/store'
import { firstExchange } from '../renewal/first-exchange.ts'
import type { NativeFacts } from '../thirdparty/native.ts'
import { candidateBinding } from './binding.ts'
import type { Candidate, Child, TokenTimes } from './child.ts'
import { change } from './record-change.ts'
import { packFields } from './secret-fields.ts'
import { keyFaults, privateKeyFields } from './sign/key-faults.ts'
import type { VaultContext } from './vault-context.ts'

export interface SealOrder {
  readonly credentialId: string
  readonly recipeId: string
  readonly plain: Readonly<Record<string, string>>
  /** Wiped here, whatever happens. */
  readonly secret: ReadonlyMap<string, Buffer>
  readonly expiresAt?: Date
  readonly until?: Date
  readonly requestId: string
  /** The capability that it is granted to; absent or empty: none. */
  readonly capability?: string
}

/** Remembers a request id for 24 h with a digest of what was asked, keyed because it covers secrets. */
export interface RequestDoc extends Doc {
  readonly digest: string
  readonly candidateId: string
  readonly at: Date
  /** The candidate was written: a repeated request must not put it back over a later one. */
  readonly sealed?: boolean
}

export const REQUEST_COLLECTION: CollectionSpec = { name: 'vault_requests', indexes: [{ name: 'by_time', members: ['at'] }] }

const CANDIDATE_LIFE_MS = 30 * 60_000
const MOST_VALUE_BYTES = 16 * 1024

/** Seals what a person or a backend entered, as a candidate; an empty value is no value. Answers the candidate's id. */
export async function seal(
  vault: VaultContext & { readonly requests: Collection<RequestDoc> },
  principal: Principal,
  order: SealOrder,
): Promise<string> {
  try {
    const recipe = await vault.recipes.get(order.recipeId)
    if (recipe.oauth !== undefined) throw new CodedError('INVALID_REQUEST', 'This auth pattern signs in at the provider: begin a grant.')
    checkValues(recipe, order)
    const claim = await claimRequest(vault, principal, order)
    if (claim?.sealed === true) return claim.candidateId
    const candidateId = claim?.candidateId ?? newId('cand', (count) => vault.random.bytes(count))
    const secret = new Map([...order.secret].filter(([, value]) => value.byteLength > 0))
    await exchangeAndSeal(vault, principal, { ...order, secret, recipe, candidateId })
    if (claim !== undefined) await markSealed(vault, claim)
    return candidateId
  } finally {
    for (const value of order.secret.values()) value.fill(0)
  }
}

/** What is only exchanged for an access is exchanged once now: values that obtain nothing are not stored. */
async function exchangeAndSeal(vault: VaultContext, principal: Principal, order: CandidateOrder): Promise<void> {
  if (order.recipe.renewal === undefined) return sealCandidate(vault, principal, order)
  await refuseDisabled(vault, principal, order.credentialId)
  const first = await firstExchange(vault, principal, { ...order, renewal: order.recipe.renewal })
  try {
    const { expiresAt: _ofTheFields, ...rest } = order
    const secret = new Map([...order.secret, ...first.obtained])
    await sealCandidate(vault, principal, { ...rest, secret, token: first.token })
  } finally {
    for (const value of first.obtained.values()) value.fill(0)
  }
}

/** Before anything is sent; the write looks again. */
async function refuseDisabled(vault: VaultContext, principal: Principal, credentialId: string): Promise<void> {
  const child = await vault.children.read(credentialId)
  if (child === undefined) return
  if (child.project !== principal.project || child.deleted !== undefined) throw new CodedError('NOT_FOUND')
  if (child.access?.state === 'disabled') throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId })
}

export interface CandidateOrder {
  readonly credentialId: string
  readonly candidateId: string
  readonly recipeId: string
  readonly recipe: Recipe
  readonly plain: Readonly<Record<string, string>>
  readonly secret: ReadonlyMap<string, Buffer>
  readonly expiresAt?: Date
  readonly until?: Date
  readonly token?: TokenTimes
  /** The capability that it is granted to; absent or empty: none. */
  readonly capability?: string
  readonly native?: NativeFacts
}

/** Writes the candidate into the child, making the child when there is none; a former candidate is dropped. */
export async function sealCandidate(vault: VaultContext, principal: Principal, order: CandidateOrder): Promise<void> {
  await vault.keys.holding(() => sealAndPut(vault, principal, order))
  await change(vault, principal, { action: 'seal', credential: order.credentialId })
}

async function sealAndPut(vault: VaultContext, principal: Principal, order: CandidateOrder): Promise<void> {
  const { credentialId, candidateId, recipe, plain } = order
  const owner = { id: credentialId, project: principal.project }
  const binding = candidateBinding(owner, { id: candidateId, recipe: order.recipeId, plain }, recipe)
  const { sealed, dataKey } = await vault.envelope.seal(packFields(order.secret), binding)
  dataKey[Symbol.dispose]()
  const candidate: Candidate = {
    id: candidateId,
    sealed,
    recipe: order.recipeId,
    plain,
    until: order.until ?? new Date(vault.clock.now() + CANDIDATE_LIFE_MS),
    ...(order.token === undefined ? {} : { token: order.token }),
    ...(order.expiresAt === undefined ? {} : { expiresAt: order.expiresAt }),
    ...(order.capability === undefined || order.capability === '' ? {} : { capability: order.capability }),
    ...(order.native === undefined ? {} : { native: order.native }),
  }
  await putCandidate(vault, { ...owner, family: recipe.family, recipe: order.recipeId, plain }, candidate)
}

async function putCandidate(
  vault: VaultContext,
  owner: Pick<Child, 'id' | 'project' | 'family' | 'recipe' | 'plain'>,
  candidate: Candidate,
): Promise<void> {
  if ((await vault.children.read(owner.id)) === undefined) {
    try {
      await vault.children.insert({ ...owner, v: 1, version: 0, candidate, outbox: [], factSeq: 0 })
      return
    } catch (error) {
      if (!isCoded(error, 'ALREADY_EXISTS')) throw error
    }
  }
  await vault.children.change(owner.id, (child) => {
    if (child.project !== owner.project) throw new CodedError('NOT_FOUND')
    if (child.access?.state === 'disabled') throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId: child.id })
    return { ...child, candidate }
  })
}

/** Throws FIELD_REFUSED with every fault at once. */
export function checkValues(recipe: Recipe, order: Pick<SealOrder, 'plain' | 'secret'>): void {
  const values = new Map<string, Uint8Array>([...Object.entries(order.plain).map(([name, text]) => [name, Buffer.from(text)] as const)])
  const found: Fault[] = [...plainFaults(recipe, order.plain)]
  for (const [name, value] of order.secret) values.set(name, value)
  const given = [...values].filter(([, value]) => value.byteLength > 0).map(([name]) => name)
  // A field that is there and empty is as good as missing, and an unknown one is refused even when it is empty.
  const unknown = splitFields(recipe, [...values.keys()]).faults.filter(({ code }) => code === 'UNKNOWN_MEMBER')
  found.push(...unknown, ...splitFields(recipe, given).faults.filter(({ code }) => code !== 'UNKNOWN_MEMBER'))
  for (const name of splitFields(recipe, [...order.secret.keys()]).plain)
    found.push(fault(name, 'is_plain', 'This field is not secret: send it among the plain fields.'))
  found.push(...valueFaults(recipe, values), ...keyFaults(recipe.sign, values))
  if (found.length > 0) throw new CodedError('FIELD_REFUSED', undefined, { faults: found })
}

/** Values that cannot stand in a request as they are. */
export function valueFaults(recipe: Recipe, values: Iterable<readonly [string, Uint8Array]>): Fault[] {
  const found: Fault[] = []
  const cookies = cookieFields(recipe)
  const inLines = new Set([...privateKeyFields(recipe.sign), ...keyFields(recipe)])
  for (const [name, value] of values) {
    if (value.some((byte) => (byte < 0x20 && !(inLines.has(name) && LINE_ENDS.includes(byte))) || byte === 0x7f))
      found.push(fault(name, 'control_character', 'Remove line breaks and control characters.'))
    else if (cookies.has(name) && value.some((byte) => !COOKIE_OCTET.test(String.fromCharCode(byte))))
      found.push(
        fault(name, 'not_in_cookie', 'Write it without spaces, quotes, commas, semicolons and backslashes: it is sent as a cookie.'),
      )
    if (value.byteLength > MOST_VALUE_BYTES) found.push(fault(name, 'too_long', 'At most 16 KiB.'))
  }
  return found
}

/** Tab, line feed and carriage return: a private key is written in lines, and is never sent. */
const LINE_ENDS: readonly number[] = [0x09, 0x0a, 0x0d]

/** RFC 6265 §4.1.1 `cookie-octet`: a semicolon would begin a cookie of the user's own making. */
const COOKIE_OCTET = /[!#-+\--:<-[\]-~]/

/** The fields whose values stand in a cookie as they are. */
function cookieFields(recipe: Recipe): ReadonlySet<string> {
  const segments = recipe.placements.filter((placement) => placement.in === 'cookie').flatMap((placement) => placement.value)
  return new Set(segments.flatMap((segment) => ('field' in segment ? [segment.field] : [])))
}

/** Secret fields among the plain ones, which would be kept readable. */
export function plainFaults(recipe: Recipe, plain: Readonly<Record<string, string>>): Fault[] {
  const { secret } = splitFields(recipe, Object.keys(plain))
  return secret.map((name) => fault(name, 'is_secret', 'This field is secret: send it among the secret fields.'))
}

function fault(name: string, code: string, detail: string): Fault {
  return { pointer: `/fields/${name}`, code, detail }
}

async function claimRequest(
  vault: VaultContext & { readonly requests: Collection<RequestDoc> },
  principal: Principal,
  order: SealOrder,
): Promise<Stored<RequestDoc> | undefined> {
  if (order.requestId === '') return undefined
  const id = createHmac('sha256', vault.digestKey)
    .update(JSON.stringify([principal.project, order.requestId]))
    .digest('hex')
  const hmac = createHmac('sha256', vault.digestKey).update(
    JSON.stringify([order.credentialId, order.recipeId, Object.entries(order.plain).sort(), order.expiresAt?.getTime() ?? null]),
  )
  for (const [name, value] of [...order.secret].sort(([a], [b]) => (a < b ? -1 : 1)))
    hmac.update(`|${name}|${value.byteLength}|`).update(value)
  const digest = hmac.digest('hex')
  const candidateId = newId('cand', (count) => vault.random.bytes(count))
  try {
    return await vault.requests.insert({ id, v: 1, digest, candidateId, at: new Date(vault.clock.now()) })
  } catch (error) {
    if (!isCoded(error, 'ALREADY_EXISTS')) throw error
  }
  const claimed = await vault.requests.get(id, { fresh: true })
  if (claimed === undefined || claimed.digest !== digest) throw new CodedError('IDEMPOTENCY_CONFLICT')
  return claimed
}

async function markSealed(vault: { readonly requests: Collection<RequestDoc> }, claim: Stored<RequestDoc>): Promise<void> {
  const { rev, ...doc } = claim
  // The same request in parallel marks it too.
  await vault.requests.replace({ ...doc, sealed: true }, rev).catch((error: unknown) => {
    if (!isCoded(error, 'CONFLICT')) throw error
  })
}
