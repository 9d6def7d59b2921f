import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newId } from '@credence/credential'
import { systemClock, systemRandom } from '@credence/service'
import { type Collection, openSqliteStore } from '@credence/store'
import { haveRedis, startProcess, tempHome } from '@credence/testkit'
import { Queue } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PLAN_INDEXES, type Plan } from '../src/credential/plan.ts'
import { createQueueFeed, type QueueFeed } from '../src/queue/feed-queue.ts'
import type { RefreshQueue } from '../src/queue/refresh-queue.ts'
import { PROJECT } from './fake-peers.ts'
import { codeOf } from './platform.ts'
import { RedisWorld } from './redis-world.ts'

const MINUTE = 60_000
const PATIENCE_MS = 300

/** So many plans that are due, and what feeds them. */
async function duePlans(count: number): Promise<{ plans: Collection<Plan>; feedTo(queue: RefreshQueue, world: RedisWorld): QueueFeed }> {
  const home = tempHome()
  const store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random: systemRandom })
  onTestFinished(async () => {
    await store.close()
    home.remove()
  })
  const plans = await store.collection<Plan>({ name: 'token_refresher_plans', indexes: PLAN_INDEXES })
  await Promise.all(Array.from({ length: count }, () => plans.insert(duePlan())))
  const feedTo = (queue: RefreshQueue, { log }: RedisWorld): QueueFeed =>
    createQueueFeed({ queue, log, windowMs: MINUTE, now: () => systemClock.now() })
  return { plans, feedTo }
}

function duePlan(): Plan {
  const now = systemClock.now()
  const times = { issuedAt: new Date(now - 40 * MINUTE), refreshAt: new Date(now - 1), expiresAt: new Date(now + 20 * MINUTE) }
  const rest = { project: PROJECT, version: 2, refreshClass: 'strict', failures: {}, outbox: [], factSeq: 0 } as const
  return { id: newId('cred', systemRandom.bytes), v: 1, kind: 'refresh', state: 'planned', ...times, ...rest }
}

/** Handles a plan by removing it, so that it is due no more; remembers which, and whether one was ever handled twice at a time. */
function handlerOf(plans: Collection<Plan>): { handled: string[]; isDoubled(): boolean; handle(id: string): Promise<void> } {
  const handled: string[] = []
  const running = new Set<string>()
  let isDoubled = false
  return {
    handled,
    isDoubled: () => isDoubled,
    async handle(id) {
      isDoubled ||= running.has(id)
      running.add(id)
      const plan = await plans.get(id, { fresh: true })
      // Longer than a turn: several are under way at any moment.
      await new Promise((resolve) => setTimeout(resolve, 2))
      if (plan !== undefined) {
        handled.push(id)
        await plans.remove(id, plan.rev)
      }
      running.delete(id)
    },
  }
}

