import { isCoded } from '@credence/errors'
import { healthOf, type Plan, type Report } from './plan.ts'
import type { Refresher } from './refresher.ts'

export interface ReportOptions {
  /** The provider has just accepted the grant: whatever was thought of it before, it is well. */
  readonly refreshed?: boolean
  readonly lastError?: string | undefined
}

/**
 * Tells the registry how a credential is, if that is news. What could not be told stays news, and is told by the next
 * comparison of all plans: a registry that is down holds nothing up here.
 */
export async function reportHealth(refresher: Refresher, plan: Plan, options: ReportOptions = {}): Promise<void> {
  const { refreshed = false, lastError } = options
  if (plan.kind === 'given_up' || (!refreshed && lastError === undefined && isReported(plan))) return
  const report: Report = { version: plan.version, health: healthOf(plan) }
  const error = lastError === undefined ? {} : { lastError: { code: lastError, at: new Date(refresher.now()) } }
  const told = { health: refreshed && plan.state === 'planned' ? 'ok' : wordFor(plan, report), expiresAt: plan.expiresAt, ...error }
  try {
    await refresher.registry.reportHealth({ credentialId: plan.id, project: plan.project, version: plan.version }, told)
  } catch (error) {
    if (!isCoded(error)) throw error
    if (error.code !== 'NOT_FOUND') refresher.log.failure('health.report_failed', error, { credential_id: plan.id, health: report.health })
    return
  }
  await refresher.plans.change(plan.id, (now) => {
    if (now.version !== report.version || sameReport(now.reported, report)) return { do: 'keep' }
    return { do: 'write', plan: { ...now, reported: report } }
  })
}

export function isReported(plan: Plan): boolean {
  return plan.kind === 'given_up' || sameReport(plan.reported, { version: plan.version, health: healthOf(plan) })
}

function sameReport(one: Report | undefined, other: Report): boolean {
  return one?.version === other.version && one.health === other.health
}

/** `ok` takes back only what was said here: `unverified` is the verifier's word and stays. */
function wordFor(plan: Plan, report: Report): string {
  if (report.health !== 'ok') return report.health
  return plan.reported === undefined || plan.reported.health === 'ok' ? '' : 'ok'
}
