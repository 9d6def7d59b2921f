import { judge, type Verdict } from '@credence/refresh-protocol'
import { applyVerdict, isLost, outcomeOf, type VerdictContext, withFailure } from './apply-verdict.ts'
import { finishGivingUp, givingUp } from './give-up.ts'
import { pauseClient } from './pause-client.ts'
import type { Plan } from './plan.ts'
import type { PlanChange } from './plans.ts'
import type { Refresher } from './refresher.ts'
import { replan } from './replan.ts'
import { reportHealth } from './report-health.ts'
import type { RefreshResult } from './token-facts.ts'

/** Why a person must act, in words that the registry, the events and the pages know. */
const REASONS: Readonly<Record<string, string>> = {
  revoked: 'refresh_refused',
  refused_twice: 'refresh_refused',
  needs_user: 'refresh_refused',
  lost: 'in_doubt_lost',
}
/** From the third failure in a row on it is the operator's matter too: a captive portal or a WAF does not go away by itself. */
const ALERT_AFTER = 3

/**
 * Finds out what a refresh that did not succeed means for the credential, and acts on it (REFRESH 4.8). `asked`: the plan that
 * ordered it. An answer that came by a hint too is judged once: a second count would confirm a suspicion by itself.
 */
export async function judgeOutcome(refresher: Refresher, credentialId: string, result: RefreshResult, asked?: Plan): Promise<void> {
  let verdict: Verdict | undefined
  const now = refresher.now()
  const context: VerdictContext = {
    now,
    fraction: refresher.random.fraction(),
    times: refresher.times,
    askUser: result.askUser,
    retryAfterMs: result.answer !== undefined && 'retryAfterMs' in result.answer ? result.answer.retryAfterMs : undefined,
  }
  const plan = await refresher.plans.change(credentialId, (before) => {
    verdict = undefined
    if (before.kind !== 'refresh' || before.version > result.version || isJudged(before, result, asked)) return { do: 'keep' }
    verdict = judge(outcomeOf(result, { version: before.version, now }), { failures: before.failures }, refresher.times)
    const change = changeBy(before, verdict, { context, result })
    return change.do === 'write' ? { ...change, plan: { ...change.plan, judgedAt: judgedAt(before, result) } } : change
  })
  if (plan === undefined || verdict === undefined) return
  tell(refresher, plan, verdict)
  if (verdict.action === 'none') await replan(refresher, [credentialId])
  else if (plan.kind === 'given_up') await finishGivingUp(refresher, credentialId)
  else {
    await reportHealth(refresher, plan, { lastError: upstreamErrorOf(result) ?? verdict.reason })
    if (verdict.action === 'pause_client' && plan.clientId !== undefined) await pauseClient(refresher, plan.clientId, verdict.reason)
  }
}

/** Where nothing was written of the answer its time is that of the one before: then the plan still waits for a verdict. */
function isJudged(plan: Plan, { at }: RefreshResult, asked: Plan | undefined): boolean {
  if (at === undefined || plan.judgedAt?.getTime() !== at) return false
  return asked === undefined || plan.refreshAt?.getTime() !== asked.refreshAt?.getTime()
}

/** By the clock of the vault that has the answer, as a name for it: clocks of two machines are not compared. */
function judgedAt({ judgedAt: before }: Plan, { at }: RefreshResult): Date | undefined {
  return at === undefined ? before : new Date(at)
}

function changeBy(plan: Plan, verdict: Verdict, at: { context: VerdictContext; result: RefreshResult }): PlanChange {
  const { context, result } = at
  if (verdict.action === 'none') return { do: 'keep' }
  const upstreamError = upstreamErrorOf(result)
  if (verdict.action === 'expire') {
    const reason = REASONS[verdict.reason] ?? 'refresh_refused'
    return { do: 'write', plan: givingUp(withFailure(plan, verdict, context.now), { reason, now: context.now, upstreamError }) }
  }
  // Nobody can hold an answer to a token that was not sent since the backup was put back.
  if (isLost(plan, verdict, context) || (result.restored === true && result.askUser)) {
    const reason = result.restored === true ? 'restored' : 'in_doubt_lost'
    return { do: 'write', plan: givingUp(withFailure(plan, verdict, context.now), { reason, now: context.now, upstreamError }) }
  }
  const reason = result.restored === true ? { reason: 'restored' } : {}
  return { do: 'write', plan: { ...applyVerdict(plan, verdict, context), ...reason } }
}

function upstreamErrorOf({ answer }: RefreshResult): string | undefined {
  return answer?.kind === 'error' ? answer.code : undefined
}

function tell(refresher: Refresher, plan: Plan, verdict: Verdict): void {
  refresher.metrics.count('credence_refreshes_total', { class: verdict.class })
  const failure = plan.failures[verdict.class]
  const fields = {
    credential_id: plan.id,
    version: plan.version,
    class: verdict.class,
    outcome: verdict.action,
    reason: verdict.reason,
    attempt: failure?.count,
    client_id: plan.clientId,
    delay_ms: plan.refreshAt === undefined ? undefined : plan.refreshAt.getTime() - refresher.now(),
  }
  if ((failure?.count ?? 0) >= ALERT_AFTER) refresher.log.warn('refresh.keeps_failing', fields)
  else refresher.log.info('refresh.judged', fields)
}
