import { setTimeout as pause } from 'node:timers/promises'
import { openJetStreamBus } from '@credence/events'
import { type Logger, systemClock, systemRandom } from '@credence/service'
import { type RedisServer, startNats, startRedis } from '@credence/testkit'
import { openEnduringQueue } from '../../../services/token-refresher/src/queue/enduring-queue.ts'
import { connectImpatient } from '../../../services/token-refresher/src/queue/redis-connection.ts'
import { Grants } from './grants.ts'
import { judgePosts } from './judge-posts.ts'
import { type Refreshers, startRefreshers } from './refreshers.ts'
import type { Scenario, ScenarioOptions, ScenarioReport } from './scenario.ts'
import { ShiftedClock } from './shifted-clock.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const TICK_MS = 15_000
/** Everything is within it, so that Redis holds a job of each credential. */
const WINDOW_MS = HOUR
const PLANNED_AGAIN_MS = MINUTE
/** So much is left of the youngest token when Redis goes: each is due in the course of the hour, and ends soon after. */
const LIFE_MS = HOUR
/** The default of the queue, and less where few are put in: the hour without Redis waits it again and again. */
const patienceFor = (size: number): number => (size > 2_000 ? 2_000 : 500)
/** The shortest margin of a token is many times longer. */
const STEP_MS = 3 * MINUTE
const LOOK_MS = 20
/** A quarter of an hour: by then tokens have ended, and the judge knows enough. */
const STUCK_TICKS = 60
const AT_REST_MS = 300
/** The longest pause of a client between two tries. */
const RECONNECTED_MS = 2_500

/** Two replicas of the token-refresher on one Redis and one store; their clock is the system's, which the scenario moves ahead. */
export const redisLost: Scenario = {
  name: 'redis',
  title: 'R07 Redis is emptied, comes back empty, and is away for an hour',
  smoke: 200,
  full: 20_000,
  run,
}

interface Stage {
  readonly clock: ShiftedClock
  readonly grants: Grants
  readonly redis: RedisServer
  readonly refreshers: Refreshers
  readonly note: (line: string) => void
}

async function run({ size, note }: ScenarioOptions): Promise<ScenarioReport> {
  const clock = new ShiftedClock()
  // Halfway through their lives: the first is due in six minutes, the last in eighteen.
  const grants = new Grants({ clock, count: size, lifeMs: LIFE_MS, version: 2, issuedAt: () => clock.now() - LIFE_MS / 2 })
  const [redis, nats] = await Promise.all([startRedis(), startNats()])
  const queue = (log: Logger) => openEnduringQueue({ url: redis.url, clock, random: systemRandom, log, patienceMs: patienceFor(size) })
  const bus = (log: Logger) => openJetStreamBus({ servers: [nats.url], clock: systemClock, random: systemRandom, log })
  const config = { tickMs: TICK_MS, windowMs: WINDOW_MS, healPauseMs: 0, clientConcurrency: 8 }
  const refreshers = await startRefreshers({ grants, clock, config, replicas: 2, queue, bus })
  try {
    return await injected({ clock, grants, redis, refreshers, note }, size)
  } finally {
    await refreshers.stop()
    await Promise.all([redis.stop(), nats.stop()])
  }
}

async function injected(stage: Stage, size: number): Promise<ScenarioReport> {
  const { clock, grants, redis, refreshers, note } = stage
  while ((await refreshers.due()).length < size) await pause(LOOK_MS)
  await plannedAgain(stage, AT_REST_MS)
  note(`${size} planned`)
  const seconds: Record<string, number> = {}
  const held = [await jobsIn(redis)]
  await emptied(redis)
  seconds['s after FLUSHALL'] = await plannedAgain(stage, AT_REST_MS)
  held.push(await jobsIn(redis))
  await redis.kill()
  await redis.restart()
  seconds['s after restart'] = await plannedAgain(stage, RECONNECTED_MS)
  held.push(await jobsIn(redis))
  note(`planned again after ${JSON.stringify(seconds)}`)
  await redis.kill()
  const before = grants.posts.length
  await pass(stage, HOUR)
  const alone = grants.posts.length - before
  note(`${alone} refreshed while Redis was away`)
  await redis.restart()
  seconds['s after an hour'] = await plannedAgain(stage, RECONNECTED_MS)
  await pass(stage, HOUR)
  const faults = [...judgePosts(grants.posts, grants.all.values(), clock.now())]
  for (const [when, took] of Object.entries(seconds))
    if (took * 1_000 > PLANNED_AGAIN_MS) faults.push(`${took} ${when}, not ${PLANNED_AGAIN_MS / 1_000}`)
  if (grants.expired.length > 0) faults.push(`${grants.expired.length} credentials were given up`)
  const figures = { ...seconds, 'refreshed without Redis': alone, refreshes: grants.posts.length }
  // Each of the three faults took all jobs away, and there was one of each credential to take.
  return { planned: 3 * size, injected: held.reduce((sum, jobs) => sum + Math.min(jobs, size), 0), faults, figures }
}

/** Lets the time pass in steps, and all that comes due be done before the next: refreshes take no time of the refreshers' clock. */
async function pass(stage: Stage, ms: number): Promise<void> {
  const { clock, refreshers } = stage
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    clock.shift(STEP_MS)
    await refreshers.settle(stepping(stage))
  }
}

/** What happens between two looks: where nothing is refreshed for a second, the time goes on to the next tick. */
function stepping({ clock, grants }: Stage): () => Promise<void> {
  let [posts, since, shifts] = [grants.posts.length, performance.now(), 0]
  return async () => {
    await pause(LOOK_MS)
    if (grants.posts.length > posts) [posts, since] = [grants.posts.length, performance.now()]
    if (performance.now() - since < 1_000) return
    if (++shifts > STUCK_TICKS) throw new TypeError('what is due is not refreshed')
    clock.shift(TICK_MS)
    since = performance.now()
  }
}

/** Seconds, by the clock of the refreshers, until a job of each credential that is due within the window is in Redis. */
async function plannedAgain({ clock, redis, refreshers }: Stage, restMs: number): Promise<number> {
  const from = clock.now()
  // The wait for the next tick is spared, and counted. One that is under way now has perhaps read what is lost.
  await pause(restMs)
  clock.shift(TICK_MS)
  const client = connectImpatient({ url: redis.url, patienceMs: 5_000 })
  try {
    for (;;) {
      const wanted = await refreshers.due(from + WINDOW_MS)
      const held = await heldIn(client)
      if (wanted.every(({ id }) => held.has(id))) return Math.round((clock.now() - from) / 100) / 10
      await pause(LOOK_MS)
    }
  } finally {
    client.disconnect()
  }
}

type Client = ReturnType<typeof connectImpatient>

/** The credentials that have a job: BullMQ keeps a key of each. */
async function heldIn(client: Client): Promise<Set<string>> {
  const keys = await client.keys('*:de:*').catch(() => [])
  return new Set(keys.map((key) => key.slice(key.lastIndexOf(':') + 1)))
}

async function jobsIn({ url }: RedisServer): Promise<number> {
  const client = connectImpatient({ url, patienceMs: 5_000 })
  try {
    return (await heldIn(client)).size
  } finally {
    client.disconnect()
  }
}

/** In one transaction with the look whether it is empty, so that nobody puts something in before. */
async function emptied({ url }: RedisServer): Promise<void> {
  const client = connectImpatient({ url, patienceMs: 30_000 })
  try {
    const answers = await client.multi().flushall().dbsize().exec()
    if (answers?.[1]?.[1] !== 0) throw new TypeError('Redis was not emptied')
  } finally {
    client.disconnect()
  }
}
