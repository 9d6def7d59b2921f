import type { Draft } from './draft.ts'
import type { AuthPattern } from './payload.ts'
import type { GrantType } from './payload-renewal.ts'

const SIGN_INS: readonly GrantType[] = ['authorization_code', 'device_code']

/** True for the types that have `oauth_config`: their requests carry an access token that a token endpoint gave. */
export function hasOAuth(pattern: Draft<Pick<AuthPattern, 'type'>> | undefined): boolean {
  return pattern?.type === 'OAUTH' || pattern?.type === 'THIRDPARTY'
}

/**
 * True for patterns whose token a person fetches by signing in at the provider: such a pattern has a registered client and a
 * grant. All others are connected with a form.
 */
export function signsIn(pattern: Draft<AuthPattern> | undefined): boolean {
  if (pattern?.type === 'THIRDPARTY') return true
  return pattern?.type === 'OAUTH' && SIGN_INS.includes(pattern.oauth_config?.grant_type ?? 'authorization_code')
}
