import { inspect } from 'node:util'
import { systemClock } from '@credence/service'
import { freePort, haveRedis } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { checkRedis } from '../src/queue/check-redis.ts'
import { codeOf } from './platform.ts'
import { RedisWorld } from './redis-world.ts'

const PASSWORD = 'canary-4f1c9a'

describe.runIf(await haveRedis())('what is looked at before a Redis is used', () => {
  test('[C-3] R08 one that evicts is refused with the setting to change', async () => {
    const world = await RedisWorld.start({ maxmemoryPolicy: 'volatile-lru' })
    const refused = await world.queue().catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'INVALID_SETTING', message: expect.stringContaining('maxmemory-policy noeviction') })
    expect(refused).toMatchObject({ details: { faults: [{ pointer: '/CREDENCE_REDIS_URL', code: 'redis_evicts' }] } })
  })

  test('[C-3] R08 one that begins to evict while it is used is told', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue({ checkMs: 20 })
    await world.redis.config('SET', 'maxmemory-policy', 'allkeys-lfu')
    await world.until(() => world.lines.some((line) => line.includes('queue.redis_evicts') && line.includes('"level":"error"')))
    await queue.close()
  })

  test('[C-3] one without append-only file is used with a warning, one with it without', async () => {
    const forgetful = await RedisWorld.start()
    expect(await checkRedis(forgetful.server.url)).toMatchObject([{ severity: 'warning', code: 'redis_no_aof' }])
    await forgetful.queue()
    expect(forgetful.lines.filter((line) => line.includes('redis_no_aof')).length).toBe(1)
    const durable = await RedisWorld.start({ appendOnly: true })
    expect(await checkRedis(durable.server.url)).toEqual([])
  })

  test('[C-3] one that hides its settings, as managed services do, is used with a warning', async () => {
    const limited = ['--user', 'limited', 'on', `>${PASSWORD}`, '~*', '&*', '+@all', '-info', '-config']
    const world = await RedisWorld.start({ args: limited })
    const url = world.server.url.replace('redis://', `redis://limited:${PASSWORD}@`)
    const codes = (await checkRedis(url)).map(({ severity, code }) => `${severity} ${code}`)
    expect(codes).toEqual(['warning redis_eviction_unknown', 'warning redis_persistence_unknown'])
    const queue = await world.queue({ url })
    const begun: string[] = []
    const worker = await queue.process(async (id) => void begun.push(id))
    await queue.schedule({ credentialId: 'cred_a', at: systemClock.now() + 20, priority: false })
    await world.until(() => begun.length === 1)
    await worker.stop()
  })

  test('[C-3] a replica is refused, because nothing can be written to it', async () => {
    const world = await RedisWorld.start()
    await world.redis.call('REPLICAOF', '127.0.0.1', String(await freePort()))
    expect(await codeOf(world.queue())).toBe('INVALID_SETTING')
  })

  test('[C-3] what is no address is refused at once, and not told', async () => {
    const world = await RedisWorld.start()
    for (const url of ['', PASSWORD, `http://:${PASSWORD}@127.0.0.1`, `redis://:${PASSWORD}@[`]) {
      const refused = await world.queue({ url }).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'INVALID_SETTING', details: { faults: [{ code: 'redis_address_wrong' }] } })
      expect(inspect([refused, await checkRedis(url)], { depth: 9 })).not.toContain(PASSWORD)
    }
  })

  test('[C-3] a wrong password is refused, one that is away is a finding, and neither tells the password', async () => {
    const world = await RedisWorld.start({ password: 'another' })
    const wrong = world.server.url.replace('another', PASSWORD)
    const away = `redis://:${PASSWORD}@127.0.0.1:${await freePort()}`
    const refused = await world.queue({ url: wrong }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'INVALID_SETTING', details: { faults: [{ code: 'redis_login_refused' }] } })
    const findings = [...(await checkRedis(wrong)), ...(await checkRedis(away))]
    expect(findings.map(({ code }) => code)).toEqual(['redis_login_refused', 'redis_unreachable'])
    const lost = await world.queue({ url: away, patienceMs: 100 })
    const failure = await lost.schedule({ credentialId: 'cred_a', at: 0, priority: false }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'UNAVAILABLE' })
    const told = `${inspect([refused, failure, findings], { depth: 9, showHidden: true })}${world.lines.join()}`
    expect(told).not.toContain(PASSWORD)
    expect(await codeOf(world.queue())).toBe('no error')
  })
})
