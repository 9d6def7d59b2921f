import { constants, type KeyObject, sign as signBytes } from 'node:crypto'
import { CodedError } from '@credence/errors'
import type { DigestName, MessageAlgorithm, SignHttpMessage } from '@credence/provider/sign'
import { secretConcat } from '@credence/secret'
import { encodeBytes } from '../encode-bytes.ts'
import type { KeyType } from '../private-key.ts'
import { digestOf, hmac } from './hmac.ts'
import { privateKey, symmetricKey } from './key-bytes.ts'
import { renderTemplate, type SignContext } from './render-template.ts'
import type { RequestDraft } from './request-draft.ts'

/** Signs as RFC 9421 says: `Content-Digest` (RFC 9530) where it is covered, then `Signature-Input` and `Signature`. */
export function signHttpMessage(sign: SignHttpMessage, context: SignContext): void {
  const { draft } = context
  const signature = (base: Buffer): Buffer => {
    if (sign.alg === 'hmac-sha256') return hmac('sha256', symmetricKey(sign.key, context), [base])
    return signMessage(sign.alg, privateKey(sign.key, KEY_TYPES[sign.alg], context), base)
  }
  const components = sign.components ?? defaultComponents(draft)
  if (components.includes('content-digest')) draft.setHeader('Content-Digest', contentDigest(sign.contentDigest, draft.body))
  const created = Math.floor(context.timeMs / 1000)
  const parameters = signatureParameters(
    components,
    {
      created,
      ...(sign.expiresSeconds === undefined ? {} : { expires: created + sign.expiresSeconds }),
      ...(sign.keyid === undefined ? {} : { keyid: renderTemplate(sign.keyid, context) }),
      ...(sign.nonce ? { nonce: Buffer.from(context.nonce) } : {}),
      ...(sign.algParameter ? { alg: Buffer.from(sign.alg) } : {}),
      ...(sign.tag === undefined ? {} : { tag: Buffer.from(sign.tag) }),
    },
    draft,
  )
  attach(draft, { label: sign.label, parameters, signature: signature(signatureBase(draft, components, parameters)) })
}

/** Everything but the headers, which intermediaries may change; the digest where there is a body. */
function defaultComponents({ body }: RequestDraft): readonly string[] {
  return ['@method', '@authority', '@path', '@query', ...(body === undefined ? [] : ['content-digest'])]
}

/** Puts a finished signature on the request. */
export function attach(
  draft: RequestDraft,
  made: { readonly label: string; readonly parameters: Buffer; readonly signature: Buffer },
): void {
  const encoded = draft.scratch(encodeBytes(draft.scratch(made.signature), 'base64'))
  draft.needle(encoded)
  draft.setHeader('Signature-Input', secretConcat([Buffer.from(`${made.label}=`), made.parameters]))
  draft.setHeader('Signature', secretConcat([Buffer.from(`${made.label}=:`), encoded, Buffer.from(':')]))
}

/** RFC 9530 §2, of the bytes as they go out; a request without a body has the digest of nothing. */
export function contentDigest(name: DigestName, body: Uint8Array | undefined): Buffer {
  const digest = digestOf(name === 'sha-256' ? 'sha256' : 'sha512', body ?? Buffer.alloc(0))
  return secretConcat([Buffer.from(`${name}=:`), encodeBytes(digest, 'base64'), Buffer.from(':')])
}

export interface Parameters {
  readonly created: number
  readonly expires?: number
  readonly keyid?: Buffer
  readonly nonce?: Buffer
  readonly alg?: Buffer
  readonly tag?: Buffer
}

/** RFC 9421 §2.3: the covered components with the parameters, as they stand in `Signature-Input`. */
export function signatureParameters(components: readonly string[], parameters: Parameters, draft: RequestDraft): Buffer {
  const list = Buffer.from(`(${components.map((name) => `"${name}"`).join(' ')})`)
  const { created, expires, keyid, nonce, alg, tag } = parameters
  const numbers = [`;created=${created}`, ...(expires === undefined ? [] : [`;expires=${expires}`])].map((text) => Buffer.from(text))
  const texts = Object.entries({ keyid, nonce, alg, tag }).flatMap(([name, value]) =>
    value === undefined ? [] : [Buffer.from(`;${name}=`), structuredString(value, draft)],
  )
  return draft.scratch(secretConcat([list, ...numbers, ...texts]))
}

/** RFC 9651 §3.3.3: printable ASCII in quotes. */
function structuredString(value: Uint8Array, draft: RequestDraft): Buffer {
  const pieces: Buffer[] = []
  for (const byte of value) {
    if (byte < 0x20 || byte > 0x7e) throw new CodedError('FIELD_REFUSED', 'What names the key or the signature is not plain ASCII.')
    if (byte === 0x22 || byte === 0x5c) pieces.push(Buffer.from('\\'))
    pieces.push(draft.scratch(Buffer.from([byte])))
  }
  return draft.scratch(secretConcat([Buffer.from('"'), ...pieces, Buffer.from('"')]))
}

/** RFC 9421 §2.5. Throws INVALID_REQUEST when the request lacks a header that the signature covers. */
export function signatureBase(draft: RequestDraft, components: readonly string[], parameters: Buffer): Buffer {
  const lines = components.flatMap((name) => [Buffer.from(`"${name}": `), componentValue(draft, name), Buffer.from('\n')])
  return draft.scratch(secretConcat([...lines, Buffer.from('"@signature-params": '), parameters]))
}

/** RFC 9421 §2.1 and §2.2. */
function componentValue(draft: RequestDraft, name: string): Uint8Array {
  switch (name) {
    case '@method':
      return Buffer.from(draft.method)
    case '@authority':
      return Buffer.from(draft.host)
    case '@scheme':
      return Buffer.from(draft.scheme)
    case '@path':
      return Buffer.from(draft.path)
    case '@query':
      return draft.scratch(secretConcat([Buffer.from('?'), draft.query()]))
    case '@request-target':
      return draft.target()
    case '@target-uri':
      return draft.scratch(secretConcat([Buffer.from(`${draft.scheme}://${draft.host}`), draft.target()]))
  }
  const value = draft.header(name)
  if (value === undefined) throw new CodedError('INVALID_REQUEST', `The signature covers the header \`${name}\`: send it.`)
  return value
}

type PrivateAlgorithm = Exclude<MessageAlgorithm, 'hmac-sha256'>

export const KEY_TYPES: Readonly<Record<PrivateAlgorithm, KeyType>> = {
  ed25519: 'ed25519',
  'rsa-pss-sha512': 'rsa',
  'rsa-v1_5-sha256': 'rsa',
  'ecdsa-p256-sha256': 'p256',
}

/** RFC 9421 §3.3. */
export function signMessage(alg: PrivateAlgorithm, key: KeyObject, base: Uint8Array): Buffer {
  switch (alg) {
    case 'ed25519':
      return signBytes(null, base, key)
    case 'rsa-pss-sha512':
      return signBytes('sha512', base, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 })
    case 'rsa-v1_5-sha256':
      return signBytes('sha256', base, { key, padding: constants.RSA_PKCS1_PADDING })
    case 'ecdsa-p256-sha256':
      return signBytes('sha256', base, { key, dsaEncoding: 'ieee-p1363' })
  }
}
