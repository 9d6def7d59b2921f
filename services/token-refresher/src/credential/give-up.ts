import { CodedError, isCoded } from '@credence/errors'
import { backoffMs } from '@credence/refresh-protocol'
import type { Stored } from '@credence/store'
import { firstFactSeq, type Plan } from './plan.ts'
import type { PlanChange } from './plans.ts'
import type { Refresher } from './refresher.ts'
import { replan } from './replan.ts'
import type { TokenFacts } from './token-facts.ts'

const MAX_TRIES = 20
/** Longer than a registry that is well takes to answer. */
const OWN_TIME_MS = 5_000

export interface GiveUpOrder {
  readonly credentialId: string
  /** The secret that is lost. A newer one is not. */
  readonly version: number
  readonly reason: string
  /** Of the caller; empty: a service that names none. */
  readonly project: string
}

/**
 * Declares a credential lost.
 *
 * G1 The intention is in the plan before anybody is told, so that whoever dies on the way is finished by the due index.
 * G2 The registry has closed the fence before `credential.expired` leaves: who hears it finds it so.
 * G3 The fact is in the write that ends the plan's way, which only one can win: one fact per expiry.
 *
 * Throws NOT_FOUND, CREDENTIAL_DISABLED, and CONFLICT when the version moved; then it is planned anew.
 */
export async function giveUp(refresher: Refresher, order: GiveUpOrder): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    await replan(refresher, [order.credentialId])
    const plan = await refresher.plans.get(order.credentialId)
    const [token] = await refresher.vault.tokens([order.credentialId])
    const change = intention(plan, token, { order, now: refresher.now() })
    if (change === undefined || !(await refresher.plans.tryChange(plan, change))) continue
    return finishGivingUp(refresher, order.credentialId)
  }
  throw new CodedError('CONFLICT', undefined, { credentialId: order.credentialId })
}

/** G1: the plan on its way to be given up. Whoever writes it goes on at once; the due index is for the case that he dies. */
export function givingUp(
  plan: Plan,
  at: { readonly reason: string; readonly now: number; readonly upstreamError?: string | undefined },
): Plan {
  const { reason, upstreamError } = at
  return { ...plan, kind: 'given_up', state: 'planned', refreshAt: new Date(at.now + OWN_TIME_MS), reason, upstreamError }
}

/** Goes the way to its end: registry, then fact. Does nothing for a plan that is not on it. */
export async function finishGivingUp(refresher: Refresher, id: string): Promise<void> {
  const plan = await refresher.plans.get(id)
  if (plan === undefined || !isOnItsWay(plan)) return
  const reason = plan.reason ?? 'refresh_refused'
  const { version, project } = plan
  try {
    const { reconnectUrl } = await refresher.registry.markExpired({ credentialId: id, version, project }, reason)
    await conclude(refresher, plan, reconnectUrl)
  } catch (error) {
    await refused(refresher, plan, error)
    throw error
  }
}

function isOnItsWay(plan: Plan): boolean {
  return plan.kind === 'given_up' && plan.state === 'planned'
}

/** Undefined: the plan is not in line with the vault. */
function intention(
  plan: Stored<Plan> | undefined,
  token: TokenFacts | undefined,
  at: { order: GiveUpOrder; now: number },
): PlanChange | undefined {
  const { credentialId, version, reason, project } = at.order
  const isForeign = project !== '' && token?.project !== project
  if (token === undefined || token.state === 'deleted' || isForeign) throw new CodedError('NOT_FOUND', undefined, { credentialId })
  if (plan?.kind === 'given_up' && plan.state !== 'paused' && (plan.version === version || token.state === 'expired')) return { do: 'keep' }
  if (token.version !== version) {
    throw new CodedError('CONFLICT', 'The secret was replaced since.', { credentialId, facts: { version: String(token.version) } })
  }
  if (token.state === 'disabled') throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId })
  if (plan !== undefined && plan.version !== version) return undefined
  return { do: 'write', plan: givingUp(plan ?? bare(token, at.now), { reason, now: at.now }) }
}

/** A plan for a secret that neither ends by itself nor can be refreshed. */
function bare(token: TokenFacts, now: number): Plan {
  return {
    id: token.credentialId,
    v: 1,
    project: token.project,
    kind: 'remind',
    state: 'planned',
    version: token.version,
    issuedAt: new Date(token.issuedAt ?? now),
    refreshClass: token.refreshClass,
    clientId: token.clientId,
    failures: {},
    outbox: [],
    factSeq: firstFactSeq(now),
  }
}

/** G3. */
async function conclude(refresher: Refresher, marked: Plan, reconnectUrl: string): Promise<void> {
  const expiredAt = new Date(refresher.now())
  const done = await refresher.plans.change(marked.id, (plan) => {
    if (!isOnItsWay(plan) || plan.version !== marked.version) return { do: 'keep' }
    const data = {
      version: plan.version,
      reason: plan.reason,
      expires_at: plan.expiresAt,
      expired_at: expiredAt,
      reconnect_url: reconnectUrl,
      upstream_error: plan.upstreamError,
    }
    const ended: Plan = { ...plan, state: 'expired', refreshAt: undefined }
    return { do: 'write', plan: ended, facts: [{ type: 'credential.expired', data }] }
  })
  refresher.log.warn('credential.given_up', { credential_id: marked.id, version: marked.version, reason: done?.reason ?? marked.reason })
}

/** The registry did not take it: what that says decides how the plan goes on. */
async function refused(refresher: Refresher, marked: Plan, error: unknown): Promise<void> {
  if (!isCoded(error)) return
  const { id } = marked
  const retryAt = new Date(refresher.now() + backoffMs(3, refresher.random.fraction()))
  const onTheWay = (next: (plan: Plan) => Plan) =>
    refresher.plans.change(id, (plan) =>
      isOnItsWay(plan) && plan.version === marked.version ? { do: 'write', plan: next(plan) } : { do: 'keep' },
    )
  switch (error.code) {
    case 'CONFLICT':
      await onTheWay((plan) => ({ ...plan, kind: 'refresh', state: 'backing_off', refreshAt: retryAt, reason: undefined }))
      await replan(refresher, [id])
      break
    case 'ILLEGAL_MOVE':
      await onTheWay((plan) => ({ ...plan, state: 'paused', refreshAt: undefined, reason: 'disabled' }))
      break
    case 'NOT_FOUND':
      await onTheWay((plan) => ({ ...plan, refreshAt: retryAt }))
      await replan(refresher, [id])
      break
    default:
      await onTheWay((plan) => ({ ...plan, refreshAt: retryAt }))
  }
}
