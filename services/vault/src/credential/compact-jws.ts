import { constants, type KeyObject, sign } from 'node:crypto'
import type { RecipeAssertion } from '@credence/provider/renewal'
import { secretConcat } from '@credence/secret'
import { encodeBytes } from './encode-bytes.ts'
import type { KeyType } from './private-key.ts'
import { hmac } from './sign/hmac.ts'

/** RFC 7518 §3.1, RFC 8037 §3.1. */
export type JwsAlg = RecipeAssertion['alg']
export type SymmetricAlg = Extract<JwsAlg, `HS${string}`>
export type PrivateAlg = Exclude<JwsAlg, SymmetricAlg>

/** RFC 7518 §3.4 and §3.5 bind a curve to its hash. */
export const JWS_KEY_TYPES: Readonly<Record<PrivateAlg, KeyType>> = {
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  PS256: 'rsa',
  PS384: 'rsa',
  PS512: 'rsa',
  ES256: 'p256',
  ES384: 'p384',
  ES512: 'p521',
  EdDSA: 'ed25519',
}

const HASHES = { 256: 'sha256', 384: 'sha384', 512: 'sha512' } as const
const DOT = Buffer.from('.')

export function isSymmetric(alg: JwsAlg): alg is SymmetricAlg {
  return alg.startsWith('HS')
}

/** The MAC of an HS algorithm, under a key that the caller wipes. */
export function jwsMac(alg: SymmetricAlg, key: Uint8Array, input: Uint8Array): Buffer {
  return hmac(hashOf(alg), key, [input])
}

/** Throws what the library throws for a key that does not fit. */
export function jwsSignature(alg: PrivateAlg, key: KeyObject, input: Uint8Array): Buffer {
  if (alg === 'EdDSA') return sign(null, input, key)
  if (alg.startsWith('ES')) return sign(hashOf(alg), input, { key, dsaEncoding: 'ieee-p1363' })
  const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = constants
  const padding = alg.startsWith('PS')
    ? { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST }
    : { padding: RSA_PKCS1_PADDING }
  return sign(hashOf(alg), input, { key, ...padding })
}

function hashOf(alg: Exclude<JwsAlg, 'EdDSA'>): (typeof HASHES)[keyof typeof HASHES] {
  return HASHES[alg.slice(2) as '256' | '384' | '512']
}

/**
 * A signed JSON text in the compact form of RFC 7515 §3.1, for the caller to wipe, with its signature as a view of it. All that
 * is made on the way is wiped, also what is given.
 */
export function compactJws(
  parts: { readonly header: Buffer; readonly payload: Buffer },
  signatureOf: (input: Buffer) => Buffer,
): { readonly token: Buffer; readonly signature: Buffer } {
  const made = [parts.header, parts.payload]
  const encoded = (bytes: Buffer): Buffer => {
    const text = encodeBytes(bytes, 'base64url')
    made.push(bytes, text)
    return text
  }
  try {
    const input = secretConcat([encoded(parts.header), DOT, encoded(parts.payload)])
    made.push(input)
    const signature = encoded(signatureOf(input))
    const token = secretConcat([input, DOT, signature])
    return { token, signature: token.subarray(input.byteLength + DOT.byteLength) }
  } finally {
    for (const bytes of made) bytes.fill(0)
  }
}
