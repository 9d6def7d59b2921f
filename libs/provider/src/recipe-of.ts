import { familyOf } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { nativeOf } from './native-of.ts'
import type { AuthPattern, PayloadOAuth, PayloadRefresh, PayloadToken, ProviderPayload } from './payload.ts'
import { type PayloadNative, signsIn } from './payload-native.ts'
import { placementsOf } from './placements.ts'
import { probeOf } from './probe-of.ts'
import type { Recipe, RecipeOAuth, RecipeRefresh } from './recipe.ts'
import { recipeFields } from './recipe-fields.ts'
import { signOf } from './sign/sign-of.ts'
import { parseTemplate } from './template.ts'

/**
 * Which version and pattern a recipe is made of. `clientId` is the `ocl_…` id; patterns with a sign-in need it. `clientFields`:
 * what the client is registered with beside it; without them their places in parameters stay as they are written.
 */
export interface RecipeChoice {
  readonly providerId: string
  readonly version: number
  readonly pattern: number
  readonly clientId?: string
  readonly clientFields?: Readonly<Record<string, string>>
}

/**
 * The recipe of one pattern of a parsed payload. Throws INVALID_REQUEST when the provider has no such pattern, and
 * CLIENT_MISSING when an OAUTH pattern comes without a registered client.
 */
export function recipeOf(payload: ProviderPayload, choice: RecipeChoice): Recipe {
  const pattern = payload.auth_patterns[choice.pattern]
  if (pattern === undefined) {
    const detail = `Write a whole number from 0 to ${payload.auth_patterns.length - 1}: the provider has so many patterns.`
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '/pattern', code: 'NOT_ALLOWED', detail }] })
  }
  const family = familyOf(pattern.type)
  if (family === undefined) throw new TypeError('recipeOf needs a payload that parseProvider gave')
  const probe = probeOf(payload, choice.pattern)
  const revoke = pattern.revoke ?? payload.revoke
  const sign = signOf(pattern.sign)
  return {
    format: 1,
    provider: { id: choice.providerId, version: choice.version, displayName: payload.display_name },
    pattern: choice.pattern,
    authType: pattern.type,
    family,
    level: pattern.level ?? payload.level ?? 'user',
    proxyUrl: payload.proxy_url.replace(/\/+$/, ''),
    proxyEnabled: payload.proxy_enabled,
    fields: recipeFields(payload, choice.pattern),
    placements: placementsOf(pattern),
    ...(sign === undefined ? {} : { sign }),
    ...(signsIn(pattern.type) ? { oauth: oauthOf(pattern, payload.token, choice) } : {}),
    ...(pattern.native_config === undefined ? {} : { native: nativeOf(pattern.native_config) }),
    refresh: signsIn(pattern.type) ? refreshOf(pattern.refresh ?? payload.refresh, pattern) : { class: 'static' },
    ...(revoke === undefined || !signsIn(pattern.type) ? {} : { revoke: { url: revoke.url, scope: revoke.scope ?? 'grant' } }),
    ...(probe === undefined ? {} : { probe }),
    extraHosts: payload.extra_hosts ?? [],
  }
}

function oauthOf(pattern: AuthPattern, shared: PayloadToken | undefined, choice: RecipeChoice): RecipeOAuth {
  const { clientId } = choice
  if (clientId === undefined) throw new CodedError('CLIENT_MISSING')
  if (pattern.oauth_config === undefined) throw new TypeError('recipeOf needs a payload that parseProvider gave')
  const exchange = pattern.native_config?.exchange
  return {
    clientId,
    ...endpointsOf(pattern.oauth_config),
    ...(choice.clientFields === undefined ? {} : { authorizeParams: filledParams(pattern, choice.clientFields) }),
    ...tokenQuirks(pattern.token ?? shared ?? {}),
    ...(exchange === undefined ? {} : { exchange: exchangeOf(exchange) }),
  }
}

function exchangeOf({ grant_type, parameter, parameters }: PayloadNative['exchange'] & object): RecipeOAuth['exchange'] & object {
  return { grantType: grant_type, parameter, ...(parameters === undefined ? {} : { parameters }) }
}

