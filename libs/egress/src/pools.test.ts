import { afterEach, describe, expect, test } from 'vitest'
import { StillClock } from '../test/loopback.ts'
import { Connector, systemConnect } from './connector.ts'
import { Pools } from './pools.ts'
import type { Target } from './target.ts'

const opened: Pools[] = []
afterEach(async () => {
  for (const pools of opened.splice(0)) await pools.close()
})

function setUp(): { pools: Pools; clock: StillClock } {
  const clock = new StillClock()
  const connector = new Connector({ settings: { allow: [], resolve: [] }, clock, resolver: async () => [], connect: systemConnect })
  const pools = new Pools({ connector, clock, take: () => undefined })
  opened.push(pools)
  return { pools, clock }
}

const target = (i: number): Target => ({ origin: `https://h${i}.test`, secure: true, host: `h${i}.test`, port: 443, path: '/' })

describe('pools', () => {
  test('[B-3] are shared by the calls of one project to one origin, and by nobody else', () => {
    const { pools } = setUp()
    const { pool } = pools.enter('proj_a', target(1))
    expect(pools.enter('proj_a', target(1)).pool).toBe(pool)
    expect(pools.enter('proj_b', target(1)).pool).not.toBe(pool)
    expect(pools.enter('proj_a', target(2)).pool).not.toBe(pool)
  })

  test('are dropped when nobody has used them for a minute, not while a call is on them', async () => {
    const { pools, clock } = setUp()
    pools.enter('proj_a', target(1)).leave()
    const busy = pools.enter('proj_a', target(2))
    await clock.advance(60_000)
    pools.enter('proj_a', target(3))
    expect(pools.size).toBe(2)
    expect(pools.enter('proj_a', target(2)).pool).toBe(busy.pool)
  })

  test('are 512 at most: the longest idle one makes room, and without one the call is refused', async () => {
    const { pools, clock } = setUp()
    const calls = []
    for (let i = 0; i < 512; i++) calls.push(pools.enter('proj_a', target(i)))
    expect(() => pools.enter('proj_a', target(600))).toThrow(expect.objectContaining({ code: 'THROTTLED' }))
    calls[7]?.leave()
    await clock.advance(1)
    calls[8]?.leave()
    pools.enter('proj_a', target(601))
    expect(pools.size).toBe(512)
    expect(pools.enter('proj_a', target(8)).pool).toBe(calls[8]?.pool)
  })

  test('let no more than 1,024 calls wait for one host', () => {
    const { pools } = setUp()
    const calls = Array.from({ length: 64 + 1024 }, () => pools.enter('proj_a', target(1)))
    expect(() => pools.enter('proj_a', target(1))).toThrow(expect.objectContaining({ code: 'THROTTLED' }))
    pools.enter('proj_a', target(2))
    calls[0]?.leave()
    pools.enter('proj_a', target(1))
  })
})
