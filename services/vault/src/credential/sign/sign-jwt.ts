import { isItems, type SignClaim, type SignJwt, type SignTemplate } from '@credence/provider/sign'
import { secretConcat } from '@credence/secret'
import { compactJws, isSymmetric, JWS_KEY_TYPES, jwsMac, jwsSignature } from '../compact-jws.ts'
import { jsonEscaped } from '../escape.ts'
import { privateKey, symmetricKey } from './key-bytes.ts'
import { renderTemplate, type SignContext } from './render-template.ts'
import { placeHeaders } from './sign-hmac.ts'

const QUOTE = Buffer.from('"')

/** A JWT (RFC 7519) in the compact form of RFC 7515 §3.1, made for this one request. */
export function signJwt(sign: SignJwt, context: SignContext): void {
  const { draft } = context
  const issuedAt = Math.floor(context.timeMs / 1000) - sign.backdateSeconds
  const header = { typ: [{ literal: 'JWT' }], ...sign.header, alg: [{ literal: sign.alg }] }
  const times = { iat: issuedAt, exp: issuedAt + sign.lifetimeSeconds, ...(sign.jti ? { jti: [{ literal: context.nonce }] } : {}) }
  const parts = { header: object(header, context), payload: object({ ...sign.claims, ...times }, context) }
  const { token, signature } = compactJws(parts, (input) => signatureOf(sign, input, context))
  const made = draft.scratch(token)
  draft.needle(made)
  draft.needle(signature)
  placeHeaders(sign.headers, { ...context, made })
}

function signatureOf({ alg, key }: SignJwt, input: Buffer, context: SignContext): Buffer {
  if (isSymmetric(alg)) return jwsMac(alg, symmetricKey(key, context), input)
  return jwsSignature(alg, privateKey(key, JWS_KEY_TYPES[alg], context), input)
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

function text(template: SignTemplate, context: SignContext): Buffer {
  const escaped = context.draft.scratch(jsonEscaped(renderTemplate(template, context)))
  return context.draft.scratch(secretConcat([QUOTE, escaped, QUOTE]))
}
