import type { CredentialFamily } from '@credence/credential'
import type { AuthType, InputType, Level, RefreshClass } from './payload.ts'
import type { RecipeNative } from './recipe-native.ts'
import type { RecipeOAuth } from './recipe-oauth.ts'
import type { Placement } from './recipe-placement.ts'
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
