import type { RecipeOAuth } from '@credence/provider'
import { ACCESS_TOKEN, REFRESH_TOKEN } from '../grant/grant-secret.ts'
import type { ParsedTokenAnswer } from '../grant/token-answer.ts'
import { resourceOf, type TokenParameter } from '../grant/token-request.ts'

/** The sealed field that a renewal sends: the refresh token, or where there is none and the provider exchanges it, the token in force. */
export function renewedBy(oauth: RecipeOAuth): string {
  return oauth.exchange === undefined ? REFRESH_TOKEN : ACCESS_TOKEN
}

/** What the renewal of the next secret will send, of the answer that brought it. */
export function renewalToken(oauth: RecipeOAuth, parsed: ParsedTokenAnswer): Buffer | undefined {
  return oauth.exchange === undefined ? parsed.refreshToken : parsed.accessToken
}

/** RFC 6749 §6, or the provider's own exchange of the token in force. */
export function renewalParameters(oauth: RecipeOAuth, token: Uint8Array): TokenParameter[] {
  const { exchange } = oauth
  if (exchange === undefined) {
    return [{ name: 'grant_type', value: Buffer.from('refresh_token') }, { name: 'refresh_token', value: token }, ...resourceOf(oauth)]
  }
  const others = Object.entries(exchange.parameters ?? {}).map(([name, value]) => ({ name, value: Buffer.from(value) }))
  return [
    { name: 'grant_type', value: Buffer.from(exchange.grantType) },
    ...others,
    { name: exchange.parameter, value: token },
    ...resourceOf(oauth),
  ]
}
