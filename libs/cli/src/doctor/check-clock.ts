import { type Finding, failed, ok, warning } from './finding.ts'

/** Leases compare wall clocks. */
const MAX_SKEW_MS = 5_000

/** Wall clocks, milliseconds since 1970. */
export interface ClockReading {
  /** Ours before the question and after the answer. */
  readonly asked: number
  readonly answered: number
  /** Theirs; undefined when it was not told. */
  readonly there: number | undefined
  /** How coarse theirs is told. Default 0. */
  readonly stepMs?: number
}

/** Whether two clocks agree. The way of the question and of the answer, and the coarseness, are in their favour. */
export function checkClock(check: string, { asked, answered, there, stepMs = 0 }: ClockReading): Finding {
  if (there === undefined || Number.isNaN(there)) return warning(check, 'Its time is not told.')
  const skew = Math.max(0, asked - there - stepMs, there - answered - stepMs)
  return skew <= MAX_SKEW_MS ? ok(check, 'agrees') : failed(check, `differs by ${Math.round(skew / 1_000)} s: set both by NTP.`)
}