describe.runIf(await haveRedis())('a Redis that fails', () => {
  test('[C-3] R07 is emptied in the middle, and everything that is due is handled, each once', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue()
    const { plans, feedTo } = await duePlans(400)
    const feed = feedTo(queue, world)
    const { handled, isDoubled, handle } = handlerOf(plans)
    const worker = await queue.process(handle)
    await feed.tick({ collection: plans })
    for (const share of [50, 150, 250]) {
      await world.until(() => handled.length >= share)
      await world.redis.flushall()
      await feed.tick({ collection: plans })
    }
    await world.until(() => handled.length === 400)
    await worker.stop()
    expect(new Set(handled).size).toBe(400)
    expect(isDoubled()).toBe(false)
  })

  test('[B-1] Q3 is emptied while a credential is handled: it is not handled a second time beside that, but after it', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue()
    const begun: string[] = []
    const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const worker = await queue.process(async (id) => {
      begun.push(id)
      if (id === 'cred_held') await ends[begun.filter((one) => one === id).length - 1]?.promise
    })
    await queue.schedule({ credentialId: 'cred_held', at: 0, priority: false })
    await world.until(() => begun.length === 1)
    await world.redis.flushall()
    for (const credentialId of ['cred_held', 'cred_other']) await queue.schedule({ credentialId, at: 0, priority: false })
    await world.until(async () => begun.length === 2 && (await world.counts()).active === 1)
    expect(begun).toEqual(['cred_held', 'cred_other'])
    ends[0]!.resolve()
    await world.until(() => begun.length === 3)
    ends[1]!.resolve()
    await worker.stop()
    expect(begun).toEqual(['cred_held', 'cred_other', 'cred_held'])
  })

  test('[C-3] R07 is killed and comes back empty: putting in fails in time, and the next tick brings all back', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue({ patienceMs: PATIENCE_MS })
    const { plans, feedTo } = await duePlans(300)
    const feed = feedTo(queue, world)
    const { handled, isDoubled, handle } = handlerOf(plans)
    const worker = await queue.process(handle)
    // Its patience is short: a busy machine may try it, and what was put in twice is there once.
    await world.until(() => feed.tick({ collection: plans }).then(Boolean, () => false))
    await world.until(() => handled.length >= 20)
    await world.server.kill()
    const wait = { credentialId: 'cred_a', at: 0, priority: false }
    expect(await Promise.all([codeOf(queue.schedule(wait)), codeOf(queue.cancel('cred_a')), codeOf(queue.ping())])).toEqual(
      Array.from({ length: 3 }, () => 'UNAVAILABLE'),
    )
    await world.server.restart()
    await world.until(() => feed.tick({ collection: plans }).then(Boolean, () => false))
    await world.until(() => handled.length === 300)
    await world.until(() =>
      queue.ping().then(
        () => true,
        () => false,
      ),
    )
    await worker.stop()
    expect(new Set(handled).size).toBe(300)
    expect(isDoubled()).toBe(false)
    expect(world.lines.filter((line) => line.includes('queue.redis_lost')).length).toBeLessThan(5)
  })

  test('[C-3] that hangs refuses in time what is put in, and is used again when it goes on', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue({ patienceMs: PATIENCE_MS })
    const begun: string[] = []
    const worker = await queue.process(async (id) => void begun.push(id))
    await world.server.pause()
    expect(await codeOf(queue.schedule({ credentialId: 'cred_a', at: 0, priority: false }))).toBe('UNAVAILABLE')
    await world.server.resume()
    await world.until(() =>
      queue.schedule({ credentialId: 'cred_b', at: 0, priority: false }).then(
        () => true,
        () => false,
      ),
    )
    await world.until(() => begun.includes('cred_b'))
    await worker.stop()
  })

  test('[C-3] that is away at the start is waited for, and a stop without it ends all the same', async () => {
    const world = await RedisWorld.start()
    await world.server.kill()
    const queue = await world.queue({ patienceMs: PATIENCE_MS })
    const begun: string[] = []
    const worker = await queue.process(async (id) => void begun.push(id))
    await world.server.restart()
    await world.until(() =>
      queue.schedule({ credentialId: 'cred_a', at: 0, priority: false }).then(
        () => true,
        () => false,
      ),
    )
    await world.until(() => begun.length === 1)
    await world.server.kill()
    await worker.stop()
    await queue.close()
  })

  test('[C-3] R07 twenty thousand due credentials are in again within a minute, and leave nothing behind when handled', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue()
    const { plans, feedTo } = await duePlans(20_000)
    const feed = feedTo(queue, world)
    await feed.tick({ collection: plans })
    await world.redis.flushall()
    const from = systemClock.monotonicMs()
    expect(await feed.tick({ collection: plans })).toBe(20_000)
    const tookMs = systemClock.monotonicMs() - from
    expect((await world.counts()).ready).toBe(20_000)
    expect(tookMs).toBeLessThan(MINUTE)
    console.log(`20,000 put in again in ${Math.round(tookMs)} ms`)
    let count = 0
    const worker = await queue.process(async () => void count++)
    await world.until(() => count === 20_000)
    await worker.stop()
    expect((await world.redis.keys('*')).filter((key) => key.includes('cred_'))).toEqual([])
  }, 120_000)
})

