import type { PayloadNative } from './payload-native.ts'
import type { GrantType, PayloadAssertion, PayloadStep, PayloadTokenGrant } from './payload-renewal.ts'
import type { PayloadSign } from './sign/payload-sign.ts'

/** The auth types that a pattern may have. */
export const AUTH_TYPES = ['OAUTH', 'BASIC', 'BEARER', 'API_KEY', 'CUSTOM_HEADER', 'CUSTOM', 'THIRDPARTY', 'NONE'] as const
export type AuthType = (typeof AUTH_TYPES)[number]

export const INPUT_TYPES = ['text', 'password', 'email', 'url', 'number'] as const
export type InputType = (typeof INPUT_TYPES)[number]

/** The fields whose value may be changed before it is placed. */
export const MUTABLE_FIELDS = ['username', 'password', 'token', 'api_key'] as const

export const REFRESH_CLASSES = ['static', 'grace', 'reject', 'strict'] as const
export type RefreshClass = (typeof REFRESH_CLASSES)[number]

export type Level = 'user' | 'project'

/** One input of the connect form. */
export interface PayloadField {
  readonly field_name: string
  readonly label?: string
  readonly hint?: string
  readonly input_type?: InputType
  readonly required?: boolean
  /** Accepted and without effect: where a field stands in a URL says whether it is a path segment. */
  readonly is_path_param?: boolean
}

export interface PayloadScope {
  readonly scope: string
  readonly display_name?: string
  readonly description?: string
  readonly required?: boolean
}

export interface PayloadOAuth extends PayloadTokenGrant {
  readonly grant_type?: GrantType
  /** Of `authorization_code`, which needs it. */
  readonly authorize_uri?: string
  /** Of `device_code`, which needs it (RFC 8628). */
  readonly device_authorization_uri?: string
  readonly token_uri: string
  readonly user_info_uri?: string
  readonly issuer?: string
  readonly available_scopes?: readonly PayloadScope[]
  readonly authorize_params?: Readonly<Record<string, string>>
}

export interface PayloadHeader {
  readonly name: string
  /** Joined to the value by one space when it ends in a letter or a digit. */
  readonly prefix?: string
  readonly value: string
  /** Default: true when the value takes anything from `fields`. */
  readonly secret?: boolean
}

export interface PayloadMutation {
  readonly prefix?: string
  readonly suffix?: string
  readonly default?: string
}

export interface PayloadVerify {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly path?: string
  readonly url?: string
  readonly expect?: readonly number[]
  readonly account_id?: string
  readonly account_name?: string
  readonly ok?: string
  readonly body?: string
  /** `client`: authenticated by `client_token` of `native_config`, with the token to prove as `token_parameter`. */
  readonly as?: 'client'
  readonly token_parameter?: string
}

export interface PayloadRevoke {
  readonly url: string
  readonly scope?: 'token' | 'grant'
}

export interface PayloadRefresh {
  readonly class: RefreshClass
  readonly grace_seconds?: number
  readonly idle_days?: number
  readonly lifetime_days?: number
  readonly budget?: { readonly requests: number; readonly seconds: number }
  readonly permanent_errors?: readonly string[]
}

export interface PayloadToken {
  readonly client_auth?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  readonly body_format?: 'form' | 'json'
  readonly paths?: Readonly<
    Partial<Record<'access_token' | 'refresh_token' | 'expires_in' | 'refresh_token_expires_in' | 'scope' | 'token_type' | 'error', string>>
  >
  readonly expires_in_unit?: 's' | 'ms'
  readonly default_expires_in?: number
  readonly scope_separator?: string
  readonly ok?: string
  readonly invalid_grant_codes?: readonly string[]
  /** The provider's own error codes and the codes of RFC 6749 §5.2 that they mean. */
  readonly error_codes?: Readonly<Record<string, string>>
}

/** What may stand on the provider for all its patterns, or on one pattern for that one alone. */
export interface PayloadBehaviour {
  readonly level?: Level
  readonly verify?: PayloadVerify
  readonly revoke?: PayloadRevoke
  readonly refresh?: PayloadRefresh
  readonly token?: PayloadToken
}

/** One way to authenticate that a provider offers; the user picks one. */
export interface AuthPattern extends PayloadBehaviour {
  readonly type: AuthType
  readonly display_name?: string
  readonly description?: string
  readonly fields?: readonly PayloadField[]
  readonly account_fields?: readonly PayloadField[]
  readonly oauth_config?: PayloadOAuth
  /** What the client is registered with beside its id; `{{name}}` stands for them in `authorize_params`. */
  readonly client_fields?: readonly PayloadField[]
  readonly native_config?: PayloadNative
  readonly auth_header_key_override?: string
  readonly auth_query_key?: string
  readonly auth_cookie_key?: string
  readonly auth_field_mutations?: Readonly<Partial<Record<(typeof MUTABLE_FIELDS)[number], PayloadMutation>>>
  readonly headers?: readonly PayloadHeader[]
  readonly sign?: PayloadSign
  /** Of CUSTOM: the calls that make an access out of the fields. */
  readonly steps?: readonly PayloadStep[]
  /** Of CUSTOM: a signed token for the steps, as `{{assertion}}`. */
  readonly assertion?: PayloadAssertion
}

/** A provider as its author writes it; members that begin with `x-` are kept in the bytes and ignored. */
export interface ProviderPayload extends PayloadBehaviour {
  readonly display_name: string
  readonly description?: string
  readonly auth_patterns: readonly AuthPattern[]
  readonly proxy_url: string
  readonly proxy_enabled: boolean
  readonly extra_hosts?: readonly string[]
  readonly docs?: string
}
