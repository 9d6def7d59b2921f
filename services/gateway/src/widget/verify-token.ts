import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { SigningKey } from '@credence/proto/signing'
import { callAs, servicePrincipal } from '@credence/rpc'
import type { Clock } from '@credence/service'
import type { Services } from '../services.ts'
import { WIDGET_AUDIENCE, type WidgetClaims } from './issue-token.ts'

/** The keys that widget tokens are signed with, as the vault publishes them. */
export interface KeyRing {
  /** The key with this id, if it is one of the project's. */
  keyOf(project: string, kid: string): Promise<KeyObject | undefined>
  /** Every project's. */
  all(): Promise<readonly SigningKey[]>
}

/** A key that is not published any more is forgotten after so long. */
const KEPT_MS = 60_000
const MOST_PROJECTS = 10_000

export function openKeyRing({ services, clock }: { readonly services: Pick<Services, 'vault'>; readonly clock: Clock }): KeyRing {
  const known = new Map<string, { readonly keys: ReadonlyMap<string, KeyObject>; readonly at: number }>()
  const asking = new Map<string, Promise<ReadonlyMap<string, KeyObject>>>()
  const ask = async (project: string): Promise<readonly SigningKey[]> =>
    (await services.vault.listSigningKeys({ purpose: 'widget' }, callAs(servicePrincipal('gateway', project)))).keys
  const read = async (project: string): Promise<ReadonlyMap<string, KeyObject>> => {
    const keys = new Map((await ask(project)).map((key) => [key.kid, keyObject(key)]))
    known.delete(project)
    known.set(project, { keys, at: clock.monotonicMs() })
    if (known.size > MOST_PROJECTS) known.delete(known.keys().next().value!)
    return keys
  }
  /** One question at a time for a project, however many ids somebody makes up. */
  const readOnce = (project: string): Promise<ReadonlyMap<string, KeyObject>> => {
    const going = asking.get(project) ?? read(project).finally(() => asking.delete(project))
    asking.set(project, going)
    return going
  }
  return {
    async keyOf(project, kid) {
      const held = known.get(project)
      if (held?.keys.has(kid) && clock.monotonicMs() - held.at < KEPT_MS) return held.keys.get(kid)
      const isFirst = !asking.has(project)
      const key = (await readOnce(project)).get(kid)
      // A question that was under way before the key was made could not know it.
      return key ?? (isFirst ? undefined : (await readOnce(project)).get(kid))
    },
    all: () => ask(''),
  }
}

/** The public key as a JWK (RFC 8037 §2). */
export function jwkOf({ kid, publicKey }: Pick<SigningKey, 'kid' | 'publicKey'>): Record<string, string> {
  return { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url'), use: 'sig', alg: 'EdDSA', kid }
}

function keyObject(key: SigningKey): KeyObject {
  return createPublicKey({ key: jwkOf(key), format: 'jwk' })
}

export interface VerifyParts {
  readonly ring: KeyRing
  readonly clock: Clock
  readonly publicUrl: string
}

const MAX_TOKEN = 16 * 1024
/** The vault that signed it may have another clock. */
const SKEW_S = 60

/**
 * The claims of a widget token that a vault of this installation signed, and whether its hour is over: what it says of its
 * origins holds even then. Throws UNAUTHENTICATED for everything else.
 */
export async function verifyWidgetToken(
  { ring, clock, publicUrl }: VerifyParts,
  token: string,
): Promise<{ readonly claims: WidgetClaims; readonly expired: boolean }> {
  const [header = '', payload = '', signature = '', ...rest] = token.length > MAX_TOKEN ? [] : token.split('.')
  const { alg, kid } = decode(header)
  const claims = decode(payload)
  if (alg !== 'EdDSA' || typeof kid !== 'string' || rest.length > 0 || !isOurs(claims, publicUrl)) throw refused()
  const key = await ring.keyOf(claims.project, kid)
  if (key === undefined || !verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))) throw refused()
  const nowS = clock.now() / 1000
  if (claims.iat > nowS + SKEW_S) throw refused()
  return { claims, expired: claims.exp <= nowS }
}

function isOurs(claims: Partial<WidgetClaims>, publicUrl: string): claims is WidgetClaims {
  const { iss, aud, project, iat, exp } = claims
  const timely = typeof iat === 'number' && typeof exp === 'number'
  return iss === publicUrl && aud === WIDGET_AUDIENCE && typeof project === 'string' && isId('proj', project) && timely
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Refused below, like everything that is no object.
  }
  throw refused()
}

function refused(): CodedError {
  return new CodedError('UNAUTHENTICATED', 'Ask the page for a new widget token.')
}
