import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PlanContext, type PlannedToken, planRefresh } from './plan-refresh.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const T0 = Date.UTC(2026, 0, 1)

const token = (over: Partial<PlannedToken> = {}): PlannedToken => ({
  version: 1,
  issuedAt: T0,
  expiresAt: T0 + HOUR,
  refreshClass: 'strict',
  hasRefreshToken: true,
  ...over,
})
const at = (over: Partial<PlanContext> = {}): PlanContext => ({ credentialId: 'cred_a', now: T0, first: false, ...over })

/** The times planned for many credentials, as shares of the life. */
function shares(over: Partial<PlannedToken>, context: Partial<PlanContext> = {}): number[] {
  return Array.from({ length: 2_000 }, (_, n) => {
    const made = token(over)
    const plan = planRefresh(made, at({ credentialId: `cred_${n}`, ...context }))
    if (plan.kind !== 'refresh') throw new TypeError('no refresh was planned')
    return (plan.refreshAt - made.issuedAt) / (made.expiresAt! - made.issuedAt)
  })
}

describe('when a token is refreshed', () => {
  test('[S2-8] a token is refreshed between 60 and 80 percent of its life', () => {
    const found = shares({})
    expect(Math.min(...found)).toBeGreaterThanOrEqual(0.6)
    expect(Math.max(...found)).toBeLessThan(0.8)
    expect(Math.max(...found) - Math.min(...found)).toBeGreaterThan(0.19)
  })

  test('[S2-8] the first refresh after a connect is spread wide', () => {
    const found = shares({}, { first: true })
    expect(Math.min(...found)).toBeGreaterThanOrEqual(0.0999)
    expect(Math.min(...found)).toBeLessThan(0.11)
    expect(Math.max(...found)).toBeGreaterThan(0.79)
    expect(Math.max(...found)).toBeLessThan(0.8)
  })

  test('[S2-8] a short token is refreshed at half its life, first or not', () => {
    expect(new Set(shares({ expiresAt: T0 + 10 * MINUTE - 2 }))).toEqual(new Set([0.5]))
    expect(new Set(shares({ expiresAt: T0 + 30_000 }, { first: true }))).toEqual(new Set([0.5]))
    expect(new Set(shares({ expiresAt: T0 + 10 * MINUTE })).size).toBeGreaterThan(100)
  })

  test('[S2-8] a second look at the same version gives the same time', () => {
    const first = planRefresh(token(), at())
    const later = planRefresh(token(), at({ now: T0 + 20 * MINUTE }))
    const next = planRefresh(token({ version: 2 }), at())
    expect(later).toEqual(first)
    expect(next).not.toEqual(first)
  })

  test('[S2-8] a token without a stated end lives as long as its profile says', () => {
    const { expiresAt: _, ...open } = token()
    const plan = planRefresh({ ...open, defaultLifeMs: 2 * HOUR }, at())
    expect(plan).toEqual(planRefresh(token({ expiresAt: T0 + 2 * HOUR }), at()))
  })

  test('[S2-8] a token without any known end is refreshed within a day', () => {
    const { expiresAt: _, ...open } = token()
    const plan = planRefresh(open, at({ now: T0 + 3 * DAY }))
    expect(plan).toMatchObject({ kind: 'refresh', priority: false })
    expect(plan).not.toHaveProperty('expiresAt')
    expect(plan.kind === 'refresh' && plan.refreshAt - T0).toBeLessThan(0.8 * DAY)
  })

  test('[S2-8] an idle grant is touched at half the idle limit', () => {
    const plan = planRefresh(token({ expiresAt: T0 + 90 * DAY, idleLimitMs: 30 * DAY }), at())
    expect(plan).toMatchObject({ kind: 'refresh', refreshAt: T0 + 15 * DAY })
  })
})

describe('when little time is left', () => {
  const lives: [string, number, number][] = [
    ['a day: a tenth', DAY, 0.1 * DAY],
    ['half an hour: five minutes', 30 * MINUTE, 5 * MINUTE],
    ['ten minutes: a quarter', 10 * MINUTE, 2.5 * MINUTE],
  ]
  test.each(lives)('[S2-8] below the floor a refresh goes first, %s', (_, life, floor) => {
    const made = token({ expiresAt: T0 + life })
    expect(planRefresh(made, at({ now: T0 + life - floor })).priority).toBe(false)
    expect(planRefresh(made, at({ now: T0 + life - floor + 1 })).priority).toBe(true)
    expect(planRefresh(made, at({ now: T0 + life + DAY })).priority).toBe(true)
  })
})

