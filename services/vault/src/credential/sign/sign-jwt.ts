import { constants, sign as signBytes } from 'node:crypto'
import { isItems, type JwtAlgorithm, type SignClaim, type SignJwt, type SignTemplate } from '@credence/provider/sign'
import { secretConcat } from '@credence/secret'
import { encodeBytes } from '../encode-bytes.ts'
import { hmac } from './hmac.ts'
import { type KeyType, privateKey, symmetricKey } from './key-bytes.ts'
import { renderTemplate, type SignContext } from './render-template.ts'
import { placeHeaders } from './sign-hmac.ts'

const DOT = Buffer.from('.')

/** A JWT (RFC 7519) in the compact form of RFC 7515 §3.1, made for this one request. */
export function signJwt(sign: SignJwt, context: SignContext): void {
  const { draft } = context
  const issuedAt = Math.floor(context.timeMs / 1000) - sign.backdateSeconds
  const header = { typ: [{ literal: 'JWT' }], ...sign.header, alg: [{ literal: sign.alg }] }
  const times = { iat: issuedAt, exp: issuedAt + sign.lifetimeSeconds, ...(sign.jti ? { jti: [{ literal: context.nonce }] } : {}) }
  const parts = [header, { ...sign.claims, ...times }].map((members) => encoded(object(members, context), context))
  const input = draft.scratch(secretConcat([parts[0]!, DOT, parts[1]!]))
  const signature = encoded(draft.scratch(signatureOf(sign, input, context)), context)
  const made = draft.scratch(secretConcat([input, DOT, signature]))
  draft.needle(made)
  draft.needle(signature)
  placeHeaders(sign.headers, { ...context, made })
}

/** RFC 7518 §3, RFC 8037 §3.1. */
export const KEY_TYPES: Readonly<Record<Exclude<JwtAlgorithm, 'HS256'>, KeyType>> = { RS256: 'rsa', ES256: 'p256', EdDSA: 'ed25519' }

function signatureOf({ alg, key }: SignJwt, input: Buffer, context: SignContext): Buffer {
  if (alg === 'HS256') return hmac('sha256', symmetricKey(key, context), [input])
  const secret = privateKey(key, KEY_TYPES[alg], context)
  if (alg === 'EdDSA') return signBytes(null, input, secret)
  if (alg === 'ES256') return signBytes('sha256', input, { key: secret, dsaEncoding: 'ieee-p1363' })
  return signBytes('sha256', input, { key: secret, padding: constants.RSA_PKCS1_PADDING })
}

/** JSON in bytes: values come from sealed fields, and `JSON.stringify` would leave them in strings. */
function object(members: Readonly<Record<string, SignClaim>>, context: SignContext): Buffer {
  const pairs = Object.entries(members).flatMap(([name, value], i) => [
    Buffer.from(`${i === 0 ? '' : ','}${JSON.stringify(name)}:`),
    claim(value, context),
  ])
  return context.draft.scratch(secretConcat([Buffer.from('{'), ...pairs, Buffer.from('}')]))
}

function claim(value: SignClaim, context: SignContext): Buffer {
  if (typeof value !== 'object') return Buffer.from(JSON.stringify(value))
  if (!isItems(value)) return text(value, context)
  const items = value.flatMap(({ item }, i) => (i === 0 ? [text(item, context)] : [Buffer.from(','), text(item, context)]))
  return context.draft.scratch(secretConcat([Buffer.from('['), ...items, Buffer.from(']')]))
}

/** RFC 8259 §7. */
function text(template: SignTemplate, context: SignContext): Buffer {
  const bytes = renderTemplate(template, context)
  const quoted: Uint8Array[] = [Buffer.from('"')]
  let from = 0
  for (let i = 0; i <= bytes.byteLength; i++) {
    const byte = bytes[i]
    if (byte !== undefined && byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) continue
    quoted.push(bytes.subarray(from, i))
    if (byte !== undefined)
      quoted.push(Buffer.from(byte < 0x20 ? `\\u${byte.toString(16).padStart(4, '0')}` : `\\${String.fromCharCode(byte)}`))
    from = i + 1
  }
  quoted.push(Buffer.from('"'))
  return context.draft.scratch(secretConcat(quoted))
}

function encoded(bytes: Buffer, { draft }: SignContext): Buffer {
  return draft.scratch(encodeBytes(bytes, 'base64url'))
}
