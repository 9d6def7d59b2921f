const BASE_MS = 2_000
const CEILING_MS = 15 * 60_000
const RETRY_AFTER_CAP_MS = 3_600_000
/** 2 s · 2^9 is above the ceiling already; a larger exponent would only overflow. */
const MAX_DOUBLINGS = 9

/**
 * How long to wait after `failures` failures in a row: full jitter, uniform in [0, min(15 min, 2 s · 2^failures)), by
 * `fraction` in [0, 1). A `Retry-After` is a floor, plus up to a tenth, so that all who were sent away do not return at once.
 */
export function backoffMs(failures: number, fraction: number, floor: { readonly retryAfterMs?: number | undefined } = {}): number {
  const doublings = Math.min(Math.max(Math.trunc(failures), 0), MAX_DOUBLINGS)
  const jittered = fraction * Math.min(CEILING_MS, BASE_MS * 2 ** doublings)
  if (floor.retryAfterMs === undefined) return jittered
  return Math.max(jittered, Math.min(floor.retryAfterMs, RETRY_AFTER_CAP_MS) * (1 + 0.1 * fraction))
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
const RFC_850 = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

/**
 * `Retry-After` in ms from `now`, at most an hour; undefined for what is neither delay-seconds nor one of the three dates
 * that a recipient must accept (RFC 9110 §10.2.3, §5.6.7). A date that is past is 0.
 */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim()
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, RETRY_AFTER_CAP_MS)
  const isDate = IMF_FIXDATE.test(text) || RFC_850.test(text)
  // asctime has no zone and means UTC; Date.parse would take it for local time.
  const at = isDate ? Date.parse(text) : ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), RETRY_AFTER_CAP_MS)
}
