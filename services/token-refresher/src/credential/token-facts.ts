import type { RefreshClass, TokenAnswer } from '@credence/refresh-protocol'

/** What the vault says of one secret: times and versions, nothing secret. Times are wall clock, ms. */
export interface TokenFacts {
  readonly credentialId: string
  readonly project: string
  readonly version: number
  readonly state: 'active' | 'expired' | 'disabled' | 'deleted'
  readonly refreshClass: RefreshClass
  readonly clientId?: string | undefined
  readonly hasRefreshToken: boolean
  /** Absent for a static secret. */
  readonly issuedAt?: number | undefined
  readonly expiresAt?: number | undefined
  readonly grantedAt?: number | undefined
  /** When the grant ends however often it is refreshed. */
  readonly grantEndsAt?: number | undefined
  readonly defaultLifeMs?: number | undefined
  readonly idleLimitMs?: number | undefined
  /** The last refresh of this version, if it did not succeed: also one that a 401 of an API caused. */
  readonly lastRefresh?: RefreshResult | undefined
}

/** How one order to refresh ended, in the vault's words. */
export interface RefreshResult {
  readonly outcome:
    | 'refreshed'
    | 'fresh'
    | 'moved'
    | 'failed'
    | 'in_doubt'
    | 'waiting'
    | 'no_refresh_token'
    | 'disabled'
    | 'not_active'
    | 'grant_dead'
  readonly version: number
  /** Absent when nothing was sent. */
  readonly answer?: TokenAnswer | undefined
  readonly refreshClass: RefreshClass
  readonly openIntent: boolean
  readonly replay: boolean
  readonly clientChanged: boolean
  /** With `in_doubt`: the access token has ended too. */
  readonly askUser: boolean
  /** With `in_doubt`: because the token came back from a backup. */
  readonly restored?: boolean | undefined
  readonly waitUntil?: number | undefined
  readonly at?: number | undefined
}