/** Throws CLIENT_MISSING when the client was registered without a value that the sign-in needs. */
function filledParams({ oauth_config, client_fields = [] }: AuthPattern, values: Readonly<Record<string, string>>): Record<string, string> {
  const params = Object.entries(oauth_config?.authorize_params ?? {})
  if (client_fields.length === 0) return Object.fromEntries(params)
  const lacking = client_fields.filter(({ field_name, required }) => required === true && (values[field_name] ?? '') === '')
  if (lacking.length > 0) {
    const names = lacking.map(({ label, field_name }) => label ?? field_name).join(', ')
    throw new CodedError('CLIENT_MISSING', `The OAuth client lacks: ${names}. Register it again with it.`)
  }
  return Object.fromEntries(
    params.flatMap(([name, value]) => {
      const parts = parseTemplate(value) ?? [{ literal: value }]
      const filled = parts.map((part) => ('literal' in part ? part.literal : (values[part.field] ?? ''))).join('')
      return filled === '' ? [] : [[name, filled]]
    }),
  )
}

function endpointsOf(oauth: PayloadOAuth): Pick<RecipeOAuth, 'authorizeUri' | 'tokenUri' | 'availableScopes' | 'authorizeParams'> {
  return {
    authorizeUri: oauth.authorize_uri,
    tokenUri: oauth.token_uri,
    ...(oauth.user_info_uri === undefined ? {} : { userInfoUri: oauth.user_info_uri }),
    ...(oauth.issuer === undefined ? {} : { issuer: oauth.issuer }),
    availableScopes: (oauth.available_scopes ?? []).map((scope) => ({
      scope: scope.scope,
      ...(scope.display_name === undefined ? {} : { displayName: scope.display_name }),
      ...(scope.description === undefined ? {} : { description: scope.description }),
      required: scope.required ?? false,
    })),
    authorizeParams: oauth.authorize_params ?? {},
  }
}

function tokenQuirks(
  token: PayloadToken,
): Omit<RecipeOAuth, 'clientId' | 'authorizeUri' | 'tokenUri' | 'availableScopes' | 'authorizeParams'> {
  const paths = token.paths ?? {}
  return {
    scopeSeparator: token.scope_separator ?? ' ',
    clientAuth: token.client_auth ?? 'client_secret_post',
    bodyFormat: token.body_format ?? 'form',
    paths: {
      accessToken: paths.access_token ?? '/access_token',
      refreshToken: paths.refresh_token ?? '/refresh_token',
      expiresIn: paths.expires_in ?? '/expires_in',
      ...(paths.refresh_token_expires_in === undefined ? {} : { refreshTokenExpiresIn: paths.refresh_token_expires_in }),
      scope: paths.scope ?? '/scope',
      tokenType: paths.token_type ?? '/token_type',
    },
    expiresInUnit: token.expires_in_unit ?? 's',
    ...(token.default_expires_in === undefined ? {} : { defaultExpiresIn: token.default_expires_in }),
    ...(token.ok === undefined ? {} : { ok: { path: token.ok } }),
    invalidGrantCodes: [...new Set(['invalid_grant', ...(token.invalid_grant_codes ?? [])])],
    ...(paths.error === undefined ? {} : { errorPath: paths.error }),
    ...(token.error_codes === undefined ? {} : { errorCodes: token.error_codes }),
  }
}

const DAY_MS = 86_400_000

function refreshOf(refresh: PayloadRefresh | undefined, pattern: AuthPattern): RecipeRefresh {
  // An exchange spends nothing: the token in force goes on working beside the new one.
  if (refresh === undefined) return { class: pattern.native_config?.exchange === undefined ? 'strict' : 'static' }
  return {
    class: refresh.class,
    ...(refresh.grace_seconds === undefined ? {} : { graceMs: refresh.grace_seconds * 1000 }),
    ...(refresh.idle_days === undefined ? {} : { idleMs: refresh.idle_days * DAY_MS }),
    ...(refresh.lifetime_days === undefined ? {} : { lifetimeMs: refresh.lifetime_days * DAY_MS }),
    ...(refresh.budget === undefined ? {} : { budget: { requests: refresh.budget.requests, windowMs: refresh.budget.seconds * 1000 } }),
    ...(refresh.permanent_errors === undefined ? {} : { permanentErrors: refresh.permanent_errors }),
  }
}
