import { cpuSecondsOf } from './process-stat.ts'

/** What one slice of one case gave. */
export interface Sample {
  readonly ops: number
  readonly ms: number
  /** Per operation, ms, unsorted. */
  readonly latencies: readonly number[]
  /** Calls that were not carried out, and are no `ops`. */
  readonly refused?: number
  /** CPU of the process under test for each operation, µs; what it does afterwards for the slice is counted too. */
  readonly cpuUs: number
}

/** How much is measured: a smoke run only shows that everything works. */
export interface Effort {
  readonly quick: boolean
  readonly rounds: number
  /** Length of a slice. */
  readonly sliceMs: number
  readonly warmUpMs: number
  /** Work that is put off (shipped audit records) is waited for, so that it is charged to the case that made it. */
  readonly settleMs: number
  /** How many credentials are stored, the least first. */
  readonly sizes: readonly number[]
}

export const FULL: Effort = {
  quick: false,
  rounds: 5,
  sliceMs: 2_000,
  warmUpMs: 1_000,
  settleMs: 1_200,
  sizes: [1_000, 10_000, 100_000, 1_000_000],
}
/** For rows that judge no CPU: what is put off is nobody's there. */
export function unsettled(effort: Effort): Effort {
  return { ...effort, settleMs: 0 }
}

export const QUICK: Effort = { quick: true, rounds: 1, sliceMs: 250, warmUpMs: 100, settleMs: 0, sizes: [1_000, 5_000] }

export interface Case {
  /** The process whose CPU counts. */
  readonly pid: number
  /** Puts on load for about so long. Throws when anything was refused. */
  run(ms: number): Promise<Omit<Sample, 'cpuUs'>>
}

/** The samples of one round, by the name of the case. */
export type Round<N extends string> = Readonly<Record<N, Sample>>

/** Every case once per round, the order rotated, so that a drift of the machine falls on all of them alike. */
export async function inRounds<N extends string>(effort: Effort, cases: Readonly<Record<N, Case>>): Promise<Round<N>[]> {
  const names = Object.keys(cases) as N[]
  for (const name of names) await cases[name].run(effort.warmUpMs)
  await pause(effort.settleMs)
  const rounds: Round<N>[] = []
  for (let round = 0; round < effort.rounds; round++) {
    const samples: Partial<Record<N, Sample>> = {}
    for (const name of rotated(names, round)) samples[name] = await sample(effort, cases[name])
    rounds.push(samples as Round<N>)
  }
  return rounds
}

async function sample(effort: Effort, { pid, run }: Case): Promise<Sample> {
  const before = cpuSecondsOf(pid)
  const measured = await run(effort.sliceMs)
  await pause(effort.settleMs)
  const cpuUs = ((cpuSecondsOf(pid) - before) * 1e6) / measured.ops
  return { ...measured, cpuUs }
}

export function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length
  return [...list.slice(from), ...list.slice(0, from)]
}

export function perSecond({ ops, ms }: Pick<Sample, 'ops' | 'ms'>): number {
  return (ops * 1000) / ms
}

/** `share` 0.5 is the median; of nothing it is NaN. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
