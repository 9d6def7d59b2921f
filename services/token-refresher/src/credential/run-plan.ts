import { isCoded } from '@credence/errors'
import { backoffMs } from '@credence/refresh-protocol'
import { callBack } from './call-back.ts'
import { endpointWord, type Place } from './client-limits.ts'
import { finishGivingUp, givingUp } from './give-up.ts'
import { judgeOutcome } from './judge-outcome.ts'
import { hold } from './pause-client.ts'
import type { Plan } from './plan.ts'
import type { PlanChange } from './plans.ts'
import type { Refresher } from './refresher.ts'
import { replan } from './replan.ts'
import type { RefreshResult } from './token-facts.ts'

/** Shorter waits would only ask twice for the same answer. */
const SHORTEST_WAIT_MS = 1_000

/** Does what a plan is due for. What the queue says is a hint: the plan is read again, and one that is not due is left alone. */
export async function runPlan(refresher: Refresher, credentialId: string): Promise<void> {
  const plan = await refresher.plans.get(credentialId)
  if (plan?.refreshAt === undefined || plan.refreshAt.getTime() > refresher.now()) return
  if (plan.state === 'paused') await follow(refresher, [credentialId])
  else if (plan.kind === 'given_up') await finishGivingUp(refresher, credentialId)
  else if (plan.kind === 'remind') await remind(refresher, plan)
  else await refresh(refresher, plan)
}

/** A hint about these credentials: plans them by what the vault says, and judges the failures that nobody here has seen. */
export async function follow(refresher: Refresher, ids: readonly string[]): Promise<void> {
  for (const { credentialId, result } of await replan(refresher, ids)) await judgeOutcome(refresher, credentialId, result)
}

async function refresh(refresher: Refresher, plan: Plan): Promise<void> {
  const { id: credentialId, version, project } = plan
  if ((await refresher.clients.paused([plan.clientId])).size > 0) return hold(refresher, plan)
  if (refresher.inFlight.has(credentialId)) return
  const place = refresher.limits.enter(plan.clientId)
  if ('waitUntil' in place) return postpone(refresher, plan, place.waitUntil)
  refresher.inFlight.add(credentialId)
  const lateMs = refresher.now() - (plan.refreshAt?.getTime() ?? refresher.now())
  refresher.metrics.record('credence_refresh_lag_seconds', lateMs / 1000, {})
  try {
    const { result, recovered } = await orderAt(place, () => order(refresher, { credentialId, version, project }, plan))
    await conclude(refresher, plan, result)
    if (recovered && plan.clientId !== undefined) await callBack(refresher, plan.clientId)
  } finally {
    refresher.inFlight.delete(credentialId)
  }
}

async function orderAt(place: Place, send: () => Promise<RefreshResult>): Promise<{ result: RefreshResult; recovered: boolean }> {
  let result: RefreshResult | undefined
  let recovered = false
  try {
    result = await send()
  } finally {
    const { answer } = result ?? {}
    const retryAfterMs = answer !== undefined && 'retryAfterMs' in answer ? answer.retryAfterMs : undefined
    recovered = place.leave(result === undefined ? 'silent' : endpointWord(result), retryAfterMs)
  }
  return { result, recovered }
}

/** A vault that cannot be reached says nothing of the grant: it is asked again, like an endpoint that was not reached. */
async function order(
  refresher: Refresher,
  wanted: { credentialId: string; version: number; project: string },
  plan: Plan,
): Promise<RefreshResult> {
  try {
    return await refresher.vault.refresh(wanted)
  } catch (error) {
    if (!isCoded(error)) throw error
    const { credentialId: credential_id, version } = wanted
    const gone = error.code === 'NOT_FOUND'
    if (!gone) refresher.log.failure('refresh.not_ordered', error, { credential_id, version })
    const nothing = { openIntent: false, replay: false, clientChanged: false, askUser: false }
    return {
      outcome: gone ? 'not_active' : 'failed',
      version,
      answer: { kind: 'not_sent', cause: 'vault_unavailable' },
      refreshClass: plan.refreshClass,
      ...nothing,
    }
  }
}

async function conclude(refresher: Refresher, plan: Plan, result: RefreshResult): Promise<void> {
  const { id: credential_id, version } = plan
  refresher.log.info('refresh.ended', { credential_id, version, outcome: result.outcome })
  if (result.outcome === 'refreshed') refresher.metrics.count('credence_refreshes_total', { class: 'REFRESHED' })
  if (result.outcome === 'moved') refresher.metrics.count('credence_refreshes_total', { class: 'RACE_LOST' })
  switch (result.outcome) {
    case 'failed':
    case 'in_doubt':
    case 'grant_dead':
      return judgeOutcome(refresher, plan.id, result, plan)
    case 'waiting':
      return postpone(refresher, plan, result.waitUntil ?? 0)
    default:
      await replan(refresher, [plan.id], { refreshed: result.outcome === 'refreshed' })
      return postpone(refresher, plan, 0)
  }
}

/** The vault did nothing, and the plan is as it was: without this it would be asked again at once, for ever. */
async function postpone(refresher: Refresher, asked: Plan, until: number): Promise<void> {
  const now = refresher.now()
  const earliest = now + SHORTEST_WAIT_MS + (until > now ? 0 : backoffMs(3, refresher.random.fraction()))
  await refresher.plans.change(asked.id, (plan): PlanChange => {
    const isUntouched = plan.version === asked.version && plan.refreshAt?.getTime() === asked.refreshAt?.getTime()
    if (!isUntouched || plan.kind !== 'refresh') return { do: 'keep' }
    return { do: 'write', plan: { ...plan, refreshAt: new Date(Math.max(until, earliest)) } }
  })
}

/** Says once that the end is near, and gives up when it is there. The vault is asked first: it may hold a newer secret. */
async function remind(refresher: Refresher, due: Plan): Promise<void> {
  await follow(refresher, [due.id])
  const now = refresher.now()
  const plan = await refresher.plans.change(due.id, (before): PlanChange => {
    const { expiresAt } = before
    const isDue = before.refreshAt !== undefined && before.refreshAt.getTime() <= now
    if (before.kind !== 'remind' || !isDue || expiresAt === undefined) return { do: 'keep' }
    if (expiresAt.getTime() <= now) return { do: 'write', plan: givingUp(before, { reason: 'lifetime_over', now }) }
    const data = { version: before.version, reason: 'lifetime_over', expires_at: expiresAt }
    const reminded: Plan = { ...before, refreshAt: expiresAt, remindedAt: new Date(now) }
    const reconnect_url = `${refresher.publicUrl}/r/${before.id}`
    return { do: 'write', plan: reminded, facts: [{ type: 'credential.expiring', data: { ...data, reconnect_url } }] }
  })
  if (plan?.kind === 'given_up') await finishGivingUp(refresher, plan.id)
}
