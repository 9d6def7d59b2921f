import type { Fault } from '@credence/errors'

/** The times of the protocol: one settings tree, `REFRESH_{LEASE,DEADLINE,SAVE,HEARTBEAT,OWNER_GONE,CONFIRM}_MS`. All in milliseconds. */
export interface RefreshTimes {
  /** How long one sender has a credential to itself. */
  readonly leaseMs: number
  /** From taking the lease to the last moment at which the first byte of the POST may be written, and its answer awaited. */
  readonly deadlineMs: number
  /** What is left after the deadline to store the answer. */
  readonly saveMs: number
  /** How often an instance writes that it lives. */
  readonly heartbeatMs: number
  /** After how long a silence an instance counts as gone. */
  readonly ownerGoneMs: number
  /** How long after an unexplained `invalid_grant` it is asked once more. */
  readonly confirmMs: number
}

export const DEFAULT_REFRESH_TIMES: RefreshTimes = Object.freeze({
  leaseMs: 60_000,
  deadlineMs: 20_000,
  saveMs: 20_000,
  heartbeatMs: 30_000,
  ownerGoneMs: 600_000,
  confirmMs: 60_000,
})

/** Past the deadline of the sender before, so that its request has ended at the provider too. */
export const REPLAY_MARGIN_MS = 5_000

const SETTINGS: Readonly<Record<keyof RefreshTimes, string>> = {
  leaseMs: 'REFRESH_LEASE_MS',
  deadlineMs: 'REFRESH_DEADLINE_MS',
  saveMs: 'REFRESH_SAVE_MS',
  heartbeatMs: 'REFRESH_HEARTBEAT_MS',
  ownerGoneMs: 'REFRESH_OWNER_GONE_MS',
  confirmMs: 'REFRESH_CONFIRM_MS',
}

/** Every conflict between the times, by the names of the settings involved; start is refused when there is one. */
export function checkRefreshTimes(times: RefreshTimes): Fault[] {
  const faults: Fault[] = []
  const fault = (member: keyof RefreshTimes, code: string, detail: string): void => {
    faults.push({ pointer: `/${SETTINGS[member]}`, code, detail: `${SETTINGS[member]} ${detail}` })
  }
  for (const member of Object.keys(SETTINGS) as (keyof RefreshTimes)[]) {
    if (!Number.isSafeInteger(times[member]) || times[member] <= 0) fault(member, 'not_positive', 'must be a whole number above 0')
  }
  if (times.leaseMs <= times.deadlineMs + times.saveMs) {
    fault(
      'leaseMs',
      'too_short',
      `must be above ${SETTINGS.deadlineMs} + ${SETTINGS.saveMs}, or a second sender starts while the first still saves`,
    )
  }
  if (times.ownerGoneMs <= 2 * times.leaseMs) {
    fault('ownerGoneMs', 'too_short', `must be above 2 × ${SETTINGS.leaseMs}, or a slow sender counts as gone while it holds an answer`)
  }
  if (times.ownerGoneMs <= 2 * times.heartbeatMs) {
    fault('ownerGoneMs', 'too_short', `must be above 2 × ${SETTINGS.heartbeatMs}, or one late heartbeat counts as gone`)
  }
  return faults
}
