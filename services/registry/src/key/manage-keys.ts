import { ROLE_SCOPES, type Role, SCOPES, type Scope } from '@credence/credential'
import { CodedError, type Fault } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { change } from '../documents/change.ts'
import { freshId } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { type KeyDoc, newKeySecret, withSecrets } from './key.ts'
import { pushKey } from './push-key.ts'

/** A key and, where one was made, the text of its secret: the only time that it is seen. */
export interface KeyWithSecret {
  readonly key: KeyDoc
  readonly secret: string
}

const DEFAULT_OVERLAP_S = 24 * 3600
const MAX_OVERLAP_S = 30 * 24 * 3600
const MAX_LABEL = 200

/**
 * A new key. Nobody hands out more than he has: its scopes, and those of its role, must be the actor's own
 * (SCOPE_REQUIRED). The vault knows it before this answers; where it cannot be told, the key is revoked and the secret lost.
 */
export async function createKey(
  registry: Registry,
  actor: Actor,
  wanted: { readonly label: string; readonly scopes: readonly string[]; readonly role: string; readonly expiresAt?: Date | undefined },
): Promise<KeyWithSecret> {
  needScope(actor, 'keys')
  const now = registry.now()
  const faults = keyFaults(wanted, now)
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
  const role = (wanted.role === '' ? 'member' : wanted.role) as Role
  const scopes = wanted.scopes.length === 0 ? ROLE_SCOPES[role] : ([...new Set(wanted.scopes)] as Scope[])
  for (const scope of new Set([...scopes, ...(wanted.role === '' ? [] : ROLE_SCOPES[role])])) needScope(actor, scope)
  const { text, sha256 } = newKeySecret(registry.random)
  const blank: KeyDoc = {
    id: freshId(registry, 'key'),
    v: 1,
    project: actor.project,
    label: wanted.label,
    scopes,
    role,
    createdAt: now,
    expiresAt: wanted.expiresAt,
    state: 'active',
    secrets: [],
    hashes: [],
    generation: 0,
  }
  const key = await registry.docs.keys.insert(withSecrets(blank, [{ sha256 }], now))
  try {
    await pushKey(registry, key)
  } catch (error) {
    // Its secret never reaches anybody, so it must not stay good.
    await change<KeyDoc>(registry.docs.keys, key.id, (doc) => ({ ...withSecrets(doc, doc.secrets, now), state: 'revoked' }))
    throw error
  }
  return { key, secret: text }
}

/** A new secret; the former one counts for the overlap (seconds; 0: 24 h; at most 30 days). CONFLICT for a revoked key. */
export async function rotateKey(registry: Registry, actor: Actor, keyId: string, overlapS: number): Promise<KeyWithSecret> {
  needScope(actor, 'keys')
  if (overlapS > MAX_OVERLAP_S) {
    const fault = { pointer: '/overlap_s', code: 'INVALID_VALUE', detail: 'Give at most 30 days, in seconds.' }
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
  }
  const present = await ownKey(registry, actor, keyId)
  needHeldScopes(actor, present)
  const now = registry.now()
  const until = new Date(now.getTime() + (overlapS === 0 ? DEFAULT_OVERLAP_S : overlapS) * 1000)
  const { text, sha256 } = newKeySecret(registry.random)
  const key = await change(registry.docs.keys, keyId, (doc) => {
    if (doc.state === 'revoked') throw new CodedError('CONFLICT', 'The key is revoked; create a new one.')
    const counting = doc.secrets.filter((secret) => secret.until === undefined || secret.until > now)
    const former = counting.map((secret) => ({
      ...secret,
      until: secret.until !== undefined && secret.until < until ? secret.until : until,
    }))
    return withSecrets(doc, [...former, { sha256 }], now)
  })
  if (key === undefined) throw notFound()
  await pushKey(registry, key)
  return { key, secret: text }
}

/** Idempotent. When it answers, the vault refuses every secret of the key. */
export async function revokeKey(registry: Registry, actor: Actor, keyId: string): Promise<void> {
  needScope(actor, 'keys')
  await ownKey(registry, actor, keyId)
  const now = registry.now()
  const key = await change<KeyDoc>(registry.docs.keys, keyId, (doc) =>
    doc.state === 'revoked' ? undefined : { ...withSecrets(doc, doc.secrets, now), state: 'revoked' },
  )
  if (key?.pendingSince !== undefined) await pushKey(registry, key)
}

async function ownKey(registry: Registry, actor: Actor, keyId: string): Promise<Stored<KeyDoc>> {
  const key = await registry.docs.keys.get(keyId === '' ? '-' : keyId, { fresh: true })
  if (key === undefined || key.project !== actor.project) throw notFound()
  return key
}

/** A rotation hands out the key anew, so it takes what creating it would. */
function needHeldScopes(actor: Actor, key: KeyDoc): void {
  for (const scope of SCOPES) if (key.scopes.includes(scope)) needScope(actor, scope)
}

function notFound(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such key in this project.')
}

function keyFaults(wanted: { label: string; scopes: readonly string[]; role: string; expiresAt?: Date | undefined }, now: Date): Fault[] {
  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string): void => {
    faults.push({ pointer, code: 'INVALID_VALUE', detail })
  }
  if (wanted.label.length > MAX_LABEL) refuse('/label', `Use at most ${MAX_LABEL} characters.`)
  wanted.scopes.forEach((scope, i) => {
    if (!SCOPES.some((known) => known === scope)) refuse(`/scopes/${i}`, `Write one of ${SCOPES.join(', ')}.`)
  })
  if (wanted.role !== '' && !Object.hasOwn(ROLE_SCOPES, wanted.role))
    refuse('/role', `Write one of ${Object.keys(ROLE_SCOPES).join(', ')}.`)
  if (wanted.expiresAt !== undefined && wanted.expiresAt <= now) refuse('/expires_at', 'Write a time that is still to come.')
  return faults
}
