import type { RefreshClass } from './answer.ts'

/** `first` opens an intent; `replay` takes an open one over; `last_resort` does so when nobody else can hold an answer any more. */
export type Attempt = 'first' | 'replay' | 'last_resort'

/** One sender at a time. Released by `until: 0`: the record stays, because `term` must never fall. */
export interface Lease {
  readonly owner: string
  readonly term: number
  /** Wall clock, ms. In force while `now < until`. */
  readonly until: number
}

/** Written before a refresh token leaves, cleared when it is known what became of it. Times are wall clock, ms. */
export interface Intent {
  /** HMAC fingerprint of the refresh token that was sent. */
  readonly rtId: string
  /** Of the latest sender. */
  readonly term: number
  /** Of the OAuth client, at the latest attempt. */
  readonly clientGeneration: number
  readonly startedAt: number
  /** No byte of the latest attempt is written at or after it. */
  readonly deadline: number
  /** The instance that sent last. */
  readonly owner: string
  readonly attempt: Attempt
  /**
   * Instances that may still hold an answer to this token, in memory or in their spill, one entry for each POST: twice the
   * same where its spill was unread when it sent again. A sender that knows it holds none leaves.
   */
  readonly senders: readonly string[]
  /** The last resort was refused: the grant is dead, and the intent stays so that its token is never sent again. */
  readonly dead?: true | undefined
}

/** How many access tokens a provider gives for one refresh token within any such time (REFRESH 4.6). */
export interface RefreshBudget {
  readonly requests: number
  readonly windowMs: number
}

/** As much of a sealed child as decides about its refresh. */
export interface RefreshChild {
  readonly version: number
  readonly refreshClass: RefreshClass
  readonly token: {
    /** Absent: there is no refresh token. */
    readonly rtId?: string | undefined
    /** When the access token ends, ms; absent when the provider did not say. */
    readonly expiresAt?: number | undefined
  }
  readonly lease?: Lease | undefined
  readonly intent?: Intent | undefined
  /** The token came back from a backup, and a newer one may have been issued since: a server that is strict would see a replay. */
  readonly restored?: boolean | undefined
  /** Absent: the provider sets none. */
  readonly budget?: RefreshBudget | undefined
  /** When the refreshes that may count against the budget were taken, ms, the oldest first. */
  readonly taken?: readonly number[] | undefined
}

/** The new values of all three, to be written in one compare-and-set at the rev that was read; `undefined` removes. */
export interface Change {
  readonly version: number
  readonly lease: Lease | undefined
  readonly intent: Intent | undefined
}

/** What one sender sent: kept beside the answer, in memory and as the head of its spill record. Holds no secret. */
export interface Sent {
  readonly rtId: string
  readonly term: number
  readonly owner: string
  readonly attempt: Attempt
  readonly startedAt: number
  readonly deadline: number
}
