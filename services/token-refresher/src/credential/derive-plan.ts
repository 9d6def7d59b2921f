import type { NewFact } from '@credence/events'
import { firstFactSeq, type Plan } from './plan.ts'
import { announcedAt, type PlannedRefresh, planRefresh, spreadOf } from './plan-refresh.ts'
import type { PlanChange } from './plans.ts'
import type { TokenFacts } from './token-facts.ts'

export interface DeriveContext {
  readonly now: number
  readonly clientPaused: boolean
  /** Without a slash at its end. */
  readonly publicUrl: string
}

const KEEP: PlanChange = { do: 'keep' }
/** Nobody can act on a warning that comes later. */
const LATEST_REMINDER_MS = 5 * 60_000
/** Clocks of a platform are closer together. What was issued later than that in the future, was so before a clock was set back. */
const MOST_AHEAD_MS = 60_000
const SAME_END_MS = 3_600_000
/** Tokens that are refreshed because of a clock are not all refreshed at once. */
const AHEAD_SPREAD_MS = 5 * 60_000

/**
 * What becomes of a plan when the vault says `token`. Pure, and idempotent: the same facts a second time keep it as it is,
 * so a repeated or forged hint changes nothing.
 */
export function derivePlan(plan: Plan | undefined, token: TokenFacts | undefined, context: DeriveContext): PlanChange {
  if (token === undefined || token.state === 'deleted') return plan === undefined ? KEEP : { do: 'remove' }
  if (plan?.kind === 'given_up' && staysGivenUp(plan, token)) return KEEP
  const planned = planRefresh(plannedToken(plan, token, context.now), {
    credentialId: token.credentialId,
    now: context.now,
    first: isFirst(plan, token),
  })
  if (token.state === 'expired') return { do: 'write', plan: ended(plan, token, context.now) }
  const recovers = plan?.kind === 'given_up' && plan.state === 'expired'
  if (planned.kind === 'none' && !recovers) return plan === undefined ? KEEP : { do: 'remove' }
  const next = inTime(fresh(plan, token, { planned, now: context.now }), context.now)
  const wanted = pausedFor(next, token, context)
  const announced = announce(plan, wanted, { token, context })
  if (announced !== undefined) return { do: 'write', plan: announced.plan, facts: [...(recovers ? [recovered(next)] : []), announced.fact] }
  if (plan !== undefined && isSame(plan, wanted) && inTime(plan, context.now) === plan) return KEEP
  return recovers ? { do: 'write', plan: wanted, facts: [recovered(next)] } : { do: 'write', plan: wanted }
}

function recovered({ version, expiresAt }: Plan): NewFact {
  return { type: 'credential.recovered', data: { version, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) } }
}

/** The end of a grant that is refreshed until then is told once, in time for a person to reconnect. */
function announce(
  plan: Plan | undefined,
  wanted: Plan,
  { token, context }: { readonly token: TokenFacts; readonly context: DeriveContext },
): { readonly plan: Plan; readonly fact: NewFact } | undefined {
  const { grantEndsAt } = wanted
  if (grantEndsAt === undefined || wanted.kind !== 'refresh' || wanted.state === 'paused') return undefined
  const at = announcedAt({ ...token, issuedAt: wanted.issuedAt.getTime() })
  const isTold = plan?.remindedAt !== undefined && isSameEnd(plan, token)
  if (isTold || at === undefined || at > context.now) return undefined
  const data = { version: token.version, reason: 'lifetime_over', expires_at: grantEndsAt }
  const base = plan !== undefined && isSame(plan, wanted) ? plan : wanted
  return {
    plan: { ...base, grantEndsAt, remindedAt: new Date(context.now) },
    fact: { type: 'credential.expiring', data: { ...data, reconnect_url: `${context.publicUrl}/r/${token.credentialId}` } },
  }
}

/** Only a newer secret that is in force ends it: an answer that came late leaves the fence closed, and a person is asked already. */
function staysGivenUp(plan: Plan, token: TokenFacts): boolean {
  if (plan.state === 'paused') return token.state !== 'active'
  return token.version <= plan.version || token.state !== 'active'
}

/** The spread of a whole import, and of what was connected anew. A version above 1 without a plan is a plan that was lost. */
function isFirst(plan: Plan | undefined, token: TokenFacts): boolean {
  return token.version === 1 || plan?.kind === 'given_up'
}

/** A static secret has no time of issue; the first sight of it stands for one. */
function plannedToken(plan: Plan | undefined, token: TokenFacts, now: number) {
  const seenAt = plan?.version === token.version ? plan.issuedAt.getTime() : now
  return { ...token, issuedAt: token.issuedAt ?? seenAt }
}

