import type { StartedProcess } from '@credence/testkit'
import type { Bench } from '../bench.ts'
import { figure } from '../print-table.ts'
import type { Measured } from '../result.ts'
import { type Case, inRounds, median, type Round, type Sample, unsettled } from '../runner.ts'
import { sizeName } from '../sizes.ts'
import { FIRST_DUE_AT } from '../stored/fill.ts'

export const DUE = 500
const WINDOW_MS = 60_000

/** A scheduler over a store of this size, in a process of its own. */
export interface Scheduler {
  readonly size: number
  readonly process: StartedProcess
}

export interface TickRows {
  /** Behind the ids: which store and queue it is. Empty for the embedded profile. */
  readonly suffix: '' | '.redis' | '.mongodb'
  readonly what: string
  /** What did not run, for the reader. */
  readonly remark?: string
}

/** What a tick costs with nothing due and with many, in each of these stores: the greatest against the least. */
export async function tickRows(bench: Bench, schedulers: readonly Scheduler[], { suffix, what, remark }: TickRows): Promise<Measured[]> {
  const blocks: number[] = []
  const greatest = schedulers.at(-1)!.size
  const cases = (due: number): Record<string, Case> =>
    Object.fromEntries(
      schedulers.map(({ size, process }) => [
        sizeName(size),
        tickCase(process, { due, ...(size === greatest && due > 0 ? { blocks } : {}) }),
      ]),
    )
  const idle = await inRounds(unsettled(bench.effort), cases(0))
  const busy = await inRounds(unsettled(bench.effort), cases(DUE))
  const sizes = schedulers.map(({ size }) => size)
  return [
    tickRow(idle, { id: `S1${suffix}`, title: `tick with 0 due, ${what}`, sizes, remark }),
    tickRow(busy, { id: `S2${suffix}`, title: `tick with ${DUE} due, ${what}`, sizes, remark }),
    {
      id: `S3${suffix}`,
      title: `longest block of the event loop in ticks with ${DUE} due, ${sizeName(greatest)} stored, ${what}`,
      baseline: 'none',
      unit: 'ms',
      goal: 5,
      better: 'lower',
      // The first is the warm-up.
      values: blocks.slice(1),
      note: 'of a whole slice; what else runs on the machine is in it',
    },
  ]
}

/** The window of the tick ends `due` seconds after the first plan's time, or long before it. */
export function tickAt(due: number): number {
  return due === 0 ? 0 : FIRST_DUE_AT + due * 1000 - WINDOW_MS
}

export async function tick(process: StartedProcess, { due, ms }: { readonly due: number; readonly ms: number }): Promise<Ticks> {
  const response = await fetch(`http://127.0.0.1:${process.ready.port}/tick?now=${tickAt(due)}&ms=${ms}`)
  const ticks = (await response.json()) as Ticks
  if (ticks.due !== due) throw new TypeError(`${ticks.due} plans were due, not ${due}`)
  return ticks
}

interface Ticks {
  readonly due: number
  readonly ms: readonly number[]
  readonly blockMs: number
}

function tickCase(process: StartedProcess, { due, blocks }: { readonly due: number; readonly blocks?: number[] }): Case {
  return {
    pid: process.pid,
    async run(ms) {
      const ticks = await tick(process, { due, ms })
      blocks?.push(ticks.blockMs)
      return { ops: ticks.ms.length, ms, latencies: ticks.ms }
    },
  }
}

interface TickRow {
  readonly id: string
  readonly title: string
  readonly sizes: readonly number[]
  readonly remark: string | undefined
}

function tickRow(rounds: readonly Round<string>[], { id, title, sizes, remark }: TickRow): Measured {
  const names = sizes.map(sizeName)
  const [least = '', greatest = ''] = [names[0], names.at(-1)]
  return {
    id,
    title: `${title}, ${greatest} stored`,
    baseline: `${least} stored`,
    unit: '×',
    goal: 1.2,
    better: 'lower',
    values: rounds.map((round) => msOf(round, greatest) / msOf(round, least)),
    note: [costs(rounds, names), ...(remark === undefined ? [] : [remark])].join('; '),
  }
}

/** The cost of a tick for each size, ms: the median of the rounds, with the least and the greatest. */
export function costs(rounds: readonly Round<string>[], names: readonly string[]): string {
  const cost = (name: string): string => {
    const values = rounds.map((round) => msOf(round, name))
    return `${name} ${median(values).toFixed(3)} ms [${figure(Math.min(...values))}..${figure(Math.max(...values))}]`
  }
  return names.map(cost).join(' · ')
}

function msOf(round: Round<string>, name: string): number {
  return median((round[name] as Sample).latencies)
}
