import { startMongodb, startNats, startRedis } from '@credence/testkit'
import type { Engines } from '../../support/cluster.ts'

export interface RunningEngines {
  readonly urls: Engines
  /** Where their files are. */
  readonly folders: readonly string[]
  stop(): Promise<void>
}

/** MongoDB, NATS and Redis of their own; when one does not start, the others are ended again. */
export async function startEngines(): Promise<RunningEngines> {
  const started = await Promise.allSettled([startMongodb(), startNats(), startRedis()])
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)))
  }
  const [mongodb, nats, redis] = started
  if (mongodb.status === 'fulfilled' && nats.status === 'fulfilled' && redis.status === 'fulfilled') {
    const folders = [mongodb, nats, redis].map(({ value }) => value.folder).filter((folder) => folder !== undefined)
    return { urls: { mongodb: mongodb.value.url, nats: nats.value.url, redis: redis.value.url }, folders, stop }
  }
  await stop()
  throw started.find((one) => one.status === 'rejected')?.reason
}
