/** How a payload says that a fresh access token is obtained without a refresh token. Texts are templates over fields. */

/** How the first token is obtained: a person signs in here or on another device, or the fields of the form are exchanged for it. */
export const GRANT_TYPES = ['authorization_code', 'device_code', 'client_credentials', 'jwt_bearer', 'token_exchange'] as const
export type GrantType = (typeof GRANT_TYPES)[number]

export const ASSERTION_ALGS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'HS256',
  'HS384',
  'HS512',
] as const
export type AssertionAlg = (typeof ASSERTION_ALGS)[number]

/** A JSON Web Token that the vault signs with a key among the fields (RFC 7523). */
export interface PayloadAssertion {
  readonly alg: AssertionAlg
  /** Default `{{private_key}}`: PEM, on one line or several, or the shared secret of an HS algorithm. */
  readonly key?: string
  readonly key_id?: string
  readonly issuer?: string
  readonly subject?: string
  /** Default: the token endpoint. */
  readonly audience?: string
  readonly claims?: Readonly<Record<string, string | number | boolean>>
  /** Default 300. */
  readonly lifetime_seconds?: number
}

/** RFC 8693 §2.1. */
export interface PayloadExchange {
  /** Default `{{subject_token}}`. */
  readonly subject_token?: string
  /** Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly subject_token_type?: string
  readonly actor_token?: string
  readonly actor_token_type?: string
  readonly requested_token_type?: string
}

/** Of the grant types that exchange the fields of the form for a token. */
export interface PayloadTokenGrant {
  /** Default `{{client_id}}` where such a field is declared. */
  readonly client_id?: string
  /** Default `{{client_secret}}` where the client proves itself with a secret. */
  readonly client_secret?: string
  readonly audience?: string
  /** RFC 8707. */
  readonly resource?: string
  readonly token_params?: Readonly<Record<string, string>>
  readonly assertion?: PayloadAssertion
  readonly exchange?: PayloadExchange
}

type Templates = Readonly<Record<string, string>>

/** One call of a declared exchange; at most one of `form`, `json` and `body`. */
export interface PayloadStep {
  readonly name: string
  readonly request: {
    readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
    readonly url: string
    readonly headers?: Templates
    readonly query?: Templates
    readonly form?: Templates
    readonly json?: unknown
    readonly body?: string
  }
  /** Default 200 to 299. */
  readonly expect?: readonly number[]
  /** By status (`401`) or class (`4xx`). */
  readonly on?: Readonly<Record<string, PayloadStepAction>>
  readonly extract?: Templates
  /** Seconds, or a JSON pointer to them. */
  readonly expires_in?: string | number
  /** JSON pointer to a time: RFC 3339, or seconds since 1970. */
  readonly expires_at?: string
}

/** What a status that was not expected means; exactly one of the first three. */
export interface PayloadStepAction {
  readonly continue?: boolean
  /** The sentence for whoever connects; final. */
  readonly fail?: string
  /** The name of a later step, or `end`. */
  readonly forward?: string
  readonly extract?: Templates
}
