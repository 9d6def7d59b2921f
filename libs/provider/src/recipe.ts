import type { CredentialFamily } from '@credence/credential'
import type { ByteEncoding, HashName } from './byte-forms.ts'
import type { AuthType, InputType, Level, RefreshClass } from './payload.ts'
import type { RecipeNative } from './recipe-native.ts'
import type { Renewal } from './renewal.ts'
import type { RecipeSign } from './sign/recipe-sign.ts'

/**
 * Everything that the vault must know of one provider version and pattern: immutable, named by its own digest
 * (`encodeRecipe`), and in the AAD of every secret that was sealed with it. URLs are templates over the plain fields.
 */
export interface Recipe {
  readonly format: 1
  readonly provider: { readonly id: string; readonly version: number; readonly displayName: string }
  /** Index into the payload's `auth_patterns`. */
  readonly pattern: number
  readonly authType: AuthType
  readonly family: CredentialFamily
  readonly level: Level
  /** Template, without a slash at its end. */
  readonly proxyUrl: string
  readonly proxyEnabled: boolean
  readonly fields: readonly RecipeField[]
  readonly placements: readonly Placement[]
  /** Made last, of the request with its placements. */
  readonly sign?: RecipeSign
  /** Of patterns whose token a person fetches by signing in. */
  readonly oauth?: RecipeOAuth
  /** Of THIRDPARTY patterns. */
  readonly native?: RecipeNative
  /** Of patterns whose token is exchanged for the sealed fields. */
  readonly renewal?: Renewal
  readonly refresh: RecipeRefresh
  readonly revoke?: { readonly url: string; readonly scope: 'token' | 'grant' }
  readonly probe?: Probe
  /** Templates of further origins (and path prefixes) that the proxy may call. */
  readonly extraHosts: readonly string[]
}

export interface RecipeField {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly inputType: InputType
  readonly required: boolean
  /** Stored readable: it stands in a URL, in a header declared `secret: false` only, or is an account field. */
  readonly plain: boolean
  /** From `account_fields`: asked before the redirect, changed only by reconnecting. */
  readonly account: boolean
}

/** One thing that is put on a request. An existing header, parameter or cookie of the same name is removed first. */
export interface Placement {
  readonly in: 'header' | 'query' | 'cookie'
  readonly name: string
  readonly value: readonly Segment[]
}

/**
 * A piece of a placed value. A field's piece is `prefix + (value, or default when it is absent or empty) + suffix`;
 * values come from the secret and the plain fields alike, and under the name CLIENT_SECRET from the OAuth client. `base64`
 * encodes the bytes of its pieces; `hmac` is made of them when the request leaves (RFC 2104).
 */
export type Segment =
  | { readonly literal: string }
  | { readonly field: string; readonly prefix?: string; readonly suffix?: string; readonly default?: string }
  | { readonly base64: readonly Segment[] }
  | { readonly hmac: HmacSegment }

export interface HmacSegment {
  readonly hash: HashName
  readonly key: readonly Segment[]
  readonly message: readonly Segment[]
  readonly encoding: ByteEncoding
}

export interface RecipeOAuth {
  /** `ocl_…`: the client's registration in this project, not the provider's client id. */
  readonly clientId: string
  /** Empty where the person signs in on another device. */
  readonly authorizeUri: string
  /** The device authorization endpoint (RFC 8628). */
  readonly deviceUri?: string
  readonly tokenUri: string
  /** What the tokens are for (RFC 8707): sent with each request of the grant. */
  readonly resource?: string
  readonly userInfoUri?: string
  readonly issuer?: string
  readonly availableScopes: readonly {
    readonly scope: string
    readonly displayName?: string
    readonly description?: string
    readonly required: boolean
  }[]
  readonly scopeSeparator: string
  /** Default `client_secret_post`, which more providers accept than RFC 6749 §2.3.1 makes them. */
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post' | 'none'
  readonly bodyFormat: 'form' | 'json'
  /** JSON pointers into the token answer. */
  readonly paths: {
    readonly accessToken: string
    readonly refreshToken: string
    readonly expiresIn: string
    /** Default `/refresh_token_expires_in`. */
    readonly refreshTokenExpiresIn?: string
    readonly scope: string
    readonly tokenType: string
  }
  readonly expiresInUnit: 's' | 'ms'
  /** Seconds; used when the answer has no `expires_in`. */
  readonly defaultExpiresIn?: number
  readonly authorizeParams: Readonly<Record<string, string>>
  /** The answer counts only when the value at this pointer is true, whatever its HTTP status. */
  readonly ok?: { readonly path: string }
  /** Error codes that mean what `invalid_grant` means; always has `invalid_grant` itself. */
  readonly invalidGrantCodes: readonly string[]
  /** JSON pointer to the error code; default `/error`. */
  readonly errorPath?: string
  /** The provider's own error codes and the codes of RFC 6749 §5.2 that they mean. */
  readonly errorCodes?: Readonly<Record<string, string>>
  /** There is no refresh token: the token in force is exchanged for a new one, as this parameter of a request of this grant type. */
  readonly exchange?: { readonly grantType: string; readonly parameter: string; readonly parameters?: Readonly<Record<string, string>> }
}

export interface RecipeRefresh {
  /** `strict` unless the provider says otherwise: a wrong guess to the other side loses grants. */
  readonly class: RefreshClass
  /** How long a spent refresh token still answers. */
  readonly graceMs?: number
  /** A grant that is not used for so long dies at the provider. */
  readonly idleMs?: number
  /** A grant ends so long after it was given, however often it is refreshed. */
  readonly lifetimeMs?: number
  /** How many access tokens the provider gives for one refresh token within any such time. */
  readonly budget?: { readonly requests: number; readonly windowMs: number }
  /** Error codes or descriptions that make a refusal final at once, without a second try. */
  readonly permanentErrors?: readonly string[]
}

/** Where a credential may go, by purpose: origin and path prefix, without a slash at the end. */
export interface Hosts {
  readonly use: readonly string[]
  readonly token: readonly string[]
  readonly revoke: readonly string[]
  readonly verify: readonly string[]
}

/** The one safe call that proves a credential. */
export interface Probe {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Template; relative to `proxyUrl` when it begins with a slash. */
  readonly url: string
  /** Every status that counts as proof; 200 to 299 when the provider names none. */
  readonly expect: readonly number[]
  /** JSON pointers into the answer. */
  readonly accountId?: string
  readonly accountName?: string
  /** The answer counts only when the value at this pointer is true. */
  readonly ok?: { readonly path: string }
  /** Sent as `application/json`. */
  readonly body?: string
  /** In place of those of the recipe: for a call that the client makes about the secret. */
  readonly placements?: readonly Placement[]
}
