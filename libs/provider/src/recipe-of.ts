import { familyOf } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { AuthPattern, PayloadOAuth, PayloadRefresh, PayloadToken, ProviderPayload } from './payload.ts'
import { placementsOf } from './placements.ts'
import { probeOf } from './probe-of.ts'
import type { Recipe, RecipeOAuth, RecipeRefresh } from './recipe.ts'
import { recipeFields } from './recipe-fields.ts'
import { renewalOf, signsIn } from './renewal-of.ts'
import { signOf } from './sign/sign-of.ts'
import { tokenAnswerShape } from './token-quirks.ts'

/** Which version and pattern a recipe is made of. `clientId` is the `ocl_…` id; patterns that sign in need it. */
export interface RecipeChoice {
  readonly providerId: string
  readonly version: number
  readonly pattern: number
  readonly clientId?: string
}

/**
 * The recipe of one pattern of a parsed payload. Throws INVALID_REQUEST when the provider has no such pattern, and
 * CLIENT_MISSING when a pattern that signs in comes without a registered client.
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
  const renewal = renewalOf(payload, choice.pattern)
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
    ...(signsIn(pattern) ? { oauth: oauthOf(pattern, payload.token, choice.clientId) } : {}),
    ...(renewal === undefined ? {} : { renewal }),
    refresh: refreshFor(pattern, payload),
    ...(revoke === undefined || !signsIn(pattern) ? {} : { revoke: { url: revoke.url, scope: revoke.scope ?? 'grant' } }),
    ...(probe === undefined ? {} : { probe }),
    extraHosts: payload.extra_hosts ?? [],
  }
}

function oauthOf(pattern: AuthPattern, shared: PayloadToken | undefined, clientId: string | undefined): RecipeOAuth {
  if (clientId === undefined) throw new CodedError('CLIENT_MISSING')
  if (pattern.oauth_config === undefined) throw new TypeError('recipeOf needs a payload that parseProvider gave')
  return { clientId, ...endpointsOf(pattern.oauth_config), ...tokenQuirks(pattern.token ?? shared ?? {}) }
}

function endpointsOf(
  oauth: PayloadOAuth,
): Pick<RecipeOAuth, 'authorizeUri' | 'deviceUri' | 'resource' | 'tokenUri' | 'availableScopes' | 'authorizeParams'> {
  return {
    authorizeUri: oauth.authorize_uri ?? '',
    ...(oauth.device_authorization_uri === undefined ? {} : { deviceUri: oauth.device_authorization_uri }),
    tokenUri: oauth.token_uri,
    ...(oauth.resource === undefined ? {} : { resource: oauth.resource }),
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
): Omit<RecipeOAuth, 'clientId' | 'authorizeUri' | 'deviceUri' | 'resource' | 'tokenUri' | 'availableScopes' | 'authorizeParams'> {
  const { client_auth: clientAuth = 'client_secret_post' } = token
  if (clientAuth === 'private_key_jwt') throw new TypeError('recipeOf needs a payload that parseProvider gave')
  return {
    scopeSeparator: token.scope_separator ?? ' ',
    clientAuth,
    bodyFormat: token.body_format ?? 'form',
    ...tokenAnswerShape(token),
  }
}

const DAY_MS = 86_400_000

/** What is exchanged again can be exchanged any number of times. */
function refreshFor(pattern: AuthPattern, payload: ProviderPayload): RecipeRefresh {
  if (pattern.type !== 'OAUTH') return { class: 'static' }
  const refresh = refreshOf(pattern.refresh ?? payload.refresh)
  if (signsIn(pattern)) return refresh
  const { graceMs: _grace, idleMs: _idle, ...kept } = refresh
  return { ...kept, class: 'static' }
}

function refreshOf(refresh: PayloadRefresh | undefined): RecipeRefresh {
  if (refresh === undefined) return { class: 'strict' }
  return {
    class: refresh.class,
    ...(refresh.grace_seconds === undefined ? {} : { graceMs: refresh.grace_seconds * 1000 }),
    ...(refresh.idle_days === undefined ? {} : { idleMs: refresh.idle_days * DAY_MS }),
    ...(refresh.lifetime_days === undefined ? {} : { lifetimeMs: refresh.lifetime_days * DAY_MS }),
    ...(refresh.budget === undefined ? {} : { budget: { requests: refresh.budget.requests, windowMs: refresh.budget.seconds * 1000 } }),
    ...(refresh.permanent_errors === undefined ? {} : { permanentErrors: refresh.permanent_errors }),
  }
}
