/** Part of a standing: lookups of the team's records that found out nothing. */
export interface LookupPause {
  /** In a row. */
  readonly failures?: number | undefined
  /** No lookup is made before. */
  readonly lookUpFrom?: Date | undefined
}

const SECOND_MS = 1_000
/** After each failure in a row. People try again at once; a program would call the team's API for as long as it is let. */
const PAUSES_MS = [0, 0, 0, 5 * SECOND_MS, 15 * SECOND_MS, 60 * SECOND_MS, 300 * SECOND_MS]

/** What a standing holds once something was compared: the records are there. */
export const NO_PAUSE = { failures: undefined, lookUpFrom: undefined } as const

export function pausedAfter(before: LookupPause, now: number): Required<LookupPause> {
  const failures = (before.failures ?? 0) + 1
  return { failures, lookUpFrom: new Date(now + (PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1] ?? 0)) }
}

/** How long no lookup is made yet; 0: one may be. */
export function pauseLeftMs({ lookUpFrom }: LookupPause, now: number): number {
  return Math.max((lookUpFrom?.getTime() ?? now) - now, 0)
}
