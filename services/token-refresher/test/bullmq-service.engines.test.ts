import { currentTraceId, systemClock, withTraceFrom } from '@credence/service'
import { haveRedis, TestClock } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { Platform } from './platform.ts'
import { RedisWorld } from './redis-world.ts'

/** The system's time, where a platform wants a clock of the tests. */
class SystemTime extends TestClock {
  override now(): number {
    return systemClock.now()
  }

  override monotonicMs(): number {
    return systemClock.monotonicMs()
  }

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal)
  }
}

/** Its second half is the time for a refresh: long enough that a busy machine is not late. */
const LIFE_MS = 8_000
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const now = { at: 0, priority: false }

describe.runIf(await haveRedis())('the refresher on Redis', () => {
  test('[C-3] refreshes ahead of expiry, also when Redis is emptied again and again', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue()
    const platform = await Platform.start({ queue, clock: new SystemTime(), config: { tickMs: 100 } })
    const held = await Promise.all(Array.from({ length: 40 }, () => platform.connect({ lifeMs: LIFE_MS })))
    const ends = new Map(held.map(({ id, version, expiresAt }) => [`${id} ${version}`, expiresAt!.getTime()]))
    platform.fake.respond = (one) => {
      ends.set(`${one.id} ${one.version + 1}`, Date.now() + LIFE_MS)
      return undefined
    }
    await platform.until(async () => {
      await world.redis.flushall()
      await new Promise((resolve) => setTimeout(resolve, 250))
      return held.every(({ version }) => version >= 3)
    })
    await platform.down()
    expect(platform.fake.orders.filter(({ id, version, at }) => at >= ends.get(`${id} ${version}`)!)).toEqual([])
    const asked = platform.fake.orders.map(({ id, version }) => `${id} ${version}`)
    expect(new Set(asked).size).toBe(asked.length)
    expect(platform.told('credential.expired')).toEqual([])
  }, 60_000)

  test('[C-3] keeps nothing in Redis of a credential that is not due soon', async () => {
    const world = await RedisWorld.start()
    const platform = await Platform.start({ queue: await world.queue(), clock: new SystemTime(), config: { tickMs: 50 } })
    await Promise.all(Array.from({ length: 20 }, () => platform.connect()))
    const soon = await platform.connect({ lifeMs: LIFE_MS })
    await platform.until(() => soon.version > 1)
    const keys = (await world.redis.keys('*')).filter((key) => key.includes('cred_'))
    expect(keys.filter((key) => !key.includes(soon.id))).toEqual([])
  })

  test('[C-6] one trace goes from who puts a job in to who handles it, and a tick begins one per job', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue()
    const traces = new Map<string, string | undefined>()
    await withTraceFrom(`00-${TRACE}-00f067aa0ba902b7-01`, async () => {
      await queue.schedule({ credentialId: 'cred_called', ...now })
      await queue.schedule({ credentialId: 'cred_forged', ...now })
    })
    await queue.schedule({ credentialId: 'cred_ticked', ...now })
    const forged = await world.redis.get(`${world.prefix}:refresh:de:cred_forged`)
    const job = `${world.prefix}:refresh:${forged}`
    const opts = JSON.parse((await world.redis.hget(job, 'opts'))!)
    await world.redis.hset(job, 'opts', JSON.stringify({ ...opts, tm: 'no trace <script>' }))
    const worker = await queue.process(async (id) => void traces.set(id, currentTraceId()))
    await world.until(() => traces.size === 3)
    await worker.stop()
    expect(Object.fromEntries(traces)).toEqual({ cred_called: TRACE, cred_forged: undefined, cred_ticked: undefined })
  })

  test('[S2-19] a job holds the id of its credential and nothing else of it', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue()
    await queue.schedule({ credentialId: 'cred_a', ...now })
    const id = await world.redis.get(`${world.prefix}:refresh:de:cred_a`)
    const { data, opts, timestamp, ...rest } = (await world.redis.hgetall(`${world.prefix}:refresh:${id}`)) as Record<string, string>
    expect(JSON.parse(data!)).toEqual({ credentialId: 'cred_a' })
    expect(Object.keys(JSON.parse(opts!)).toSorted()).toEqual(['attempts', 'de', 'jobId', 'priority'])
    expect(Number(timestamp)).toBeGreaterThan(0)
    expect(rest).toMatchObject({ name: 'refresh', deid: 'cred_a', priority: '1', delay: '0' })
  })
})
