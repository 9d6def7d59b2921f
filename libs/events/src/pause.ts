import type { Random } from '@credence/service'

const FIRST_MS = 100
const LONGEST_MS = 60_000

/** How long to wait after the n-th failure in a row, in milliseconds: 100 doubling up to a minute, less up to half by chance so that failures part. */
export function pauseAfter(failures: number, random: Pick<Random, 'fraction'>): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)) * (1 - random.fraction() / 2)
}
