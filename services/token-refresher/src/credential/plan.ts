import type { CredentialHealth } from '@credence/credential'
import { type HasOutbox, OUTBOX_INDEX } from '@credence/events'
import type { History, RefreshClass } from '@credence/refresh-protocol'
import type { IndexSpec } from '@credence/store'

/** `refresh`: a grant that is kept alive · `remind`: it ends, and only a person can renew it · `given_up`: a person must reconnect. */
export type PlanKind = 'refresh' | 'remind' | 'given_up'

/**
 * `planned`: nothing is wrong (a `given_up` plan is on its way to the registry) · `backing_off`, `throttled`, `suspect`,
 * `in_doubt`: how the last refresh failed · `paused`: no call is made, `reason` says why · `expired`: everybody was told.
 */
export type PlanState = 'planned' | 'backing_off' | 'throttled' | 'suspect' | 'in_doubt' | 'paused' | 'expired'

/**
 * Why a plan is paused. `client_paused` ends with the pause of its client; `client_changed` (the grant was made with another
 * OAuth client) and `client_refused` (no client is known to pause) only by a word of the operator.
 */
export type PauseReason = 'disabled' | 'client_paused' | 'client_changed' | 'client_refused' | 'deleted'

/** When one credential is refreshed next, and what is known of its troubles. Its id is the credential's. */
export interface Plan extends HasOutbox {
  readonly project: string
  readonly kind: PlanKind
  readonly state: PlanState
  /** Of the secret. Failures and times are about this one only. */
  readonly version: number
  readonly issuedAt: Date
  /** When it is due. Absent while nothing is: paused or expired. The due index holds only what is due some day. */
  readonly refreshAt?: Date | undefined
  readonly expiresAt?: Date | undefined
  readonly refreshClass: RefreshClass
  /** `ocl_…`; absent for a secret without OAuth client. */
  readonly clientId?: string | undefined
  /** Per verdict class: how often, and first and last time in ms. */
  readonly failures: History['failures']
  /** The newest outcome that was judged, so that none is judged twice. */
  readonly judgedAt?: Date | undefined
  readonly remindedAt?: Date | undefined
  /** When the grant ends however often it is refreshed; its owner was told of this end at `remindedAt`. */
  readonly grantEndsAt?: Date | undefined
  /** A PauseReason, why it was given up, or `restored`: in doubt because the token came back from a backup. */
  readonly reason?: string | undefined
  /** The provider's own error code that ended it. */
  readonly upstreamError?: string | undefined
  /** The trace in which the last refresh failed: the next try is part of it. Absent while nothing is wrong. */
  readonly traceparent?: string | undefined
  /** What the registry was told last; absent: nothing yet. */
  readonly reported?: Report | undefined
}

/** The states in which a refresh that failed is tried again. */
const RETRYING: ReadonlySet<PlanState> = new Set(['backing_off', 'throttled', 'suspect', 'in_doubt'])

export interface Report {
  readonly version: number
  readonly health: CredentialHealth
}

export const DUE_INDEX: IndexSpec = { name: 'due', members: ['refreshAt'] }
export const CLIENT_INDEX: IndexSpec = { name: 'by_client', members: ['clientId'] }
export const PROJECT_INDEX: IndexSpec = { name: 'by_project', members: ['project'] }
/** Only what was in doubt in its present version is in it, the longest ago first. */
export const DOUBT_INDEX: IndexSpec = { name: 'in_doubt', members: ['failures.IN_DOUBT.first'] }
export const PLAN_INDEXES: readonly IndexSpec[] = [DUE_INDEX, DOUBT_INDEX, CLIENT_INDEX, PROJECT_INDEX, OUTBOX_INDEX]

/** True while a refresh that failed waits for its next try. */
export function isRetrying({ state }: Pick<Plan, 'state'>): boolean {
  return RETRYING.has(state)
}

/**
 * The word that the registry shows while the credential is active. A single failure is no cloud on it: calls still work.
 * That it is disabled its status says.
 */
export function healthOf({ state, reason }: Pick<Plan, 'state' | 'reason'>): CredentialHealth {
  if (state === 'in_doubt' && reason === 'restored') return 'restored_unverified'
  if (state === 'throttled' || state === 'in_doubt') return state
  return state === 'paused' && reason !== 'disabled' && reason !== 'deleted' ? 'paused' : 'ok'
}

/** Failures of this version, all classes together. */
export function failureCount(plan: Pick<Plan, 'failures'>): number {
  return Object.values(plan.failures).reduce((sum, failure) => sum + failure.count, 0)
}

/** A plan made anew after the former was lost or removed must go on counting facts above it: seconds since the epoch do. */
export function firstFactSeq(now: number): number {
  return Math.floor(now / 1000)
}
