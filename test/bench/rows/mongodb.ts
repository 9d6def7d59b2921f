import type { Bench, Group } from '../bench.ts'
import { pin } from '../process-stat.ts'
import type { Row } from '../result.ts'
import { sizeName } from '../sizes.ts'
import { fillMongodb } from '../stored/fill-mongodb.ts'
import { type Scheduler, tick, tickRows } from './ticks.ts'

const IDS = ['S1.mongodb', 'S2.mongodb', 'S3.mongodb'] as const
/** A tick that does nothing: where it takes longer the server reads all that is stored, and the next size would only tell how much that is. */
const MOST_TICK_MS = 100

/** The scheduler of the distributed profile, on a server that reads by its indexes; on another one as far as that is bearable. */
export const MONGODB_ROWS: Group = {
  ids: IDS,
  async run(bench) {
    const reason = await bench.engines.missing('mongodb', 'redis')
    if (reason !== undefined) return notRun(reason)
    const { schedulers, remark } = await startSchedulers(bench)
    if (schedulers.length < 2) return notRun(remark)
    const rows = await tickRows(bench, schedulers, { suffix: '.mongodb', what: 'MongoDB, BullMQ on Redis', remark })
    for (const { process } of schedulers) await bench.end(process)
    return rows
  },
}

async function startSchedulers(bench: Bench): Promise<{ schedulers: Scheduler[]; remark: string }> {
  const [mongodb, redis, template] = [await bench.engines.mongodb(), await bench.engines.redis(), await bench.template()]
  const schedulers: Scheduler[] = []
  for (const size of bench.effort.sizes) {
    const database = `bench_${process.pid}_${sizeName(size)}`
    pin(process.pid, 'anywhere')
    await fillMongodb({ url: mongodb, database, template, credentials: size })
    pin(process.pid, 'load')
    const started = await bench.start('sut/scheduler-main.ts', [JSON.stringify({ mongodb, database, redis })])
    schedulers.push({ size, process: started })
    const ms = Math.min(...(await tick(started, { due: 0, ms: MOST_TICK_MS })).ms)
    const left = bench.effort.sizes.filter((other) => other > size)
    if (ms > MOST_TICK_MS && left.length > 0 && schedulers.length > 1) {
      const sizes = left.map(sizeName).join(', ')
      return {
        schedulers,
        remark: `NOT RUN at ${sizes}: this server took ${ms.toFixed(0)} ms to find nothing in ${sizeName(size)}: it reads them all`,
      }
    }
  }
  return { schedulers, remark: 'all sizes ran' }
}

function notRun(reason: string): Row[] {
  return IDS.map((id) => ({ id, title: 'scheduler tick on MongoDB', baseline: 'none', unit: '×', goal: 1.2, better: 'lower', reason }))
}
