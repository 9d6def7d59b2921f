import type { RefreshClass } from './answer.ts'
import type { Attempt } from './record.ts'
import { REPLAY_MARGIN_MS } from './times.ts'

export interface OpenIntent {
  readonly refreshClass: RefreshClass
  readonly intent: {
    readonly attempt: Attempt
    readonly deadline: number
    /** Every sender is provably gone: silent for OWNER_GONE, stopped cleanly, or known to hold nothing. */
    readonly ownerGone: boolean
    /** Every sender's spill was replayed, or declared lost by the operator. */
    readonly spillReplayed: boolean
  }
  /** When the access token ends; absent when unknown, which counts as alive. */
  readonly accessTokenExpiresAt?: number | undefined
  /** The API answered 401 with it: it has ended, whatever it said. */
  readonly accessTokenRefused?: boolean | undefined
  readonly now: number
}

/**
 * `take_over` and `last_resort`: POST the same token again under one's own term. After a refused `last_resort` the grant is
 * dead, because nobody can hold an answer. `in_doubt`: keep serving the old access token. `ask_user`: in doubt, and there
 * is nothing left to serve.
 */
export type OpenIntentRule = 'take_over' | 'last_resort' | 'wait' | 'in_doubt' | 'ask_user'

/** What to do about a token that somebody sent without recording what became of it (REFRESH 4.4). */
export function openIntentRule(open: OpenIntent): OpenIntentRule {
  const { refreshClass, intent, now } = open
  if (refreshClass === 'static') return 'take_over'
  const ended = open.accessTokenRefused === true || (open.accessTokenExpiresAt !== undefined && open.accessTokenExpiresAt <= now)
  const nobodyHoldsAnAnswer = intent.ownerGone && intent.spillReplayed
  // A replay that answers again costs nothing, so grace never runs out of attempts; only the last kind can prove death.
  if (refreshClass === 'grace') return ended && nobodyHoldsAnAnswer ? 'last_resort' : 'take_over'
  const mayStillArrive = now < intent.deadline + REPLAY_MARGIN_MS
  if (refreshClass === 'reject' && mayStillArrive) return 'wait'
  if (ended && nobodyHoldsAnAnswer && intent.attempt !== 'last_resort') return mayStillArrive ? 'wait' : 'last_resort'
  if (refreshClass === 'reject' && intent.attempt === 'first') return 'take_over'
  return ended ? 'ask_user' : 'in_doubt'
}
