import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, parseRetryAfter } from './backoff.ts'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 0)
const HOUR = 3_600_000

describe('backing off', () => {
  test('[B-1] the ceiling doubles from two seconds to a quarter of an hour', () => {
    const ceilings = [0, 1, 2, 8, 9, 10, 2_000].map((failures) => backoffMs(failures, 1))
    expect(ceilings).toEqual([2_000, 4_000, 8_000, 512_000, 900_000, 900_000, 900_000])
  })

  test('[B-1] the whole range is used, so that many do not come back together', () => {
    expect(backoffMs(3, 0)).toBe(0)
    expect(backoffMs(3, 0.25)).toBe(4_000)
  })

  test('[B-1] Retry-After is a floor with up to a tenth on top', () => {
    expect(backoffMs(0, 0, { retryAfterMs: 30_000 })).toBe(30_000)
    expect(backoffMs(0, 0.5, { retryAfterMs: 30_000 })).toBe(31_500)
    expect(backoffMs(9, 0.5, { retryAfterMs: 30_000 })).toBe(450_000)
    expect(backoffMs(0, 0, { retryAfterMs: 1e12 })).toBe(HOUR)
  })
})

describe('reading Retry-After', () => {
  const read: readonly (readonly [string, number | undefined])[] = [
    ['120', 120_000],
    [' 0 ', 0],
    ['3601', HOUR],
    ['99999999999999999999999', HOUR],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['Sun Nov  6 08:49:37 1994', 37_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['Mon, 06 Nov 2034 08:00:00 GMT', HOUR],
    ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['1994-11-06T08:49:37Z', undefined],
    ['soon', undefined],
    ['', undefined],
  ]
  test.each(read)('[B-1] "%s" is understood as RFC 9110 says', (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms)
  })

  test('[B-1] a date without a zone is UTC wherever we run', () => {
    const zone = process.env.TZ
    process.env.TZ = 'Asia/Tokyo'
    try {
      expect(parseRetryAfter('Sun Nov  6 08:49:37 1994', NOW)).toBe(37_000)
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })

  test('[B-1] no text makes us wait for more than an hour or less than nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (value) => {
          const ms = parseRetryAfter(value, NOW)
          return ms === undefined || (ms >= 0 && ms <= HOUR)
        },
      ),
    )
  })
})
