import { join } from 'node:path'
import { startPlatform } from '../../support/platform.ts'
import type { Bench, Group } from '../bench.ts'
import { figure } from '../print-table.ts'
import { pin, residentBytesOf } from '../process-stat.ts'
import type { Measured, Row } from '../result.ts'
import { median, pause } from '../runner.ts'
import { sizeName } from '../sizes.ts'
import { type Filled, fill } from '../stored/fill.ts'
import { scratchFolder } from '../stored/scratch.ts'
import { idleInRedis } from './redis.ts'
import { type Scheduler, tickRows } from './ticks.ts'

const MIB = 1024 * 1024
const KIB = 1024
/** What a credential takes while it is written, with the journal. */
const ROOM_EACH = 6 * KIB

/** What grows with the number of credentials stored, and what must not. */
export const STORED_ROWS: Group = {
  ids: ['S1', 'S2', 'S3', 'S1.redis', 'S2.redis', 'S3.redis', 'S4', 'M1', 'M2'],
  async run(bench, wanted) {
    // The writer's thread would share the one core of the load.
    pin(process.pid, 'anywhere')
    const template = await bench.template()
    const { sizes } = bench.effort
    using scratch = scratchFolder(sizes.reduce((sum, size) => sum + size, 0) * ROOM_EACH)
    const stores: Filled[] = []
    for (const size of sizes) stores.push(await fill(template, join(scratch.path, sizeName(size)), size))
    pin(process.pid, 'load')
    const asks = (...ids: readonly string[]): boolean => ids.some((id) => wanted.has(id))
    return [
      ...(asks('S1', 'S2', 'S3') ? await embeddedTicks(bench, stores) : []),
      ...(asks('S1.redis', 'S2.redis', 'S3.redis', 'S4') ? await sharedTicks(bench, stores) : []),
      ...(asks('M1') ? [await memory(bench, { few: stores[0]!, many: stores.at(-1)! })] : []),
      ...(asks('M2') ? [disk(stores.at(-1)!)] : []),
    ]
  },
}

async function embeddedTicks(bench: Bench, stores: readonly Filled[]): Promise<Row[]> {
  const schedulers = await startSchedulers(bench, stores)
  const rows = await tickRows(bench, schedulers, { suffix: '', what: 'SQLite, queue in memory' })
  for (const { process } of schedulers) await bench.end(process)
  return rows
}

/** The queue of the distributed profile, over the same stores: what it costs to keep it equal to the due index. */
async function sharedTicks(bench: Bench, stores: readonly Filled[]): Promise<Row[]> {
  const reason = await bench.engines.missing('redis')
  if (reason !== undefined) return ['S1.redis', 'S2.redis', 'S3.redis', 'S4'].map((id) => notRun(id, reason))
  const redis = await bench.engines.redis()
  const schedulers = await startSchedulers(bench, stores, redis)
  // Before anything was due.
  const idle = await idleInRedis(bench, schedulers.at(-1)!)
  const rows = await tickRows(bench, schedulers, { suffix: '.redis', what: 'SQLite, BullMQ on Redis' })
  for (const { process } of schedulers) await bench.end(process)
  return [...rows, idle]
}

function notRun(id: string, reason: string): Row {
  return { id, title: 'the scheduler with BullMQ', baseline: 'none', unit: '', goal: undefined, better: 'lower', reason }
}

async function startSchedulers(bench: Bench, stores: readonly Filled[], redis?: string): Promise<Scheduler[]> {
  const schedulers: Scheduler[] = []
  for (const { home, credentials: size } of stores) {
    const told = { file: join(home, 'credence.db'), ...(redis === undefined ? {} : { redis }) }
    schedulers.push({ size, process: await bench.start('sut/scheduler-main.ts', [JSON.stringify(told)]) })
  }
  return schedulers
}

interface Stores {
  readonly few: Filled
  readonly many: Filled
}

async function memory(bench: Bench, { few, many }: Stores): Promise<Measured> {
  const rounds = bench.effort.quick ? 1 : 2
  const bytes: { few: number[]; many: number[] } = { few: [], many: [] }
  for (let round = 0; round < rounds; round++) {
    bytes.few.push(await residentWith(few, bench))
    bytes.many.push(await residentWith(many, bench))
  }
  return {
    id: 'M1',
    title: `RSS of the platform, ${sizeName(many.credentials)} stored`,
    baseline: `${sizeName(few.credentials)} stored`,
    unit: '×',
    goal: 1.2,
    better: 'lower',
    values: bytes.many.map((value, i) => value / (bytes.few[i] ?? Number.NaN)),
    note: `${figure(median(bytes.many) / MIB)} MiB against ${figure(median(bytes.few) / MIB)} MiB, all five services in one process`,
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
    title: `bytes on disk per credential (parent, child, plan, indexes), ${sizeName(credentials)} stored`,
    baseline: 'a secret of 600 B',
    unit: 'KiB',
    goal: 2.5,
    better: 'lower',
    values: [bytesEach / KIB],
    note: `${figure(bytesEach)} B`,
  }
}