describe('when there is nothing to refresh', () => {
  test('[S2-21] a long grant without refresh token is announced a week ahead', () => {
    const plan = planRefresh(token({ hasRefreshToken: false, expiresAt: T0 + 60 * DAY }), at())
    expect(plan).toEqual({ kind: 'remind', refreshAt: T0 + 53 * DAY, expiresAt: T0 + 60 * DAY, priority: false })
  })

  test('[S2-21] a short grant without refresh token is announced in its last quarter', () => {
    const plan = planRefresh(token({ hasRefreshToken: false }), at())
    expect(plan).toMatchObject({ kind: 'remind', refreshAt: T0 + 45 * MINUTE })
  })

  test('[S2-21] a grant that neither ends nor renews needs no plan', () => {
    const { expiresAt: _, ...open } = token({ hasRefreshToken: false })
    expect(planRefresh(open, at())).toEqual({ kind: 'none', priority: false })
  })
})

test('[S2-8] no plan is ever later than the end of its token', () => {
  const times = fc.record({
    version: fc.nat(),
    issuedAt: fc.integer({ min: 0, max: 4e12 }),
    life: fc.option(fc.integer({ min: -DAY, max: 400 * DAY }), { nil: undefined }),
    defaultLifeMs: fc.option(fc.integer({ min: 1, max: 400 * DAY }), { nil: undefined }),
    idleLimitMs: fc.option(fc.integer({ min: 1, max: 400 * DAY }), { nil: undefined }),
    hasRefreshToken: fc.boolean(),
    now: fc.integer({ min: 0, max: 4e12 }),
    first: fc.boolean(),
    credentialId: fc.string(),
  })
  fc.assert(
    fc.property(times, ({ life, now, first, credentialId, ...rest }) => {
      const expiresAt = life === undefined ? undefined : rest.issuedAt + life
      const plan = planRefresh({ ...rest, expiresAt, refreshClass: 'grace' }, { now, first, credentialId })
      if (plan.kind === 'none') return !rest.hasRefreshToken && expiresAt === undefined
      const end = expiresAt ?? (rest.hasRefreshToken ? rest.issuedAt + (rest.defaultLifeMs ?? DAY) : Number.NaN)
      return Number.isSafeInteger(plan.refreshAt) && plan.refreshAt <= end
    }),
    { numRuns: 5_000 },
  )
})

describe('100,000 one-hour tokens imported within five minutes', () => {
  const COUNT = 100_000
  const HOURS = 8

  /** Refreshes per minute when each token is renewed at the time that `next` gives. */
  function simulate(next: (n: number, issuedAt: number, version: number) => number): Uint32Array {
    const perMinute = new Uint32Array(HOURS * 60)
    for (let n = 0; n < COUNT; n++) {
      let issuedAt = (n / COUNT) * 5 * MINUTE
      for (let version = 1; issuedAt < HOURS * HOUR; version++) {
        issuedAt = next(n, issuedAt, version)
        if (issuedAt < HOURS * HOUR) perMinute[Math.floor(issuedAt / MINUTE)]!++
      }
    }
    return perMinute
  }

  function peakToMean(perMinute: Uint32Array, { fromHour, toHour }: { fromHour: number; toHour: number }): number {
    const window = perMinute.subarray(fromHour * 60, toHour * 60)
    return (Math.max(...window) * window.length) / window.reduce((sum, count) => sum + count, 0)
  }

  test('[S2-8] a herd is pulled apart and does not gather again', () => {
    const perMinute = simulate((n, issuedAt, version) => {
      const made: PlannedToken = { version, issuedAt, expiresAt: issuedAt + HOUR, refreshClass: 'strict', hasRefreshToken: true }
      const plan = planRefresh(made, { credentialId: `cred_${n}`, now: issuedAt, first: version === 1 })
      return plan.kind === 'refresh' ? plan.refreshAt : Number.POSITIVE_INFINITY
    })
    expect(peakToMean(perMinute, { fromHour: 0, toHour: 3 })).toBeLessThan(1.4)
    expect(peakToMean(perMinute, { fromHour: 4, toHour: HOURS })).toBeLessThan(1.1)
  })

  test('[S2-8] a fixed margin keeps the herd together for ever', () => {
    const perMinute = simulate((_, issuedAt) => issuedAt + 45 * MINUTE)
    expect(peakToMean(perMinute, { fromHour: 4, toHour: HOURS })).toBeGreaterThan(8)
  })
})
