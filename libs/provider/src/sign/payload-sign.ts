import type { ByteEncoding, HashName } from '../byte-forms.ts'

export const SIGN_KINDS = ['hmac', 'aws_sigv4', 'jwt', 'http_message'] as const
export type SignKind = (typeof SIGN_KINDS)[number]

/** How the text of a field stands for the bytes of a symmetric key. Private keys are PEM and need none. */
export const KEY_ENCODINGS = ['utf8', 'hex', 'base64'] as const
export type KeyEncoding = (typeof KEY_ENCODINGS)[number]

/** RFC 7518 §3.1, RFC 8037 §3.1. */
export const JWT_ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number]

/** RFC 9421 §6.2.2. */
export const MESSAGE_ALGORITHMS = ['ed25519', 'hmac-sha256', 'rsa-pss-sha512', 'rsa-v1_5-sha256', 'ecdsa-p256-sha256'] as const
export type MessageAlgorithm = (typeof MESSAGE_ALGORITHMS)[number]

/** RFC 9530 §5. */
export const DIGESTS = ['sha-256', 'sha-512'] as const
export type DigestName = (typeof DIGESTS)[number]

/** Derived components of a request that can be signed (RFC 9421 §2.2). */
export const DERIVED_COMPONENTS = ['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query'] as const

/** One header or query parameter that the signature puts on the request. */
export interface PayloadSignOutput {
  readonly name: string
  readonly value: string
}

export interface PayloadHmac {
  readonly hash: HashName
  readonly key: string
  readonly key_encoding?: KeyEncoding
  readonly message: string
  readonly encoding?: ByteEncoding
  readonly headers?: readonly PayloadSignOutput[]
  readonly query?: readonly PayloadSignOutput[]
}

export interface PayloadSigV4 {
  readonly region: string
  readonly service: string
  readonly access_key_id: string
  readonly secret_access_key: string
  readonly session_token?: string
  readonly in?: 'header' | 'query'
  readonly unsigned_payload?: boolean
  readonly content_sha256?: boolean
  readonly path_encoding?: 'double' | 'single'
  readonly expires_seconds?: number
  readonly signed_headers?: readonly string[]
}

export type PayloadClaim = string | number | boolean | readonly string[]

export interface PayloadJwt {
  readonly alg: JwtAlgorithm
  readonly key: string
  readonly key_encoding?: KeyEncoding
  readonly header?: Readonly<Record<string, string>>
  readonly claims: Readonly<Record<string, PayloadClaim>>
  readonly lifetime_seconds: number
  readonly backdate_seconds?: number
  readonly jti?: boolean
  readonly headers?: readonly PayloadSignOutput[]
}

export interface PayloadHttpMessage {
  readonly alg: MessageAlgorithm
  readonly key: string
  readonly key_encoding?: KeyEncoding
  readonly keyid?: string
  readonly components?: readonly string[]
  readonly label?: string
  readonly tag?: string
  readonly expires_seconds?: number
  readonly nonce?: boolean
  readonly alg_parameter?: boolean
  readonly content_digest?: DigestName
}

/** How requests are signed: one of the kinds. */
export interface PayloadSign {
  readonly hmac?: PayloadHmac
  readonly aws_sigv4?: PayloadSigV4
  readonly jwt?: PayloadJwt
  readonly http_message?: PayloadHttpMessage
}
