/**
 * What a provider does with a refresh token that was used before: `static` never spends one, `grace` answers again for a
 * while, `reject` refuses it, `strict` revokes the whole grant. An unknown provider is strict.
 */
export type RefreshClass = 'static' | 'grace' | 'reject' | 'strict'

/** What came back from one POST to a token endpoint, without any secret in it. */
export type TokenAnswer =
  /** No byte of the request left: DNS, connect or TLS failed, or the write hook stopped it. */
  | { readonly kind: 'not_sent'; readonly cause: string }
  /** Reset or timeout after bytes were sent; also an answer that was cut off. */
  | { readonly kind: 'lost'; readonly cause: string }
  | { readonly kind: 'tokens'; readonly status: number; readonly refreshToken: 'absent' | 'same' | 'different' }
  | TokenError
  /** `mayHoldToken`: a token may be among the bytes. Say so too for a 2xx with an empty body, which a proxy may have emptied. */
  | { readonly kind: 'unreadable'; readonly status: number; readonly mayHoldToken: boolean; readonly retryAfterMs?: number | undefined }

export interface TokenError {
  readonly kind: 'error'
  readonly status: number
  /** The provider's `error`; a code that its profile equates with `invalid_grant` arrives as `invalid_grant`. */
  readonly code: string
  /** The entry of the profile's `permanent_errors` that matched: never text of the answer. */
  readonly descriptor?: string | undefined
  /** It speaks of what this credential itself holds, whatever its code: where no registered client stands between. */
  readonly ofGrant?: true | undefined
  readonly retryAfterMs?: number | undefined
}

/** What one POST did to the refresh token. `refused`: an answer without a token in it, the token is as it was. */
export type Spentness = 'not_sent' | 'rotated' | 'same' | 'refused' | 'unknown'

/** Whom an answer without tokens speaks about: the endpoint, the client, the person, or the grant itself. */
export type Refusal = 'throttled' | 'server' | 'config' | 'transient' | 'needs_user' | 'permanent' | 'grant' | 'unknown_code' | 'no_code'

const CONFIG_CODES: readonly string[] = [
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'unsupported_grant_type',
  'invalid_request',
]
const NEEDS_USER_CODES: readonly string[] = ['access_denied', 'consent_required', 'interaction_required']
const TRANSIENT_CODES: readonly string[] = ['temporarily_unavailable', 'server_error', 'slow_down']

/**
 * What the POST did to the token, for the intent in the store. A 5xx usually spends nothing, but where being wrong costs
 * the grant (strict) it counts as unknown.
 */
export function spentness(answer: TokenAnswer, refreshClass: RefreshClass): Spentness {
  switch (answer.kind) {
    case 'not_sent':
      return 'not_sent'
    case 'lost':
      return 'unknown'
    case 'tokens':
      return answer.refreshToken === 'different' ? 'rotated' : 'same'
    case 'unreadable':
      if (answer.mayHoldToken) return 'unknown'
      break
    case 'error':
      break
  }
  return refreshClass === 'strict' && refusalOf(answer) === 'server' ? 'unknown' : 'refused'
}

/** Throttling first: it says that nothing was looked at. The provider's own table next, then the generic meaning. */
export function refusalOf(answer: Extract<TokenAnswer, { kind: 'error' | 'unreadable' }>): Refusal {
  if (answer.status === 429 || (answer.status === 503 && answer.retryAfterMs !== undefined)) return 'throttled'
  if (answer.kind === 'error' && answer.descriptor !== undefined) return 'permanent'
  if (answer.status >= 500) return 'server'
  if (answer.kind === 'error' && answer.ofGrant === true) return 'grant'
  const byCode = answer.kind === 'error' ? refusalOfCode(answer.code) : 'no_code'
  if (answer.status === 401 && (byCode === 'no_code' || byCode === 'unknown_code')) return 'config'
  return byCode
}

/** True when the provider looked at the grant itself and said no: then, and only then, the grant may be dead. */
export function refusesGrant(answer: TokenAnswer): boolean {
  if (answer.kind !== 'error') return false
  const refusal = refusalOf(answer)
  return refusal === 'grant' || refusal === 'permanent' || refusal === 'needs_user'
}

function refusalOfCode(code: string): Refusal {
  if (code === 'invalid_grant') return 'grant'
  if (CONFIG_CODES.includes(code)) return 'config'
  if (NEEDS_USER_CODES.includes(code)) return 'needs_user'
  if (TRANSIENT_CODES.includes(code)) return 'transient'
  return 'unknown_code'
}
