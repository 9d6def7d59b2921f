import { type RefreshClass, type Refusal, refusalOf, spentness, type TokenAnswer } from './answer.ts'
import { DEFAULT_REFRESH_TIMES, REPLAY_MARGIN_MS, type RefreshTimes } from './times.ts'

export type VerdictClass =
  | 'RACE_LOST'
  | 'TRANSIENT'
  | 'IN_DOUBT'
  | 'REFRESHED'
  | 'THROTTLED'
  | 'CONFIG'
  | 'NEEDS_USER'
  | 'PERMANENT'
  | 'SUSPECT'

/** One refresh as it ended, after its answer was saved. */
export interface Outcome {
  readonly answer: TokenAnswer
  readonly refreshClass: RefreshClass
  /** Somebody else moved the version since it was read. */
  readonly storeMoved: boolean
  /** The intent is still open: what became of the token is not known. Also when nothing was sent because of it. */
  readonly openIntent: boolean
  /** Another attempt at this token came before: `replay` or `last_resort`. */
  readonly replay: boolean
  /** The OAuth client's id or secret is not the one that the grant was made with. */
  readonly clientChangedSinceConnect: boolean
  /** When the answer came, ms. */
  readonly at: number
}

/** The failures of this version so far, without the outcome that is judged. Forgotten when the version moves. */
export interface History {
  readonly failures: Readonly<Partial<Record<VerdictClass, { readonly count: number; readonly first: number; readonly last: number }>>>
}

/**
 * `none`: use what is stored · `back_off`: again after `backoffMs` · `wait`: again after `retryAfterMs`, not earlier ·
 * `pause_client`: stop every refresh of this OAuth client and tell the operator · `confirm`: ask once more after
 * `retryAfterMs` · `expire`: the grant is dead, a person must reconnect · `hold`: nothing by itself; the state says why.
 */
export type VerdictAction = 'none' | 'back_off' | 'wait' | 'pause_client' | 'confirm' | 'expire' | 'hold'

export interface Verdict {
  readonly class: VerdictClass
  readonly action: VerdictAction
  readonly retryAfterMs?: number
  /** A word for logs, events and people: never text from outside. */
  readonly reason: string
}

const MAX_RETRY_AFTER_MS = 3_600_000

/** What one outcome means for the credential (REFRESH 4.8, in its order). Answers for every outcome; `expire` is rare on purpose. */
export function judge(
  outcome: Outcome,
  history: History,
  times: Pick<RefreshTimes, 'confirmMs' | 'deadlineMs'> = DEFAULT_REFRESH_TIMES,
): Verdict {
  const { answer } = outcome
  if (outcome.storeMoved) return { class: 'RACE_LOST', action: 'none', reason: 'store_moved' }
  if (answer.kind === 'tokens')
    return { class: 'REFRESHED', action: 'none', reason: answer.refreshToken === 'different' ? 'rotated' : 'kept' }
  const refusal = answer.kind === 'error' || answer.kind === 'unreadable' ? refusalOf(answer) : undefined
  // These speak of the endpoint or the client, not of the grant: an open intent changes nothing about what to do.
  if (refusal === 'throttled') return throttled(answer)
  if (refusal === 'config') return { class: 'CONFIG', action: 'pause_client', reason: 'client_refused' }
  if (outcome.openIntent || spentness(answer, outcome.refreshClass) === 'unknown') return inDoubt(outcome, times.deadlineMs)
  if (refusal === undefined) return { class: 'TRANSIENT', action: 'back_off', reason: 'not_sent' }
  return judgeRefusal(refusal, { outcome, history, confirmMs: times.confirmMs })
}

function throttled(answer: TokenAnswer): Verdict {
  const stated = 'retryAfterMs' in answer ? answer.retryAfterMs : undefined
  if (stated === undefined) return { class: 'THROTTLED', action: 'back_off', reason: 'throttled' }
  return { class: 'THROTTLED', action: 'wait', retryAfterMs: Math.min(Math.max(stated, 0), MAX_RETRY_AFTER_MS), reason: 'throttled' }
}

/** What follows from doubt is the rule of 4.4: when may the token be sent again? */
function inDoubt(outcome: Outcome, deadlineMs: number): Verdict {
  const reason = outcome.replay ? 'replay_undecided' : 'outcome_unknown'
  switch (outcome.refreshClass) {
    case 'static':
    case 'grace':
      return { class: 'IN_DOUBT', action: 'back_off', reason }
    case 'reject':
      if (outcome.replay) return { class: 'IN_DOUBT', action: 'hold', reason }
      return { class: 'IN_DOUBT', action: 'wait', retryAfterMs: deadlineMs + REPLAY_MARGIN_MS, reason }
    case 'strict':
      return { class: 'IN_DOUBT', action: 'hold', reason }
  }
}

function judgeRefusal(
  refusal: Exclude<Refusal, 'throttled' | 'config'>,
  at: { readonly outcome: Outcome; readonly history: History; readonly confirmMs: number },
): Verdict {
  const { outcome } = at
  const ofGrant = refusal === 'grant' || refusal === 'permanent'
  // Its owner's own change of the client explains the refusal: those grants need a decision, not a funeral.
  if (ofGrant && outcome.clientChangedSinceConnect) return { class: 'CONFIG', action: 'hold', reason: 'client_changed' }
  switch (refusal) {
    case 'permanent':
      return { class: 'PERMANENT', action: 'expire', reason: 'revoked' }
    case 'needs_user':
      return { class: 'NEEDS_USER', action: 'expire', reason: 'needs_user' }
    case 'grant':
      // The intent was closed by a refused last resort: nobody can hold an answer, so there is nothing to confirm.
      if (outcome.replay && outcome.refreshClass !== 'static') return { class: 'PERMANENT', action: 'expire', reason: 'lost' }
      return suspect(outcome, at.history, { confirmMs: at.confirmMs })
    case 'server':
    case 'transient':
    case 'unknown_code':
    case 'no_code':
      return { class: 'TRANSIENT', action: 'back_off', reason: refusal === 'no_code' ? 'unreadable' : refusal }
  }
}

/** An answer that comes sooner than the confirmation was due confirms nothing: both may come from one bad moment. */
function suspect(outcome: Outcome, history: History, { confirmMs }: { readonly confirmMs: number }): Verdict {
  const before = history.failures.SUSPECT
  const sinceMs = before === undefined ? 0 : outcome.at - before.first
  if (before !== undefined && sinceMs >= confirmMs) return { class: 'SUSPECT', action: 'expire', reason: 'refused_twice' }
  return { class: 'SUSPECT', action: 'confirm', retryAfterMs: Math.min(confirmMs, Math.max(confirmMs - sinceMs, 0)), reason: 'refused' }
}
