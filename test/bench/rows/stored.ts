import { join } from 'node:path'
import type { StartedProcess } from '@credence/testkit'
import { startPlatform } from '../../support/platform.ts'
import type { Bench, Group } from '../bench.ts'
import { figure } from '../print-table.ts'
import { pin, residentBytesOf } from '../process-stat.ts'
import type { Measured } from '../result.ts'
import { type Case, inRounds, median, pause, type Round, unsettled } from '../runner.ts'
import { FIRST_DUE_AT, type Filled, fill } from '../stored/fill.ts'
import { scratchFolder } from '../stored/scratch.ts'
import { makeTemplate } from '../stored/template.ts'

const DUE = 500
const MIB = 1024 * 1024
const KIB = 1024
/** What a credential takes while it is written, with the journal. */
const ROOM_EACH = 6 * KIB

/** What grows with the number of credentials stored, and what must not. */
export const STORED_ROWS: Group = {
  ids: ['S1', 'S2', 'S3', 'M1', 'M2'],
  async run(bench) {
    // The writer's thread would share the one core of the load.
    pin(process.pid, 'anywhere')
    const template = await makeTemplate(bench.folder('template'))
    const count = bench.effort.quick ? 10_000 : 1_000_000
    using scratch = scratchFolder(count * ROOM_EACH)
    const few = await fill(template, join(scratch.path, 'few'), 1_000)
    const many = await fill(template, join(scratch.path, 'many'), count)
    pin(process.pid, 'load')
    return [...(await scheduler(bench, { few, many })), await memory(bench, { few, many }), disk(many)]
  },
}

interface Stores {
  readonly few: Filled
  readonly many: Filled
}

function sizesOf({ few, many }: Stores): string {
  return `${figure(many.credentials)} stored`.concat(` / ${figure(few.credentials)} stored`)
}

async function scheduler(bench: Bench, stores: Stores): Promise<Measured[]> {
  const few = await bench.start('sut/scheduler-main.ts', [join(stores.few.home, 'credence.db')])
  const many = await bench.start('sut/scheduler-main.ts', [join(stores.many.home, 'credence.db')])
  const blocks: number[] = []
  const at = (process: StartedProcess, due: number, told?: number[]): Case =>
    tickCase(process, { due, ...(told === undefined ? {} : { told }) })
  const idle = await inRounds(unsettled(bench.effort), { few: at(few, 0), many: at(many, 0) })
  const busy = await inRounds(unsettled(bench.effort), { few: at(few, DUE), many: at(many, DUE, blocks) })
  await Promise.all([few.stop(), many.stop()])
  const sizes = sizesOf(stores)
  return [
    tickRow(idle, { id: 'S1', title: `scheduler tick with 0 due, ${sizes}` }),
    tickRow(busy, { id: 'S2', title: `scheduler tick with ${DUE} due, ${sizes}` }),
    {
      id: 'S3',
      title: `longest block of the event loop in ticks with ${DUE} due, ${figure(stores.many.credentials)} stored`,
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
function tickCase(process: StartedProcess, { due, told }: { readonly due: number; readonly told?: number[] }): Case {
  const now = due === 0 ? 0 : FIRST_DUE_AT + due * 1000 - 60_000
  return {
    pid: process.pid,
    async run(ms) {
      const response = await fetch(`http://127.0.0.1:${process.ready.port}/tick?now=${now}&ms=${ms}`)
      const ticks = (await response.json()) as { due: number; ms: number[]; blockMs: number }
      if (ticks.due !== due) throw new TypeError(`${ticks.due} plans were due, not ${due}`)
      told?.push(ticks.blockMs)
      return { ops: ticks.ms.length, ms, latencies: ticks.ms }
    },
  }
}

function tickRow(rounds: readonly Round<'few' | 'many'>[], { id, title }: { readonly id: string; readonly title: string }): Measured {
  const at = (name: 'few' | 'many'): string => `${median(rounds.map((round) => median(round[name].latencies))).toFixed(3)} ms`
  return {
    id,
    title,
    baseline: 'the smaller store',
    unit: '×',
    goal: 1.2,
    better: 'lower',
    values: rounds.map(({ few, many }) => median(many.latencies) / median(few.latencies)),
    note: `${at('many')} against ${at('few')}`,
  }
}

async function memory(bench: Bench, stores: Stores): Promise<Measured> {
  const rounds = bench.effort.quick ? 1 : 2
  const few: number[] = []
  const many: number[] = []
  for (let round = 0; round < rounds; round++) {
    few.push(await residentWith(stores.few, bench))
    many.push(await residentWith(stores.many, bench))
  }
  return {
    id: 'M1',
    title: `RSS of the platform, ${sizesOf(stores)}`,
    baseline: 'the smaller store',
    unit: '×',
    goal: 1.2,
    better: 'lower',
    values: many.map((bytes, i) => bytes / (few[i] ?? Number.NaN)),
    note: `${figure(median(many) / MIB)} MiB against ${figure(median(few) / MIB)} MiB, all five services in one process`,
  }
}

/** A while after the start, with the comparison of all plans under way. */
async function residentWith({ home }: Filled, { effort }: Bench): Promise<number> {
  const platform = await startPlatform({ home })
  pin(platform.process.pid, 'measured')
  await pause(effort.quick ? 500 : 8_000)
  const bytes = residentBytesOf(platform.process.pid)
  await platform.process.stop()
  return bytes
}

function disk({ bytesEach, credentials }: Filled): Measured {
  return {
    id: 'M2',
    title: `bytes on disk per credential (parent, child, plan, indexes), ${figure(credentials)} stored`,
    baseline: 'a secret of 600 B',
    unit: 'KiB',
    goal: 2.5,
    better: 'lower',
    values: [bytesEach / KIB],
    note: `${figure(bytesEach)} B`,
  }
}
