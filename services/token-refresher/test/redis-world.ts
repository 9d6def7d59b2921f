import { createLogger, type Logger, systemClock, systemRandom } from '@credence/service'
import { type RedisServer, startRedis } from '@credence/testkit'
import type { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { type BullmqQueue, type BullmqQueueOptions, openBullmqQueue } from '../src/queue/bullmq-queue.ts'
import { connectImpatient } from '../src/queue/redis-connection.ts'

const POLL_MS = 5

export interface Counts {
  /** Due, and waiting for a place. */
  readonly ready: number
  readonly delayed: number
  readonly active: number
}

/** A Redis with queues on it, each a replica's. What runs when the test ends is stopped. */
export class RedisWorld {
  readonly prefix: string = `test-${Buffer.from(systemRandom.bytes(6)).toString('hex')}`
  readonly lines: string[] = []
  readonly log: Logger = createLogger({ service: 'token-refresher', write: (line) => void this.lines.push(line) })
  readonly server: RedisServer
  readonly redis: Redis

  constructor(server: RedisServer) {
    this.server = server
    this.redis = connectImpatient({ url: server.url, patienceMs: 2_000 })
    onTestFinished(() => this.redis.disconnect())
  }

  /** On a server of its own. */
  static async start(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisWorld> {
    const server = await startRedis(options)
    onTestFinished(() => server.stop())
    return new RedisWorld(server)
  }

  async queue(over: Partial<BullmqQueueOptions> = {}): Promise<BullmqQueue> {
    const { log, prefix } = this
    const queue = await openBullmqQueue({ url: this.server.url, clock: systemClock, random: systemRandom, log, prefix, ...over })
    onTestFinished(() => queue.close())
    return queue
  }

  async counts(until: number = Date.now()): Promise<Counts> {
    const key = (name: string): string => `${this.prefix}:refresh:${name}`
    // BullMQ scores a delayed job by its time in ms times 4096, and a counter.
    const due = (until + 1) * 4096 - 1
    const [wait = 0, prioritized = 0, active = 0, delayed = 0, overdue = 0] = await Promise.all([
      this.redis.llen(key('wait')),
      this.redis.zcard(key('prioritized')),
      this.redis.llen(key('active')),
      this.redis.zcard(key('delayed')),
      this.redis.zcount(key('delayed'), 0, due),
    ])
    return { ready: wait + prioritized + overdue, delayed: delayed - overdue, active }
  }

  /** Waits for what really happens; the test's own time limit ends it. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
