import { join } from 'node:path'
import type { StartedProcess } from '@credence/testkit'
import type { Bench, Group } from '../bench.ts'
import { figure } from '../print-table.ts'
import type { Measured, Row } from '../result.ts'
import { type Case, inRounds, median, perSecond, quantile, type Round, type Sample, unsettled } from '../runner.ts'
import type { FactWaySample } from '../sut/fact-way.ts'

const GOAL = 2
/** A fact that does not arrive ends the run. */
const PATIENCE_MS = 30_000

/** How long a fact is on its way, and what it costs that the server forgets nothing. */
export const EVENT_ROWS: Group = {
  ids: ['E1', 'E1.sqlite', 'E3'],
  async run(bench) {
    const reason = await bench.engines.missing('nats')
    if (reason !== undefined) return EVENT_ROWS.ids.map((id) => notRun(id, reason))
    const noMongodb = await bench.engines.missing('mongodb')
    const mongodb = noMongodb === undefined ? { mongodb: await bench.engines.mongodb(), database: `bench_events_${process.pid}` } : {}
    const addresses = { nats: await bench.engines.nats(), lazyNats: await bench.engines.natsThatMayLose() }
    const told = { ...addresses, file: join(bench.folder('events'), 'events.db'), ...mongodb }
    const sut = await bench.start('sut/events-main.ts', [JSON.stringify(told)])
    const names = noMongodb === undefined ? (['raw', 'mongodb', 'sqlite'] as const) : (['raw', 'sqlite'] as const)
    const rounds = await inRounds(unsettled(bench.effort), Object.fromEntries(names.map((name) => [name, caseOf(sut, name)])))
    const rows: Row[] = [
      noMongodb === undefined ? wayRow(rounds, 'mongodb', { id: 'E1', goal: GOAL }) : notRun('E1', noMongodb),
      wayRow(rounds, 'sqlite', { id: 'E1.sqlite', goal: undefined }),
      await acks(bench, sut),
    ]
    await bench.end(sut)
    return rows
  },
}

function notRun(id: string, reason: string): Row {
  return { id, title: 'facts on JetStream', baseline: 'none', unit: '×', goal: id === 'E1' ? GOAL : undefined, better: 'lower', reason }
}

function caseOf(sut: StartedProcess, name: string): Case {
  return {
    pid: sut.pid,
    async run(ms) {
      const response = await fetch(`http://127.0.0.1:${sut.ready.port}/${name}?ms=${ms}`, { signal: AbortSignal.timeout(ms + PATIENCE_MS) })
      return (await response.json()) as Sample
    },
  }
}

function wayRow(
  rounds: readonly Round<string>[],
  store: 'mongodb' | 'sqlite',
  { id, goal }: { readonly id: string; readonly goal: number | undefined },
): Measured {
  const p50 = (values: readonly number[]): number => quantile(values, 0.5)
  const whole = (round: Round<string>, name: string): number => p50((round[name] as Sample).latencies)
  const across = (value: (round: Round<string>) => number): string => `${median(rounds.map(value)).toFixed(2)} ms`
  const toPublish = across((round) => p50((round[store] as FactWaySample & Sample).toPublish))
  return {
    id,
    title: `change committed in ${store === 'mongodb' ? 'MongoDB' : 'SQLite'} → subscriber called, c=1, p50`,
    baseline: 'raw publish → pull',
    unit: '×',
    goal,
    better: 'lower',
    values: rounds.map((round) => whole(round, store) / whole(round, 'raw')),
    note: `${across((round) => whole(round, store))}, of these ${toPublish} until it is published, against ${across((round) => whole(round, 'raw'))}`,
  }
}

async function acks(bench: Bench, sut: StartedProcess): Promise<Measured> {
  const rounds = await inRounds(unsettled(bench.effort), { always: caseOf(sut, 'acks'), lazy: caseOf(sut, 'lazy-acks') })
  const rate = (name: 'always' | 'lazy'): string => `${figure(median(rounds.map((round) => perSecond(round[name]))))}/s`
  return {
    id: 'E3',
    title: 'acknowledged messages per second with `sync_interval: always`, c=64',
    baseline: 'without',
    unit: '×',
    goal: undefined,
    better: 'higher',
    values: rounds.map(({ always, lazy }) => perSecond(always) / perSecond(lazy)),
    note: `${rate('always')} against ${rate('lazy')}`,
  }
}
