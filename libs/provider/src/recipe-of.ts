import { familyOf } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { nativeOf } from './native-of.ts'
import { type ClientChoice, oauthOf } from './oauth-of.ts'
import type { ProviderPayload } from './payload.ts'
import { placementsOf } from './placements.ts'
import { probeOf } from './probe-of.ts'
import type { Recipe } from './recipe.ts'
import { recipeFields } from './recipe-fields.ts'
import { refreshFor } from './refresh-for.ts'
import { renewalOf } from './renewal-of.ts'
import { signOf } from './sign/sign-of.ts'
import { signsIn } from './signs-in.ts'

/**
 * Which version and pattern a recipe is made of. `clientId` is the `ocl_…` id; patterns with a sign-in need it. `clientFields`:
 * what the client is registered with beside it; without them their places in parameters stay as they are written.
 */
export interface RecipeChoice extends ClientChoice {
  readonly providerId: string
  readonly version: number
  readonly pattern: number
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
    ...(signsIn(pattern) ? { oauth: oauthOf(pattern, payload.token, choice) } : {}),
    ...(pattern.native_config === undefined ? {} : { native: nativeOf(pattern.native_config) }),
    ...(renewal === undefined ? {} : { renewal }),
    refresh: refreshFor(pattern, payload),
    ...(revoke === undefined || !signsIn(pattern) ? {} : { revoke: { url: revoke.url, scope: revoke.scope ?? 'grant' } }),
    ...(probe === undefined ? {} : { probe }),
    extraHosts: payload.extra_hosts ?? [],
  }
}
