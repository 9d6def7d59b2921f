/**
 * The scheduler's tick over a store that is there, in a process of its own.
 *
 *     node scheduler-main.ts <database>      then GET /tick?now=MS&ms=MS → {"due", "ms": […], "blockMs"}
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock as clock, createLogger, systemRandom as random, runUntilSignal } from '@credence/service'
import { openSqliteStore } from '@credence/store'
import { openPlans, type Plans } from '../../../services/token-refresher/src/credential/plans.ts'
import { createQueueFeed } from '../../../services/token-refresher/src/queue/feed-queue.ts'
import { openTimerQueue } from '../../../services/token-refresher/src/queue/timer-queue.ts'

/** Four ticks of a quarter minute, as the service has it. */
const WINDOW_MS = 60_000
const RESOLUTION_MS = 1
const log = createLogger({ service: 'token-refresher', level: 'silent' })

interface Ticks {
  readonly due: number
  readonly ms: readonly number[]
  readonly blockMs: number
}

await runUntilSignal(async () => {
  const store = await openSqliteStore({ file: process.argv[2] ?? '', random })
  const plans = await openPlans({ store, clock, random, onChange: () => undefined })
  const server = createServer((request, response) => {
    const asked = new URL(request.url ?? '/', 'http://scheduler.invalid').searchParams
    void ticks(plans, { now: Number(asked.get('now')), forMs: Number(asked.get('ms')) }).then((done) => response.end(JSON.stringify(done)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      await store.close()
    },
  }
})

/** Ticks at one moment again and again, each with an empty queue: a queue that holds a plan already would be spared the work. */
async function ticks(plans: Plans, { now, forMs }: { readonly now: number; readonly forMs: number }): Promise<Ticks> {
  const blocked = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const ms: number[] = []
  let due = 0
  const until = performance.now() + forMs
  blocked.enable()
  do {
    const queue = openTimerQueue({ clock: { ...clock, now: () => now }, log })
    const feed = createQueueFeed({ queue, log, windowMs: WINDOW_MS, now: () => now })
    const start = performance.now()
    due = await feed.tick(plans)
    ms.push(performance.now() - start)
    // Between two ticks the loop turns: two in a row would count as one block.
    await new Promise((resolve) => setTimeout(resolve, RESOLUTION_MS))
  } while (performance.now() < until)
  blocked.disable()
  return { due, ms, blockMs: Math.max(blocked.max / 1e6 - RESOLUTION_MS, 0) }
}
