/**
 * How fast it is, each row against its baseline in the same run.
 *
 *     npm run bench -- [--json FILE] [--only P1,F1] [--quick] [--rounds N] [--sizes 1k,1M] [--profile DIR]
 *
 * `--quick` only shows that every row works: its figures say nothing. `--profile` writes a CPU profile of the vault's process.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Bench, type Group } from './bench.ts'
import { tableOf } from './print-table.ts'
import { pin } from './process-stat.ts'
import { asJson, type Row } from './result.ts'
import { CHECK_ROWS } from './rows/check.ts'
import { DISABLE_ROWS } from './rows/disable.ts'
import { EVENT_ROWS } from './rows/events.ts'
import { MONGODB_ROWS } from './rows/mongodb.ts'
import { PROXY_ROWS } from './rows/proxy.ts'
import { REFRESH_ROWS } from './rows/refresh.ts'
import { REPLICA_ROWS } from './rows/replicas.ts'
import { SEND_ROWS } from './rows/send.ts'
import { START_ROWS } from './rows/start.ts'
import { STORED_ROWS } from './rows/stored.ts'
import { STREAM_ROWS } from './rows/streams.ts'
import { FULL, QUICK } from './runner.ts'
import { sizesIn } from './sizes.ts'

const GROUPS: readonly Group[] = [
  CHECK_ROWS,
  PROXY_ROWS,
  STREAM_ROWS,
  SEND_ROWS,
  REFRESH_ROWS,
  DISABLE_ROWS,
  START_ROWS,
  STORED_ROWS,
  MONGODB_ROWS,
  EVENT_ROWS,
  REPLICA_ROWS,
]

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'string' },
    rounds: { type: 'string' },
    sizes: { type: 'string' },
  },
})

const wanted = idsOf(values.only)
const nodeOptions = values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile]
const base = values.quick ? QUICK : FULL
const effort = {
  ...base,
  rounds: Number(values.rounds ?? base.rounds),
  sizes: values.sizes === undefined ? base.sizes : sizesIn(values.sizes),
}
const bench = new Bench({ effort, nodeOptions })
const isPinned = pin(process.pid, 'load')
const rows: Row[] = []
try {
  for (const group of GROUPS.filter(({ ids }) => ids.some((id) => wanted.has(id)))) rows.push(...(await measure(group)))
} finally {
  await bench.close()
}
console.log(`\n${tableOf(rows, { judge: !values.quick })}\n`)
console.log(conditions(isPinned))
if (values.json !== undefined) writeFileSync(values.json, asJson(rows))
// The journey that makes the template follows events as long as its process lives.
process.exit()

async function measure(group: Group): Promise<Row[]> {
  const start = performance.now()
  try {
    const found = (await group.run(bench, wanted)).filter(({ id }) => wanted.has(id))
    // At once: a run that is ended early keeps what it had.
    console.error(`${tableOf(found, { judge: false })}\n${((performance.now() - start) / 1000).toFixed(1)} s\n`)
    return found
  } catch (error) {
    // The other rows have their worth without this one; the run as a whole has failed.
    process.exitCode = 1
    console.error(`${group.ids.join(' ')} failed:`, error)
    return []
  }
}

function idsOf(only: string | undefined): ReadonlySet<string> {
  const known = GROUPS.flatMap(({ ids }) => ids)
  const asked = only?.split(',') ?? known
  const unknown = asked.filter((id) => !known.includes(id))
  if (unknown.length > 0) throw new TypeError(`there is no row ${unknown.join(', ')}; there are ${known.join(' ')}`)
  return new Set(asked)
}

function conditions(pinned: boolean): string {
  const cores = pinned ? 'the process under test on core 0, load and outside on core 1' : 'nothing is pinned: no taskset, or one core'
  const words = values.quick ? 'Smoke run: it works; the figures say nothing.' : 'Median of the rounds, least and greatest in brackets.'
  return `${words} Node ${process.version}; ${cores}.`
}
