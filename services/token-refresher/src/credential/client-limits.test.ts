import { TestClock } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { type ClientLimits, type EndpointWord, endpointWord, openClientLimits, type Place } from './client-limits.ts'

const CLIENT = 'ocl_a'
const MINUTE = 60_000

class World {
  readonly clock: TestClock = new TestClock()
  readonly limits: ClientLimits

  constructor(start = 8) {
    this.limits = openClientLimits({ start, most: 16, now: () => this.clock.now(), fraction: () => 0 })
  }

  /** As many places as there are. */
  fill(clientId = CLIENT): Place[] {
    const places: Place[] = []
    for (let place = this.limits.enter(clientId); 'leave' in place; place = this.limits.enter(clientId)) places.push(place)
    return places
  }

  /** One order after the other, each of the same length, until so many have ended. */
  async run(count: number, word: EndpointWord, { retryAfterMs = 0, lastsMs = 100 } = {}): Promise<void> {
    for (let n = 0; n < count; n++) {
      const place = this.limits.enter(CLIENT)
      if ('waitUntil' in place) throw new TypeError(`no place for order ${n}`)
      await this.clock.advance(lastsMs)
      place.leave(word, retryAfterMs)
    }
  }

  /** Ms until who finds no place is to ask again; 0: there is one, which is left at once. */
  waitMs(clientId = CLIENT): number {
    const place = this.limits.enter(clientId)
    if ('waitUntil' in place) return place.waitUntil - this.clock.now()
    place.leave('silent')
    return 0
  }
}

describe('the limits of a client', () => {
  test('[S2-8] eight at a time to begin with, each client for itself, and no limit where there is none', () => {
    const world = new World()
    expect(world.fill().length).toBe(8)
    expect(world.fill('ocl_b').length).toBe(8)
    for (let n = 0; n < 100; n++) expect(world.limits.enter(undefined)).toHaveProperty('leave')
  })

  test('[S2-8] an endpoint that answers is given more, up to sixteen', async () => {
    const world = new World()
    await world.run(9, 'answered')
    expect(world.fill().length).toBe(9)
    const other = new World()
    await other.run(1_000, 'answered')
    expect(other.fill().length).toBe(16)
  })

  test('[C-6] those that are left alone are told by why: an open breaker, one try, or a wait that was asked for', async () => {
    const world = new World()
    expect(world.limits.avoided()).toEqual({ open: 0, half_open: 0, waiting: 0 })
    await world.run(20, 'failed')
    expect(world.limits.avoided()).toEqual({ open: 1, half_open: 0, waiting: 0 })
    await world.clock.advance(30_000)
    expect(world.limits.avoided()).toEqual({ open: 0, half_open: 1, waiting: 0 })
    const other = new World()
    await other.run(1, 'throttled', { retryAfterMs: MINUTE })
    expect(other.limits.avoided()).toEqual({ open: 0, half_open: 0, waiting: 1 })
    await other.clock.advance(MINUTE)
    expect(other.limits.avoided()).toEqual({ open: 0, half_open: 0, waiting: 0 })
  })

  test('[S2-8] one that refuses many at once is given half, not the half of the half', async () => {
    const world = new World()
    const places = world.fill()
    await world.clock.advance(100)
    for (const place of places) place.leave('throttled')
    expect(world.fill().length).toBe(4)
    const slow = new World()
    await slow.run(8, 'throttled')
    expect(slow.fill().length).toBe(1)
  })

  test('[S2-8] Retry-After is for all grants of the client, and an hour at most', async () => {
    const world = new World()
    await world.run(1, 'throttled', { retryAfterMs: 30_000 })
    expect(world.waitMs()).toBe(31_000)
    expect(world.waitMs('ocl_b')).toBe(0)
    await world.clock.advance(30_000)
    expect(world.waitMs()).toBe(0)
    await world.run(1, 'throttled', { retryAfterMs: 1e12 })
    expect(world.waitMs()).toBe(3_600_000 + 1_000)
  })

  test('[S2-8] who finds no place comes back in turn, at the pace so far, and within a minute', async () => {
    const world = new World()
    const [first, ...rest] = world.fill()
    await world.clock.advance(800)
    for (const place of [first!, ...rest]) place.leave('answered')
    world.fill()
    const waits = Array.from({ length: 2_000 }, () => world.waitMs())
    expect(waits[0]).toBeGreaterThanOrEqual(1_000)
    expect(waits).toEqual(waits.toSorted((one, other) => one - other))
    expect(new Set(waits.slice(0, 100)).size).toBe(100)
    expect(waits.at(-1)).toBeLessThanOrEqual(MINUTE)
  })

  test('[S2-8] after twenty results, half of them failures, it is left alone, and then one order decides', async () => {
    const world = new World()
    await world.run(10, 'answered')
    await world.run(9, 'failed')
    expect(world.waitMs()).toBe(0)
    await world.run(1, 'failed')
    expect(world.waitMs()).toBe(31_000)
    await world.clock.advance(30_000)
    expect(world.fill().length).toBe(1)
    const again = new World()
    await again.run(20, 'failed')
    await again.clock.advance(30_000)
    await again.run(1, 'failed')
    expect(again.waitMs()).toBe(31_000)
    await again.clock.advance(30_000)
    await again.run(1, 'answered')
    expect(again.waitMs()).toBe(0)
    await again.run(5, 'failed')
    expect(again.waitMs()).toBe(0)
  })

  test('[S2-8] failures of more than a minute ago open nothing', async () => {
    const world = new World()
    await world.run(19, 'failed')
    await world.clock.advance(MINUTE)
    await world.run(19, 'failed')
    expect(world.waitMs()).toBe(0)
  })

  test('[S2-8] an order that did not reach the endpoint says nothing of it', async () => {
    const world = new World()
    await world.run(100, 'silent')
    expect(world.fill().length).toBe(8)
  })
})

test.each<[string, Parameters<typeof endpointWord>[0], EndpointWord]>([
  ['tokens', { outcome: 'refreshed' }, 'answered'],
  ['a refused grant', { outcome: 'failed', answer: { kind: 'error', status: 400, code: 'invalid_grant' } }, 'answered'],
  ['429', { outcome: 'failed', answer: { kind: 'error', status: 429, code: '' } }, 'throttled'],
  ['503 with Retry-After', { outcome: 'failed', answer: { kind: 'error', status: 503, code: '', retryAfterMs: 5 } }, 'throttled'],
  ['503', { outcome: 'failed', answer: { kind: 'error', status: 503, code: '' } }, 'failed'],
  ['a page of a proxy', { outcome: 'failed', answer: { kind: 'unreadable', status: 502, mayHoldToken: false } }, 'failed'],
  ['a reset', { outcome: 'in_doubt', answer: { kind: 'lost', cause: 'reset' } }, 'failed'],
  ['no connection', { outcome: 'failed', answer: { kind: 'not_sent', cause: 'dns' } }, 'failed'],
  ['no vault', { outcome: 'failed', answer: { kind: 'not_sent', cause: 'vault_unavailable' } }, 'silent'],
  ['nothing to do', { outcome: 'fresh' }, 'silent'],
])('[S2-8] of the endpoint, %s says what it is', (_, result, word) => {
  expect(endpointWord(result)).toBe(word)
})
