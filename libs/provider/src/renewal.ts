import type { AssertionAlg } from './payload-renewal.ts'
import type { RecipeOAuth } from './recipe-oauth.ts'

/**
 * How a fresh access token is obtained from what is sealed, without a refresh token. Whatever its kind it can be repeated
 * safely, so its refresh class is static. Texts are templates over fields; those of steps over earlier results, too.
 */
export type Renewal = TokenRenewal | StepsRenewal

/** One request to a token endpoint (RFC 6749 §4.4, RFC 7523 §2.1, RFC 8693). The result is `access_token`. */
export interface TokenRenewal {
  readonly kind: 'client_credentials' | 'jwt_bearer' | 'token_exchange'
  /** URL template over plain fields. */
  readonly tokenUri: string
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  readonly bodyFormat: 'form' | 'json'
  readonly clientId?: string
  readonly clientSecret?: string
  /** What is sent beside grant type, client and assertion. */
  readonly parameters: readonly NamedTemplate[]
  readonly scopes: readonly string[]
  readonly assertion?: RecipeAssertion
  readonly answer: TokenAnswerShape
}

export interface StepsRenewal {
  readonly kind: 'steps'
  readonly steps: readonly RecipeStep[]
  readonly assertion?: RecipeAssertion
}

/** How a token answer is read. */
export type TokenAnswerShape = Pick<
  RecipeOAuth,
  'paths' | 'expiresInUnit' | 'defaultExpiresIn' | 'ok' | 'invalidGrantCodes' | 'errorPath' | 'errorCodes'
>

export interface NamedTemplate {
  readonly name: string
  readonly value: string
}

export interface RecipeAssertion {
  readonly alg: AssertionAlg
  readonly key: string
  readonly keyId?: string
  readonly issuer?: string
  readonly subject?: string
  /** Absent: the token endpoint. */
  readonly audience?: string
  readonly claims: readonly { readonly name: string; readonly value: string | number | boolean }[]
  readonly lifetimeS: number
}

export interface RecipeStep {
  readonly name: string
  readonly method: string
  /** URL template; earlier results may stand in its path, plain fields anywhere. */
  readonly url: string
  readonly headers: readonly NamedTemplate[]
  readonly query: readonly NamedTemplate[]
  readonly body?: StepBody
  readonly expect: readonly number[]
  readonly on: readonly StepAction[]
  readonly extract: readonly Extraction[]
  /** Seconds, or a JSON pointer to them. */
  readonly expiresIn?: string | number
  readonly expiresAt?: string
}

export type StepBody =
  | { readonly kind: 'form'; readonly values: readonly NamedTemplate[] }
  /** Any JSON; texts in it are templates, names of members are not. */
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly value: string }

export interface StepAction {
  /** `401`, or `4xx` for the whole class. */
  readonly status: string
  readonly does: 'continue' | 'fail' | 'forward'
  readonly sentence?: string
  /** A later step, or `end`. */
  readonly to?: string
  readonly extract: readonly Extraction[]
}

/** `from`: a JSON pointer, `header:<name>`, `cookie:<name>`, or `body` for the whole answer as text. */
export interface Extraction {
  readonly name: string
  readonly from: string
}

export const ACCESS_TOKEN_RESULT = 'access_token'

/** The names under which a renewal seals what it obtained. */
export function resultNames(renewal: Renewal): readonly string[] {
  if (renewal.kind !== 'steps') return [ACCESS_TOKEN_RESULT]
  const all = renewal.steps.flatMap(({ extract, on }) => [...extract, ...on.flatMap((action) => action.extract)])
  return [...new Set(all.map(({ name }) => name))]
}
