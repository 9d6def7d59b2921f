import { isCoded } from '@credence/errors'
import { healthOf, type Plan, type Report } from './plan.ts'
import type { Refresher } from './refresher.ts'

export interface ReportOptions {
  /** The provider has just accepted the grant: whatever was thought of it before, it is well. */
  readonly refreshed?: boolean
  /** The version is new. */
  readonly moved?: boolean
  readonly lastError?: string | undefined
}

/**
 * Tells the registry how a credential is, if that is news. What could not be told stays news, and is told by the next
 * comparison of all plans: a registry that is down holds nothing up here.
 */
export async function reportHealth(refresher: Refresher, plan: Plan, options: ReportOptions = {}): Promise<void> {
  const { refreshed = false, moved = false, lastError } = options
  const isOld = isReported(plan)
  if (plan.kind === 'given_up' || (isOld && !refreshed && !moved && lastError === undefined)) return
  const report: Report = { version: plan.version, health: healthOf(plan) }
  const about = { credentialId: plan.id, project: plan.project, version: plan.version }
  const error = lastError === undefined ? {} : { lastError: { code: lastError, at: new Date(refresher.now()) } }
  const health = refreshed && plan.state === 'planned' ? 'ok' : wordFor(plan, report)
  try {
    await refresher.registry.reportHealth(about, { health, expiresAt: plan.expiresAt, ...error })
    if (!isOld) await remember(refresher, plan, report)
  } catch (error) {
    if (!isCoded(error)) throw error
    if (error.code === 'NOT_FOUND') return
    refresher.log.failure('health.report_failed', error, { credential_id: plan.id, health: report.health })
    if (isOld) await remember(refresher, plan, undefined)
  }
}

/** What was told. Of a plan that has changed since, nothing is known: it has its own report. */
async function remember(refresher: Refresher, told: Plan, reported: Report | undefined): Promise<void> {
  await refresher.plans.change(told.id, (plan) => {
    const isSame = plan.version === told.version && healthOf(plan) === healthOf(told)
    return isSame ? { do: 'write', plan: { ...plan, reported } } : { do: 'keep' }
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