function fresh(plan: Plan | undefined, token: TokenFacts, at: { planned: PlannedRefresh; now: number }): Plan {
  const { planned } = at
  const isKnown = plan?.version === token.version
  const expiresAt = 'expiresAt' in planned ? planned.expiresAt : undefined
  return {
    ...common(plan, token, at.now),
    kind: planned.kind === 'refresh' ? 'refresh' : 'remind',
    state: 'planned',
    refreshAt: dueAt(planned, isKnown ? plan.remindedAt : undefined),
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    failures: isKnown ? plan.failures : {},
    judgedAt: isKnown || plan === undefined ? judgedBefore(plan, token) : undefined,
    remindedAt: isKnown || isSameEnd(plan, token) ? plan?.remindedAt : undefined,
    grantEndsAt: token.grantEndsAt === undefined ? undefined : new Date(token.grantEndsAt),
    reason: undefined,
    upstreamError: undefined,
  }
}

/** A server that tells the seconds that are left means the same end each time. */
function isSameEnd(plan: Plan | undefined, { grantEndsAt }: TokenFacts): boolean {
  const before = plan?.grantEndsAt?.getTime()
  return grantEndsAt !== undefined && before !== undefined && Math.abs(before - grantEndsAt) < SAME_END_MS
}

/** For a plan made from nothing the last failure is history: it may be of a time before an operator mended things. */
function judgedBefore(plan: Plan | undefined, token: TokenFacts): Date | undefined {
  if (plan !== undefined) return plan.judgedAt
  return token.lastRefresh?.at === undefined ? undefined : new Date(token.lastRefresh.at)
}

/** Times that a clock has given which was ahead say nothing of when the token really ends: it is refreshed soon. */
function inTime(plan: Plan, now: number): Plan {
  const { kind, issuedAt, refreshAt } = plan
  if (kind !== 'refresh' || issuedAt.getTime() <= now + MOST_AHEAD_MS || refreshAt === undefined) return plan
  const soonest = now + spreadOf(plan.id, plan.version) * AHEAD_SPREAD_MS
  return refreshAt.getTime() <= now + AHEAD_SPREAD_MS ? plan : { ...plan, refreshAt: new Date(Math.trunc(soonest)) }
}

function dueAt(planned: PlannedRefresh, remindedAt: Date | undefined): Date | undefined {
  if (planned.kind === 'none') return undefined
  if (planned.kind === 'refresh') return new Date(planned.refreshAt)
  if (remindedAt !== undefined) return new Date(planned.expiresAt)
  return new Date(Math.min(planned.refreshAt, planned.expiresAt - LATEST_REMINDER_MS))
}

function common(plan: Plan | undefined, token: TokenFacts, now: number) {
  return {
    ...plan,
    id: token.credentialId,
    v: 1,
    project: token.project,
    version: token.version,
    issuedAt: new Date(plannedToken(plan, token, now).issuedAt),
    refreshClass: token.refreshClass,
    clientId: token.clientId,
    outbox: plan?.outbox ?? [],
    factSeq: plan?.factSeq ?? firstFactSeq(now),
    reported: reportedBy(plan, token),
  }
}

/** A new version of a credential that is well is told once, in passing: one write less per refresh. */
function reportedBy(plan: Plan | undefined, token: TokenFacts): Plan['reported'] {
  if (plan !== undefined && plan.reported?.health !== 'ok') return plan.reported
  return { version: token.version, health: 'ok' }
}

/** The registry closed it and no plan says so: the plan was lost, not the word. It is not told a second time. */
function ended(plan: Plan | undefined, token: TokenFacts, now: number): Plan {
  const expiresAt = token.expiresAt === undefined ? undefined : new Date(token.expiresAt)
  const kept = { failures: plan?.failures ?? {}, judgedAt: plan?.judgedAt }
  return { ...common(plan, token, now), ...kept, kind: 'given_up', state: 'expired', refreshAt: undefined, expiresAt, reason: 'expired' }
}

/** A disabled credential gets no call at all; a paused client holds what it would refresh, and nothing else. */
function pausedFor(plan: Plan, token: TokenFacts, context: DeriveContext): Plan {
  if (token.state === 'disabled') return { ...plan, state: 'paused', reason: 'disabled', refreshAt: undefined }
  if (context.clientPaused && plan.kind === 'refresh') return { ...plan, state: 'paused', reason: 'client_paused', refreshAt: undefined }
  return plan
}

/** The same secret under the same circumstances: times that a failure has set, and failures themselves, stand. */
function isSame(plan: Plan, wanted: Plan): boolean {
  if (secretOf(plan) !== secretOf(wanted)) return false
  if (plan.state !== 'paused') return wanted.state !== 'paused'
  if (wanted.state === 'paused') return plan.reason === wanted.reason || (isHeld(plan) && wanted.reason !== 'disabled')
  return isHeld(plan)
}

function secretOf({ kind, version, project, refreshClass, clientId, issuedAt, expiresAt, grantEndsAt }: Plan): string {
  return JSON.stringify([kind, version, project, refreshClass, clientId, issuedAt, expiresAt, grantEndsAt])
}

/** Held until the operator says a word. */
function isHeld(plan: Plan): boolean {
  return plan.reason === 'client_changed' || plan.reason === 'client_refused'
}
