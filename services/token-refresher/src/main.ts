import { REFRESH_SETTINGS, refreshTimesOf, type ServiceMain, serviceMain } from '@credence/host'
import { CLIENT_COLLECTION } from './credential/clients.ts'
import { PLAN_COLLECTION } from './credential/plans.ts'
import { openEnduringQueue } from './queue/enduring-queue.ts'
import { connectImpatient } from './queue/redis-connection.ts'
import { start } from './service.ts'

/** For `credence doctor`. */
export { checkRedis } from './queue/check-redis.ts'

/** Of one OAuth client at a time in each replica: two of them begin with as many as one process has in all. */
const CLIENT_CONCURRENCY = 8

/** `credence serve token-refresher` */
export const main: ServiceMain = serviceMain({
  service: 'token-refresher',
  collections: [PLAN_COLLECTION, CLIENT_COLLECTION],
  settings: {
    ...REFRESH_SETTINGS,
    port: { name: 'REFRESHER_PORT', kind: 'port', default: 7412, doc: 'Service gRPC (mutual TLS).' },
    redisUrl: {
      name: 'REDIS_URL',
      kind: 'string',
      required: true,
      secret: true,
      doc: 'redis[s]://[user:password@]host:port[/db], with noeviction.',
    },
    tickMs: { name: 'REFRESH_TICK_MS', kind: 'ms', default: 15_000, doc: 'How often due refreshes are looked for.' },
  },
  async start(settings, adapters) {
    const { clock, random, log } = adapters
    const queue = await openEnduringQueue({ url: Buffer.from(settings.redisUrl.reveal()).toString('utf8'), clock, random, log })
    try {
      const config = { ...settings, refreshTimes: refreshTimesOf(settings), clientConcurrency: CLIENT_CONCURRENCY }
      const running = await start(config, { ...adapters, queue })
      return {
        ...running,
        // What is due is woken up from memory meanwhile.
        engines: { QUEUE_UNAVAILABLE: () => queue.ping() },
        async stop() {
          await running.stop()
          await queue.close()
        },
      }
    } catch (error) {
      await queue.close()
      throw error
    }
  },
})

const PATIENCE_MS = 3_000

/** For `credence doctor`: milliseconds since 1970 by the clock of that Redis; undefined when it does not tell. */
export async function redisTime(url: string): Promise<number | undefined> {
  const redis = connectImpatient({ url, patienceMs: PATIENCE_MS })
  try {
    const [seconds, microseconds] = await redis.time()
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000
  } catch {
    return undefined
  } finally {
    redis.disconnect()
  }
}
