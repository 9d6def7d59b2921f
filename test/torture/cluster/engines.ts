import { startMongodb, startNats, startRedis } from '@credence/testkit'
import type { Engines } from '../../support/cluster.ts'

export interface RunningEngines {
  readonly urls: Engines
  stop(): Promise<void>
}

/** MongoDB, NATS and Redis of their own; when one does not start, the others are ended again. */
export async function startEngines(): Promise<RunningEngines> {
  const started = await Promise.allSettled([startMongodb(), startNats(), startRedis()])
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)))
  }
  const [mongodb, nats, redis] = started
  if (mongodb.status === 'fulfilled' && nats.status === 'fulfilled' && redis.status === 'fulfilled')
    return { urls: { mongodb: mongodb.value.url, nats: nats.value.url, redis: redis.value.url }, stop }
  await stop()
  throw started.find((one) => one.status === 'rejected')?.reason
}
