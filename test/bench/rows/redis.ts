import type { StartedProcess } from '@credence/testkit'
import type { Bench } from '../bench.ts'
import { figure } from '../print-table.ts'
import type { Measured } from '../result.ts'
import { sizeName } from '../sizes.ts'
import type { Held } from '../sut/redis-held.ts'
import { DUE, type Scheduler, tick } from './ticks.ts'

const TICKS_MS = 100
/** So many plans are written while they are idle: each write goes to the queue, which must put nothing in. */
const MOST_FOLLOWED = 20_000

/**
 * What Redis holds of credentials that are not due: before and after ticks and writes, counted key by key. Throws when it does
 * not see the jobs of those that are due: a count that sees nothing proves nothing.
 */
export async function idleInRedis(bench: Bench, { size, process }: Scheduler): Promise<Measured> {
  const held = async (): Promise<Held> => ask(process, 'held')
  const before = await held()
  const values: number[] = []
  let idle = before
  for (let round = 0; round < bench.effort.rounds; round++) {
    await tick(process, { due: 0, ms: TICKS_MS })
    const count = Math.min(size, MOST_FOLLOWED)
    const { followed } = await ask<{ followed: number }>(process, `follow?now=0&count=${count}`)
    if (followed !== count) throw new TypeError(`${followed} plans were written, not ${count}`)
    idle = await held()
    values.push((idle.bytes - before.bytes) / size)
  }
  await tick(process, { due: DUE, ms: 1 })
  const busy = await held()
  if (busy.ofCredentials < DUE) throw new TypeError(`${busy.ofCredentials} keys for ${DUE} credentials that are due`)
  const eachDue = figure((busy.bytes - idle.bytes) / DUE)
  const drift = figure((idle.datasetBytes - before.datasetBytes) / 1024)
  return {
    id: 'S4',
    title: `bytes in Redis per idle credential outside the window, ${sizeName(size)} stored`,
    baseline: 'none',
    unit: 'B',
    goal: 0,
    better: 'lower',
    values,
    note: `${idle.ofCredentials} keys of credentials, used_memory_dataset moved by ${drift} KiB; with ${DUE} due ${eachDue} B each`,
  }
}

async function ask<T>(process: StartedProcess, path: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${process.ready.port}/${path}`)).json()) as T
}