describe.runIf(await haveRedis())('replicas on one Redis', () => {
  test('[B-1] Q3 handle each credential once, though each of them puts it in', async () => {
    const world = await RedisWorld.start()
    const queues = await Promise.all([world.queue(), world.queue(), world.queue()])
    const ids = Array.from({ length: 500 }, (_, n) => `cred_${n}`)
    const all = (at: number) => ids.map((credentialId) => ({ credentialId, at, priority: false }))
    const inAnHour = all(Date.now() + 60 * MINUTE)
    await Promise.all(queues.map((queue) => queue.schedule(...inAnHour)))
    expect(await world.counts()).toEqual({ delayed: 500, ready: 0, active: 0 })
    await Promise.all(queues.map((queue) => queue.schedule(...all(Date.now()))))
    expect(await world.counts()).toEqual({ delayed: 0, ready: 500, active: 0 })
    const handled: string[] = []
    const workers = await Promise.all(queues.map((queue) => queue.process(async (id) => void handled.push(id))))
    await world.until(async () => handled.length >= 500 && (await world.counts()).active === 0)
    await Promise.all(workers.map((worker) => worker.stop()))
    expect(handled.toSorted()).toEqual(ids.toSorted())
  })

  test('[B-1] Q3 never handle one at the same time, however they put it in and take it out', async () => {
    const world = await RedisWorld.start()
    const queues = await Promise.all([world.queue(), world.queue()])
    const running = new Set<string>()
    let isDoubled = false
    let count = 0
    const workers = await Promise.all(
      queues.map((queue) =>
        queue.process(async (id) => {
          isDoubled ||= running.has(id)
          running.add(id)
          await new Promise((resolve) => setTimeout(resolve, systemRandom.fraction() * 4))
          running.delete(id)
          count++
        }),
      ),
    )
    while (count < 500) {
      await Promise.all(
        queues.flatMap((queue) =>
          Array.from({ length: 5 }, (_, n) => {
            if (systemRandom.fraction() < 0.2) return queue.cancel(`cred_${n}`)
            const at = Date.now() + Math.trunc(systemRandom.fraction() * 20)
            return queue.schedule({ credentialId: `cred_${n}`, at, priority: systemRandom.fraction() < 0.5 })
          }),
        ),
      )
    }
    const ids = Array.from({ length: 5 }, (_, n) => `cred_${n}`)
    await queues[0]!.schedule(...ids.map((credentialId) => ({ credentialId, at: 0, priority: false })))
    await world.until(async () => {
      const { ready, delayed, active } = await world.counts()
      return ready + delayed + active === 0
    })
    await Promise.all(workers.map((worker) => worker.stop()))
    expect(isDoubled).toBe(false)
    expect((await world.redis.keys('*')).filter((key) => key.includes('cred_'))).toEqual([])
  })

  test('[B-1] T35 forged jobs are hints: one credential is handled by one of them at a time, and garbage by none', async () => {
    const world = await RedisWorld.start()
    const queue = await world.queue()
    const forger = new Queue('refresh', { connection: world.redis, prefix: world.prefix, skipVersionCheck: true })
    await forger.addBulk(Array.from({ length: 200 }, () => ({ name: 'x', data: { credentialId: 'cred_a' } })))
    await forger.addBulk([null, 7, {}, { credentialId: { $ne: 1 } }].map((data) => ({ name: 'x', data })))
    const running = new Set<string>()
    let count = 0
    const worker = await queue.process(async (id) => {
      expect([id, running.has(id)]).toEqual(['cred_a', false])
      running.add(id)
      await new Promise((resolve) => setImmediate(resolve))
      running.delete(id)
      count++
    })
    await world.until(async () => count === 200 && (await world.counts()).active === 0)
    await worker.stop()
    expect(world.lines.filter((line) => line.includes('handler_failed'))).toEqual([])
  })

  test('[C-3] a process ends when it is told to, though its Redis is gone', async () => {
    const world = await RedisWorld.start()
    const main = fileURLToPath(new URL('./hold-jobs-main.ts', import.meta.url))
    await using child = await startProcess([main, world.server.url, world.prefix, '30000'])
    await (await world.queue()).schedule({ credentialId: 'cred_held', at: 0, priority: false })
    await world.until(() => child.stdout().includes('begun cred_held'))
    await world.server.kill()
    await child.stop()
    expect(await child.exited).toEqual({ code: 0, signal: null })
    expect(child.stdout()).toContain('ended cred_held')
  })

  test('[B-1] R09 what a stopped process holds is dropped, not given to another, until its plan puts it in again', async () => {
    const world = await RedisWorld.start()
    const lockMs = 1_000
    const main = fileURLToPath(new URL('./hold-jobs-main.ts', import.meta.url))
    await using child = await startProcess([main, world.server.url, world.prefix, String(lockMs)])
    const queue = await world.queue({ lockMs })
    const wanted = { credentialId: 'cred_held', at: 0, priority: false }
    await queue.schedule(wanted)
    await world.until(() => child.stdout().includes('begun cred_held'))
    const begun: string[] = []
    const worker = await queue.process(async (id) => void begun.push(id))
    // Three times as long as its lock lives, and it is still its own.
    const until = Date.now() + 3 * lockMs
    await world.until(() => Date.now() >= until)
    expect(begun).toEqual([])
    child.kill('SIGSTOP')
    await world.until(() => world.lines.some((line) => line.includes('queue.job_dropped') && line.includes('cred_held')))
    expect(begun).toEqual([])
    await queue.schedule(wanted)
    await world.until(() => begun.length === 1)
    child.kill('SIGCONT')
    child.kill('SIGUSR2')
    await world.until(() => child.stdout().includes('ended cred_held'))
    await worker.stop()
    await queue.schedule({ ...wanted, credentialId: 'cred_next' })
    await world.until(() => child.stdout().includes('ended cred_next'))
    await child.stop()
    expect(await child.exited).toEqual({ code: 0, signal: null })
    expect(begun).toEqual(['cred_held'])
  })
})
