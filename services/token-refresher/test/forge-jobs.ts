import { Queue } from 'bullmq'
import { connectImpatient } from '../src/queue/redis-connection.ts'

/** Jobs as somebody puts them in who can write to Redis: past the deduplication, due at once, and of any content. */
export async function forgeJobs(url: string, contents: readonly unknown[], prefix = 'credence'): Promise<void> {
  const connection = connectImpatient({ url, patienceMs: 10_000 })
  const queue = new Queue('refresh', { connection, prefix, skipVersionCheck: true })
  await queue.addBulk(contents.map((data) => ({ name: 'refresh', data })))
  await queue.close()
  connection.disconnect()
}

/** How many jobs wait or are handled. */
export async function countJobs(url: string, prefix = 'credence'): Promise<number> {
  const connection = connectImpatient({ url, patienceMs: 10_000 })
  const queue = new Queue('refresh', { connection, prefix, skipVersionCheck: true })
  const counts = await queue.getJobCounts('waiting', 'prioritized', 'active')
  await queue.close()
  connection.disconnect()
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
