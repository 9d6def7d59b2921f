import type { ByteEncoding, HashName } from '../byte-forms.ts'
import type { DigestName, JwtAlgorithm, KeyEncoding, MessageAlgorithm } from './payload-sign.ts'
import type { SignPart } from './sign-template.ts'

/** How the vault signs each request of a credential, when it is complete but for the signature. */
export type RecipeSign = SignHmac | SignSigV4 | SignJwt | SignHttpMessage

/** Text with places for fields and parts of the request. */
export type SignTemplate = readonly SignPart[]

export interface SignKey {
  readonly value: SignTemplate
  readonly encoding: KeyEncoding
}

/** A header or parameter; what the caller sent under its name is removed first. */
export interface SignOutput {
  readonly name: string
  readonly value: SignTemplate
}

/** What has no `signature` in it is put on the request before the message is made, so that the message may cover it. */
export interface SignHmac {
  readonly kind: 'hmac'
  readonly hash: HashName
  readonly key: SignKey
  readonly message: SignTemplate
  readonly encoding: ByteEncoding
  readonly headers: readonly SignOutput[]
  readonly query: readonly SignOutput[]
}

/** AWS Signature Version 4. */
export interface SignSigV4 {
  readonly kind: 'aws_sigv4'
  readonly region: SignTemplate
  readonly service: SignTemplate
  readonly accessKeyId: SignTemplate
  readonly secretAccessKey: SignTemplate
  readonly sessionToken?: SignTemplate
  readonly in: 'header' | 'query'
  readonly unsignedPayload: boolean
  /** Sends and signs `x-amz-content-sha256`. */
  readonly contentSha256: boolean
  /** How often the path is percent-encoded in the canonical request. */
  readonly pathEncoding: 'double' | 'single'
  /** Of a signature in the query. */
  readonly expiresSeconds: number
  /** Lower case, beside `host`, `content-type` and every `x-amz-` header. */
  readonly signedHeaders: readonly string[]
}

export type SignClaim = number | boolean | SignTemplate | readonly { readonly item: SignTemplate }[]

/** A JWT (RFC 7519) that the holder of the key makes for himself; `iat` and `exp` are added. */
export interface SignJwt {
  readonly kind: 'jwt'
  readonly alg: JwtAlgorithm
  readonly key: SignKey
  readonly header: Readonly<Record<string, SignTemplate>>
  readonly claims: Readonly<Record<string, SignClaim>>
  readonly lifetimeSeconds: number
  /** How far `iat` lies back, for servers whose clock is behind. */
  readonly backdateSeconds: number
  readonly jti: boolean
  readonly headers: readonly SignOutput[]
}

/** HTTP Message Signatures (RFC 9421); `created` is always there. */
export interface SignHttpMessage {
  readonly kind: 'http_message'
  readonly alg: MessageAlgorithm
  readonly key: SignKey
  readonly keyid?: SignTemplate
  /** Undefined: method, authority, path, query, and the digest where there is a body. */
  readonly components?: readonly string[]
  readonly label: string
  readonly tag?: string
  readonly expiresSeconds?: number
  readonly nonce: boolean
  readonly algParameter: boolean
  readonly contentDigest: DigestName
}

/** Every template of it, key and secrets too. */
export function templatesOf(sign: RecipeSign): readonly SignTemplate[] {
  switch (sign.kind) {
    case 'hmac':
      return [sign.key.value, sign.message, ...[...sign.headers, ...sign.query].map(({ value }) => value)]
    case 'aws_sigv4': {
      const { region, service, accessKeyId, secretAccessKey, sessionToken = [] } = sign
      return [region, service, accessKeyId, secretAccessKey, sessionToken]
    }
    case 'jwt':
      return [sign.key.value, ...Object.values(sign.header), ...Object.values(sign.claims).flatMap(templatesOfClaim), ...outputs(sign)]
    case 'http_message':
      return [sign.key.value, sign.keyid ?? []]
  }
}

function outputs({ headers }: { headers: readonly SignOutput[] }): readonly SignTemplate[] {
  return headers.map(({ value }) => value)
}

function templatesOfClaim(claim: SignClaim): readonly SignTemplate[] {
  if (typeof claim !== 'object') return []
  return isItems(claim) ? claim.map(({ item }) => item) : [claim]
}

/** True for a claim that is a list. */
export function isItems(
  claim: SignTemplate | readonly { readonly item: SignTemplate }[],
): claim is readonly { readonly item: SignTemplate }[] {
  return claim.some((part) => 'item' in part)
}

/** The names of the fields that signing takes, each once. */
export function fieldsOfSign(sign: RecipeSign): readonly string[] {
  return [...new Set(templatesOf(sign).flatMap((template) => template.flatMap((part) => ('field' in part ? [part.field] : []))))]
}

/** The message covers the body, or a digest of it: the body must be whole before its request leaves. */
export function needsBody(sign: RecipeSign): boolean {
  switch (sign.kind) {
    case 'hmac':
      return templatesOf(sign).some((template) => template.some((part) => 'part' in part && part.part.startsWith('body')))
    case 'aws_sigv4':
      return !sign.unsignedPayload
    case 'jwt':
      return false
    case 'http_message':
      return sign.components === undefined || sign.components.includes('content-digest') || sign.components.includes('content-length')
  }
}
