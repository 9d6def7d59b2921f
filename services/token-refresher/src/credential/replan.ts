import type { Stored } from '@credence/store'
import { derivePlan } from './derive-plan.ts'
import type { Plan } from './plan.ts'
import type { Refresher } from './refresher.ts'
import { reportHealth } from './report-health.ts'
import type { RefreshResult, TokenFacts } from './token-facts.ts'

/** A refresh that somebody else ordered and that failed: what it means was not judged yet. */
export interface Unjudged {
  readonly credentialId: string
  readonly result: RefreshResult
}

export interface ReplanOptions {
  /** They were refreshed by our own order just now. */
  readonly refreshed?: boolean
}

const MAX_TRIES = 20

/**
 * Brings plans in line with what the vault says of these credentials. The plan is read before the token, and written at
 * the rev that was read: what the vault said is never older than what it replaces.
 */
export async function replan(refresher: Refresher, ids: readonly string[], options: ReplanOptions = {}): Promise<Unjudged[]> {
  const unjudged: Unjudged[] = []
  let left: readonly string[] = [...new Set(ids)]
  for (let tries = 0; left.length > 0 && tries < MAX_TRIES; tries++) {
    const plans = await Promise.all(left.map((id) => refresher.plans.get(id)))
    const tokens = new Map((await refresher.vault.tokens(left)).map((token) => [token.credentialId, token]))
    const paused = await refresher.clients.paused([...tokens.values()].map((token) => token.clientId))
    const settled = await Promise.all(left.map((id, i) => settle(refresher, { plan: plans[i], token: tokens.get(id), paused, options })))
    for (const [i, id] of left.entries()) {
      const last = unjudgedOf(refresher, plans[i], tokens.get(id))
      if (settled[i] && last !== undefined) unjudged.push({ credentialId: id, result: last })
    }
    left = left.filter((_, i) => !settled[i])
  }
  return unjudged
}

/** False: the plan changed in the meantime. */
async function settle(
  refresher: Refresher,
  at: { plan: Stored<Plan> | undefined; token: TokenFacts | undefined; paused: ReadonlySet<string>; options: ReplanOptions },
): Promise<boolean> {
  const { plan, token, paused, options } = at
  const clientPaused = token?.clientId !== undefined && paused.has(token.clientId)
  const change = derivePlan(plan, token, { now: refresher.now(), clientPaused, publicUrl: refresher.publicUrl })
  if (change.do === 'keep') {
    if (plan !== undefined) await reportHealth(refresher, plan, options)
    return true
  }
  if (!(await refresher.plans.tryChange(plan, change))) return false
  if (change.do === 'write') {
    const { id: credential_id, version, kind } = change.plan
    refresher.log.info('plan.written', { credential_id, version, class: kind, outcome: change.plan.state })
    await reportHealth(refresher, change.plan, { ...options, moved: plan !== undefined && plan.version !== version })
  }
  return true
}

/** Also the first failure of a version that the plan has just heard of; what is under way here is judged where it ends. */
function unjudgedOf(refresher: Refresher, plan: Plan | undefined, token: TokenFacts | undefined): RefreshResult | undefined {
  const last = token?.lastRefresh
  if (plan === undefined || token?.state !== 'active' || last?.at === undefined || refresher.inFlight.has(plan.id)) return undefined
  const judgedAt = plan.version === token.version ? (plan.judgedAt?.getTime() ?? 0) : 0
  return last.at === judgedAt ? undefined : last
}
