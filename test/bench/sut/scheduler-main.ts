/**
 * The scheduler's tick over a store that is there, in a process of its own.
 *
 *     node scheduler-main.ts '{"file"} or {"mongodb", "database"}, with "redis" for the queue of the distributed profile'
 *
 *     GET /tick?now=MS&ms=MS     {"due", "ms": […], "blockMs"}
 *     GET /follow?count=N        as if so many plans had been written: {"followed"}
 *     GET /held                  what Redis holds: {"keys", "ofCredentials", "bytes", "datasetBytes"}
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock as clock, createLogger, systemRandom as random, runUntilSignal } from '@credence/service'
import { type DocumentStore, openMongoStore, openSqliteStore } from '@credence/store'
import { DUE_INDEX } from '../../../services/token-refresher/src/credential/plan.ts'
import { openPlans, type Plans } from '../../../services/token-refresher/src/credential/plans.ts'
import { type BullmqQueue, openBullmqQueue } from '../../../services/token-refresher/src/queue/bullmq-queue.ts'
import { createQueueFeed, type QueueFeed } from '../../../services/token-refresher/src/queue/feed-queue.ts'
import { openTimerQueue } from '../../../services/token-refresher/src/queue/timer-queue.ts'
import { type Held, heldIn } from './redis-held.ts'

/** Four ticks of a quarter minute, as the service has it. */
const WINDOW_MS = 60_000
const RESOLUTION_MS = 1
const PAGE = 100
const log = createLogger({ service: 'token-refresher', level: 'silent' })

interface Told {
  readonly file?: string
  readonly mongodb?: string
  readonly database?: string
  readonly redis?: string
}

interface Ticks {
  readonly due: number
  readonly ms: readonly number[]
  readonly blockMs: number
}

let now = clock.now()
const told = JSON.parse(process.argv[2] ?? '{}') as Told

await runUntilSignal(async () => {
  const store = await openStore(told)
  const bullmq =
    told.redis === undefined ? undefined : await openBullmqQueue({ url: told.redis, clock: { ...clock, now: () => now }, random, log })
  const plans = await openPlans({ store, clock, random, onChange: () => undefined })
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://scheduler.invalid')
    void answer({ plans, bullmq }, { pathname, searchParams }).then((done) => response.end(JSON.stringify(done)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      await bullmq?.close()
      await store.close()
    },
  }
})

interface Scheduler {
  readonly plans: Plans
  readonly bullmq: BullmqQueue | undefined
}

async function answer(
  scheduler: Scheduler,
  { pathname, searchParams }: Pick<URL, 'pathname' | 'searchParams'>,
): Promise<Ticks | Held | { followed: number }> {
  if (pathname === '/held') return heldIn(told.redis ?? '')
  now = Number(searchParams.get('now') ?? clock.now())
  if (pathname === '/follow') return follow(scheduler, Number(searchParams.get('count')))
  return ticks(scheduler, Number(searchParams.get('ms')))
}

/**
 * Ticks at one moment again and again. Each has an empty queue of the embedded profile, which would be spared the work by a
 * plan that it holds already; the shared one is put in what it holds, as it is by each tick until the plan is due.
 */
async function ticks(scheduler: Scheduler, forMs: number): Promise<Ticks> {
  const blocked = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const ms: number[] = []
  let due = 0
  const until = performance.now() + forMs
  blocked.enable()
  do {
    const feed = feedOf(scheduler)
    const start = performance.now()
    due = await feed.tick(scheduler.plans)
    ms.push(performance.now() - start)
    // Between two ticks the loop turns: two in a row would count as one block.
    await new Promise((resolve) => setTimeout(resolve, RESOLUTION_MS))
  } while (performance.now() < until)
  blocked.disable()
  return { due, ms, blockMs: Math.max(blocked.max / 1e6 - RESOLUTION_MS, 0) }
}

function feedOf({ bullmq }: Scheduler): QueueFeed {
  const queue = bullmq ?? openTimerQueue({ clock: { ...clock, now: () => now }, log })
  return createQueueFeed({ queue, log, windowMs: WINDOW_MS, now: () => now })
}

/** The answer comes when Redis has heard all of it. */
async function follow(scheduler: Scheduler, count: number): Promise<{ followed: number }> {
  const feed = feedOf(scheduler)
  let followed = 0
  let after: string | undefined
  do {
    const query = { prefix: [], limit: Math.min(PAGE, count - followed), ...(after === undefined ? {} : { after }) }
    const { docs, next } = await scheduler.plans.collection.find(DUE_INDEX.name, query)
    for (const plan of docs) feed.follow(plan.id, plan)
    followed += docs.length
    await scheduler.bullmq?.ping()
    after = next
  } while (after !== undefined && followed < count)
  return { followed }
}

function openStore({ file, mongodb, database = '' }: Told): Promise<DocumentStore> {
  return mongodb === undefined ? openSqliteStore({ file: file ?? '', random }) : openMongoStore({ url: mongodb, database, random })
}
