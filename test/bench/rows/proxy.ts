import { join } from 'node:path'
import type { Bench, Group } from '../bench.ts'
import { type HttpLoad, httpLoad } from '../load/http-load.ts'
import { startNginx } from '../nginx.ts'
import { figure } from '../print-table.ts'
import type { Measured, NotRun, Row } from '../result.ts'
import { type Case, inRounds, median, perSecond, quantile, type Round, unsettled } from '../runner.ts'

const CONCURRENT = 32
const MIB = 1024 * 1024

/** The proxied call against proxies that do nothing else. */
export const PROXY_ROWS: Group = {
  ids: ['P1', 'P2', 'P3', 'P4', 'P5'],
  async run(bench) {
    return [...(await small(bench)), await large(bench), await alone(bench)]
  },
}

interface Target {
  readonly pid: number
  readonly load: Omit<HttpLoad, 'connections'>
}

function caseOf({ pid, load }: Target, connections: number): Case {
  return { pid, run: (ms) => httpLoad({ ...load, connections }, ms) }
}

async function vaultTarget(bench: Bench, path: string): Promise<Target> {
  const vault = await bench.vault()
  const load = { port: vault.dataPort, path: `/v1/proxy/${await bench.bearer()}${path}`, headers: vault.callerHeaders }
  return { pid: vault.process.pid, load }
}

async function bareTarget(bench: Bench, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Target> {
  const bare = await bench.bareProxy()
  return { pid: bare.pid, load: { port: Number(bare.ready.port), path, headers } }
}

async function small(bench: Bench): Promise<Row[]> {
  const { said } = await bench.outside()
  const database = await bench.start('outside/model-database-main.ts', [join(bench.home, 'model.db')])
  const model = await bench.start('sut/nango-model-main.ts', [String(database.ready.port)])
  const nginx = await startNginx(bench, said.port)
  const cases: Record<string, Case> = {
    vault: caseOf(await vaultTarget(bench, '/small'), CONCURRENT),
    bare: caseOf(await bareTarget(bench, '/small'), CONCURRENT),
    model: caseOf({ pid: model.pid, load: { port: Number(model.ready.port), path: '/' } }, CONCURRENT),
  }
  if (typeof nginx !== 'string') cases.nginx = caseOf({ pid: nginx.pid, load: { port: nginx.port, path: '/small' } }, CONCURRENT)
  try {
    const rounds = await inRounds(bench.effort, cases)
    return [
      against(rounds, 'bare', { id: 'P1', title: `proxy, 1 KiB, c=${CONCURRENT}, calls/s`, baseline: 'bare undici', goal: 0.65 }),
      typeof nginx === 'string'
        ? notRun('P2', nginx)
        : against(rounds, 'nginx', { id: 'P2', title: `proxy, 1 KiB, c=${CONCURRENT}, calls/s`, baseline: 'nginx', goal: 0.45 }),
      against(rounds, 'model', {
        id: 'P5',
        title: `proxy, whole call, c=${CONCURRENT}, calls/s`,
        baseline: 'model of the round trips of a Nango resolution alone',
        goal: 10,
      }),
    ]
  } finally {
    if (typeof nginx !== 'string') await nginx.stop()
  }
}

function notRun(id: string, reason: string): NotRun {
  return { id, title: 'proxy, 1 KiB, against nginx', baseline: 'nginx', unit: '×', goal: 0.45, better: 'higher', reason }
}

type Facts = Pick<Measured, 'id' | 'title' | 'baseline' | 'goal'>

function against(rounds: readonly Round<string>[], other: string, facts: Facts): Measured {
  const at = (name: string): string => {
    const rate = median(rounds.map((round) => perSecond(round[name]!)))
    const cpu = median(rounds.map((round) => round[name]!.cpuUs))
    return `${figure(rate)}/s, ${figure(cpu)} µs CPU`
  }
  const refused = rounds.reduce((sum, round) => sum + (round.vault!.refused ?? 0), 0)
  const cpuRatio = median(rounds.map((round) => round[other]!.cpuUs / round.vault!.cpuUs))
  return {
    ...facts,
    unit: '×',
    better: 'higher',
    values: rounds.map((round) => perSecond(round.vault!) / perSecond(round[other]!)),
    note: `${at('vault')} against ${at(other)}; by CPU ${figure(cpuRatio)}×${refused === 0 ? '' : `; ${refused} refused`}`,
  }
}

async function large(bench: Bench): Promise<Measured> {
  const path = `/big?bytes=${MIB}`
  const cases = { vault: caseOf(await vaultTarget(bench, path), CONCURRENT), bare: caseOf(await bareTarget(bench, path), CONCURRENT) }
  const rounds = await inRounds(bench.effort, cases)
  return against(rounds, 'bare', {
    id: 'P3',
    title: `proxy, 1 MiB answer, c=${CONCURRENT}, scrub on, calls/s`,
    baseline: 'bare undici',
    goal: 0.6,
  })
}

async function alone(bench: Bench): Promise<Measured> {
  const cases = {
    vault: caseOf(await vaultTarget(bench, '/small'), 1),
    bare: caseOf(await bareTarget(bench, '/small', { 'x-bench-synced': '1' }), 1),
  }
  const rounds = await inRounds(unsettled(bench.effort), cases)
  const p50 = (name: keyof typeof cases): string => median(rounds.map((round) => quantile(round[name].latencies, 0.5))).toFixed(3)
  return {
    id: 'P4',
    title: 'proxy, c=1, added p50',
    baseline: 'bare undici that appends and fdatasyncs 300 B',
    unit: 'ms',
    goal: 0.15,
    better: 'lower',
    values: rounds.map(({ vault, bare }) => quantile(vault.latencies, 0.5) - quantile(bare.latencies, 0.5)),
    note: `${p50('vault')} ms against ${p50('bare')} ms`,
  }
}
