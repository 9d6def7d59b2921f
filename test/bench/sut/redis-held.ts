import { connectImpatient } from '../../../services/token-refresher/src/queue/redis-connection.ts'

/** What a Redis holds. */
export interface Held {
  readonly keys: number
  /** Keys with the id of a credential in their name. */
  readonly ofCredentials: number
  /** Of all keys with their values, as MEMORY USAGE counts them to the last element. */
  readonly bytes: number
  /** `used_memory_dataset`, which moves by some KiB though no key does. */
  readonly datasetBytes: number
}

const PATIENCE_MS = 10_000
const AT_ONCE = 1_000

export async function heldIn(url: string): Promise<Held> {
  const redis = connectImpatient({ url, patienceMs: PATIENCE_MS })
  try {
    const keys = new Set<string>()
    let cursor = '0'
    do {
      const [next, page] = await redis.scan(cursor, 'COUNT', AT_ONCE)
      for (const key of page) keys.add(key)
      cursor = next
    } while (cursor !== '0')
    let bytes = 0
    for (const key of keys) bytes += Number(await redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'))
    const [, dataset] = /used_memory_dataset:(\d+)/.exec(await redis.info('memory')) ?? []
    const ofCredentials = [...keys].filter((key) => key.includes('cred_')).length
    return { keys: keys.size, ofCredentials, bytes, datasetBytes: Number(dataset) }
  } finally {
    redis.disconnect()
  }
}
