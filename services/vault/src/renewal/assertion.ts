import { CodedError } from '@credence/errors'
import type { RecipeAssertion } from '@credence/provider/renewal'
import type { Clock, Random } from '@credence/service'
import { compactJws, isSymmetric, JWS_KEY_TYPES, jwsMac, jwsSignature } from '../credential/compact-jws.ts'
import { KEY_TEXTS, privateKeyOf, typeOf } from '../credential/private-key.ts'
import { filled, partsOf, type Values } from './fill.ts'
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
  const header = jsonBytes({ alg: assertion.alg, typ: 'JWT', ...(kid === undefined ? {} : { kid }) }, values)
  return compactJws({ header, payload: jsonBytes(claims, values) }, (input) => signatureOf(assertion, input, values)).token
}

function declared({ claims }: RecipeAssertion): Readonly<Record<string, Claim>> {
  return Object.fromEntries(claims.map(({ name, value }) => [name, value]))
}

function signatureOf({ alg, key: template }: RecipeAssertion, input: Uint8Array, values: Values): Buffer {
  const bytes = filled(template, values)
  try {
    if (isSymmetric(alg)) {
      if (bytes.byteLength === 0) throw refusedKey(fieldOf(template), 'It is empty.')
      return jwsMac(alg, bytes, input)
    }
    const [key, type] = [privateKeyOf(bytes), JWS_KEY_TYPES[alg]]
    if (key === undefined || typeOf(key) !== type) throw refusedKey(fieldOf(template), KEY_TEXTS[type])
    return jwsSignature(alg, key, input)
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw refusedKey(fieldOf(template), `Write a private key that signs with ${alg}.`)
  } finally {
    bytes.fill(0)
  }
}

function refusedKey(field: string, detail: string): CodedError {
  return new CodedError('FIELD_REFUSED', undefined, { faults: [{ pointer: `/fields/${field}`, code: 'not_a_key', detail }] })
}

function fieldOf(template: string): string {
  return partsOf(template).flatMap((part) => ('field' in part ? [part.field] : []))[0] ?? 'private_key'
}
