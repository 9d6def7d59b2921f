import { haveRedis, type RedisServer, startRedis } from '@credence/testkit'
import { afterAll, beforeAll, describe } from 'vitest'
import { MAX_CONCURRENT, type RefreshQueue } from '../src/queue/refresh-queue.ts'
import { type QueueUnderTest, queueContract } from './queue-contract.ts'
import { RedisWorld } from './redis-world.ts'

describe.runIf(await haveRedis({ mayBeShared: true }))('the queue on Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ mayBeShared: true })
  })
  afterAll(() => server.stop())

  queueContract('BullMQ', async () => underTest(new RedisWorld(server)))
})

/** With the system's time; its handlers are counted, so that what is on its way between Redis and a handler is seen. */
async function underTest(world: RedisWorld): Promise<QueueUnderTest> {
  const real = await world.queue()
  let running = 0
  const queue: RefreshQueue = {
    schedule: (...jobs) => real.schedule(...jobs),
    cancel: (id) => real.cancel(id),
    depth: () => real.depth(),
    process: (handler) =>
      real.process(async (id) => {
        running++
        await handler(id).finally(() => running--)
      }),
  }
  const pass = async (ms: number): Promise<number> => {
    const until = Date.now() + ms
    await world.until(async () => {
      if (Date.now() < until) return false
      const { ready, active } = await world.counts(until)
      return active === running && (ready === 0 || running === MAX_CONCURRENT)
    })
    return until
  }
  return { queue, now: Date.now, pass }
}
