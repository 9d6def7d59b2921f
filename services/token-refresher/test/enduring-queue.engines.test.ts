import { systemClock, systemRandom } from '@credence/service'
import { haveRedis } from '@credence/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BullmqQueue } from '../src/queue/bullmq-queue.ts'
import { openEnduringQueue } from '../src/queue/enduring-queue.ts'
import { MAX_CONCURRENT } from '../src/queue/refresh-queue.ts'
import { RedisWorld } from './redis-world.ts'

const job = (credentialId: string, at = 0) => ({ credentialId, at, priority: false })

async function enduring({ server, prefix, log }: RedisWorld): Promise<BullmqQueue> {
  const queue = await openEnduringQueue({ url: server.url, prefix, log, clock: systemClock, random: systemRandom, patienceMs: 1_000 })
  onTestFinished(() => queue.close())
  return queue
}

describe.skipIf(!(await haveRedis()))('a queue whose Redis goes away', () => {
  test('[C-3] R07 E1 what comes due while Redis is away is handled all the same, at its time', async () => {
    const world = await RedisWorld.start()
    const queue = await enduring(world)
    const begun = new Map<string, number>()
    const worker = await queue.process(async (id) => void begun.set(id, Date.now()))
    await queue.schedule(job('cred_before'))
    await world.until(() => begun.has('cred_before'))
    await world.server.kill()
    await queue.schedule(job('cred_now'))
    // From here on Redis is left alone for a while: nothing is waited for between putting in and taking out.
    const at = Date.now() + 500
    await queue.schedule(job('cred_later', at), job('cred_never', at))
    await queue.cancel('cred_never')
    await world.until(() => begun.has('cred_now') && begun.has('cred_later'))
    expect(begun.get('cred_later')).toBeGreaterThanOrEqual(at)
    await worker.stop()
    expect([...begun.keys()]).toEqual(['cred_before', 'cred_now', 'cred_later'])
    expect(world.lines.filter((line) => line.includes('queue.on_its_own')).length).toBe(1)
  })

  test('[C-3] E2 a Redis that is back is given the jobs again, and they are held nowhere else', async () => {
    const world = await RedisWorld.start()
    const queue = await enduring(world)
    const begun: string[] = []
    const worker = await queue.process(async (id) => void begun.push(id))
    await world.server.kill()
    let at = 0
    const putOff = async (): Promise<void> => {
      at = Date.now() + 5_000
      await queue.schedule(job('cred_a', at))
    }
    await putOff()
    await world.server.restart()
    await world.until(async () => {
      // However long Redis takes to be back, it never comes due meanwhile.
      await putOff()
      return (await world.redis.get(`${world.prefix}:refresh:de:cred_a`).catch(() => null)) !== null
    })
    await queue.cancel('cred_a')
    await world.until(() => Date.now() > at + 100)
    await worker.stop()
    expect(begun).toEqual([])
  })

  test('[B-1] E3 sixteen at a time in all, and one credential once, whichever of the two wakes it up', async () => {
    const world = await RedisWorld.start()
    const queue = await enduring(world)
    const running: string[] = []
    const hanging = Promise.withResolvers<void>()
    let count = 0
    const worker = await queue.process(async (id) => {
      expect(running).not.toContain(id)
      running.push(id)
      await hanging.promise
      running.splice(running.indexOf(id), 1)
      count++
    })
    await queue.schedule(...Array.from({ length: 10 }, (_, n) => job(`cred_${n}`)))
    await world.until(() => running.length === 10)
    await world.server.kill()
    await queue.schedule(...Array.from({ length: 20 }, (_, n) => job(`cred_${n}`)))
    await world.until(() => running.length >= MAX_CONCURRENT)
    await new Promise((resolve) => setImmediate(resolve))
    expect(running.length).toBe(MAX_CONCURRENT)
    hanging.resolve()
    await world.until(() => count === 30)
    await worker.stop()
  })
})
