import { createHash } from 'node:crypto'
import type { Random } from '@credence/service'

/** Chance that is the same in every run with the same seed: SHA-256 of the seed and a counter. For tests only. */
export function seededRandom(seed: string | number): Random {
  let counter = 0
  let pool = Buffer.alloc(0)
  const take = (count: number): Buffer => {
    while (pool.length < count) pool = Buffer.concat([pool, createHash('sha256').update(`${seed}:${counter++}`).digest()])
    const taken = Buffer.from(pool.subarray(0, count))
    pool = pool.subarray(count)
    return taken
  }
  return { bytes: take, fraction: () => take(6).readUIntBE(0, 6) / 2 ** 48 }
}
