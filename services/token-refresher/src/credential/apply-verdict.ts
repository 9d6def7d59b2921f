import { backoffMs, type Outcome, type RefreshTimes, type Verdict } from '@credence/refresh-protocol'
import type { PauseReason, Plan, PlanState } from './plan.ts'
import type { RefreshResult } from './token-facts.ts'

export interface VerdictContext {
  readonly now: number
  /** Uniform in [0, 1). */
  readonly fraction: number
  readonly times: Pick<RefreshTimes, 'confirmMs' | 'ownerGoneMs'>
  /** The access token has ended while the outcome is in doubt. */
  readonly askUser: boolean
  /** What the endpoint asked for, where the verdict does not repeat it. */
  readonly retryAfterMs?: number | undefined
}

const DAY_MS = 24 * 3_600_000
const STATES: Readonly<Partial<Record<Verdict['class'], PlanState>>> = {
  TRANSIENT: 'backing_off',
  THROTTLED: 'throttled',
  SUSPECT: 'suspect',
  IN_DOUBT: 'in_doubt',
  CONFIG: 'paused',
}

/** The outcome in the form that `judge` takes. Nothing sent because of an open intent counts as an answer that was lost. */
export function outcomeOf(result: RefreshResult, at: { readonly version: number; readonly now: number }): Outcome {
  const { refreshClass, clientChanged: clientChangedSinceConnect } = result
  const common = { refreshClass, clientChangedSinceConnect, storeMoved: result.version > at.version, at: at.now }
  if (result.outcome === 'grant_dead') {
    const answer = { kind: 'error', status: 400, code: 'invalid_grant' } as const
    return { ...common, answer, openIntent: false, replay: true }
  }
  if (result.outcome === 'in_doubt') {
    return { ...common, answer: { kind: 'lost', cause: 'open_intent' }, openIntent: true, replay: true }
  }
  const answer = result.answer ?? { kind: 'not_sent' as const, cause: 'no_answer' }
  return { ...common, answer, openIntent: result.openIntent, replay: result.replay }
}

/** The failure in the plan's history. Forgotten when the version moves. */
export function withFailure(plan: Plan, verdict: Verdict, now: number): Plan {
  const before = plan.failures[verdict.class]
  const failure = { count: (before?.count ?? 0) + 1, first: before?.first ?? now, last: now }
  return { ...plan, failures: { ...plan.failures, [verdict.class]: failure } }
}

/** The plan after a verdict that leaves the credential alive: what it is called, and when it is asked again. Pure. */
export function applyVerdict(plan: Plan, verdict: Verdict, context: VerdictContext): Plan {
  const counted = withFailure(plan, verdict, context.now)
  const state = STATES[verdict.class] ?? 'backing_off'
  if (state === 'paused') return { ...counted, state, reason: pauseReason(plan, verdict), refreshAt: undefined }
  return { ...counted, state, refreshAt: new Date(againAt(counted, verdict, context)) }
}

/** True when nobody who may hold the answer can still come: the doubt is older than the silence after which an owner is gone. */
export function isLost(plan: Plan, verdict: Verdict, context: VerdictContext): boolean {
  if (!context.askUser || verdict.class !== 'IN_DOUBT') return false
  const since = plan.failures.IN_DOUBT?.first
  return since !== undefined && context.now - since >= context.times.ownerGoneMs
}

function pauseReason(plan: Plan, verdict: Verdict): PauseReason {
  if (verdict.action === 'hold') return 'client_changed'
  return plan.clientId === undefined ? 'client_refused' : 'client_paused'
}

function againAt(plan: Plan, verdict: Verdict, context: VerdictContext): number {
  const { now, fraction } = context
  const failures = plan.failures[verdict.class]?.count ?? 1
  switch (verdict.action) {
    case 'confirm':
      return now + (verdict.retryAfterMs ?? context.times.confirmMs)
    case 'hold':
      return lookAgainAt(plan, failures, context)
    default:
      return now + backoffMs(failures, fraction, { retryAfterMs: verdict.retryAfterMs ?? context.retryAfterMs })
  }
}

/**
 * A held token may be sent again only after the access token's end, as a last resort (REFRESH 4.4), so that is when the
 * vault is asked again; from then on until its owner is provably gone. Without a known end a 401 comes sooner than the daily look.
 */
function lookAgainAt(plan: Plan, failures: number, { now, fraction, times, askUser }: VerdictContext): number {
  if (askUser) return Math.min(now + times.confirmMs, (plan.failures.IN_DOUBT?.first ?? now) + times.ownerGoneMs)
  if (plan.expiresAt === undefined) return now + DAY_MS
  if (plan.expiresAt.getTime() > now) return plan.expiresAt.getTime()
  return now + Math.max(times.confirmMs, backoffMs(failures, fraction))
}
