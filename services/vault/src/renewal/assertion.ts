import { constants, createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { CodedError } from '@credence/errors'
import type { RecipeAssertion } from '@credence/provider/renewal'
import { secretConcat } from '@credence/secret'
import type { Clock, Random } from '@credence/service'
import { filled, partsOf, type Values } from './fill.ts'
import { base64Url, privateKeyDer } from './pem.ts'
import { jsonBytes } from './step-request.ts'

/** A claim as the token has it: a template, or a value as it is. */
export type Claim = string | number | boolean

export interface Signing {
  readonly values: Values
  readonly clock: Clock
  readonly random: Random
  /** Where the recipe names none. */
  readonly audience?: string
  /** In place of those of the recipe: a client that proves itself is issuer and subject at once (RFC 7523 §3). */
  readonly claims?: Readonly<Record<string, Claim>>
}

/** Server clocks that are a little behind must not refuse a token for being of the future. */
const BACKDATED_S = 30

/** A JSON Web Token (RFC 7519) signed with a field, as bytes for the caller to wipe. Throws FIELD_REFUSED for a key that is none. */
export function signedAssertion(assertion: RecipeAssertion, signing: Signing): Buffer {
  const { values, clock, random } = signing
  const now = Math.floor(clock.now() / 1000)
  const { issuer: iss, subject: sub, audience = signing.audience, keyId: kid } = assertion
  const own = signing.claims ?? { ...(iss === undefined ? {} : { iss }), ...(sub === undefined ? {} : { sub }), ...declared(assertion) }
  const claims = {
    ...(audience === undefined ? {} : { aud: audience }),
    ...own,
    iat: now - BACKDATED_S,
    exp: now + assertion.lifetimeS,
    jti: Buffer.from(random.bytes(16)).toString('base64url'),
  }
  const head = base64Url(jsonBytes({ alg: assertion.alg, typ: 'JWT', ...(kid === undefined ? {} : { kid }) }, values))
  const body = base64Url(jsonBytes(claims, values))
  const input = secretConcat([head, Buffer.from('.'), body])
  body.fill(0)
  try {
    return secretConcat([input, Buffer.from('.'), base64Url(signatureOf(assertion, input, values))])
  } finally {
    input.fill(0)
  }
}

function declared({ claims }: RecipeAssertion): Readonly<Record<string, Claim>> {
  return Object.fromEntries(claims.map(({ name, value }) => [name, value]))
}

function signatureOf({ alg, key }: RecipeAssertion, input: Uint8Array, values: Values): Buffer {
  const bytes = filled(key, values)
  try {
    if (alg.startsWith('HS')) return createHmac(hashOf(alg), bytes).update(input).digest()
    return sign(alg === 'EdDSA' ? null : hashOf(alg), input, keyFor(alg, privateKeyOf(bytes, fieldOf(key))))
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw refusedKey(fieldOf(key), `Paste a private key that fits ${alg}.`)
  } finally {
    bytes.fill(0)
  }
}

function hashOf(alg: string): string {
  return `sha${alg.slice(2)}`
}

function keyFor(alg: string, key: KeyObject): Parameters<typeof sign>[2] {
  // RFC 7518 §3.4 and §3.5.
  if (alg.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' }
  return alg.startsWith('PS') ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : key
}

function privateKeyOf(bytes: Uint8Array, field: string): KeyObject {
  const found = privateKeyDer(bytes)
  if (found === undefined) throw refusedKey(field, 'Paste the whole private key, from `-----BEGIN` to `-----END … PRIVATE KEY-----`.')
  try {
    return createPrivateKey({ key: found.der, format: 'der', type: found.type })
  } catch {
    throw refusedKey(field, 'Paste a private key in PEM that has no password.')
  } finally {
    found.der.fill(0)
  }
}

function refusedKey(field: string, detail: string): CodedError {
  return new CodedError('FIELD_REFUSED', undefined, { faults: [{ pointer: `/fields/${field}`, code: 'not_a_key', detail }] })
}

function fieldOf(template: string): string {
  return partsOf(template).flatMap((part) => ('field' in part ? [part.field] : []))[0] ?? 'private_key'
}
