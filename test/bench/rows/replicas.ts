import type { Bench, Group } from '../bench.ts'
import { loop } from '../load/grpc-load.ts'
import { startHammer } from '../load/hammer.ts'
import { figure } from '../print-table.ts'
import type { Measured, Row } from '../result.ts'
import { type Case, inRounds, median, pause, perSecond, unsettled } from '../runner.ts'
import { startTwoVaults, type TwoVaults } from '../two-vaults.ts'
import { usesOfHeldCalls } from './disable.ts'
import { grants, rawPosts, refresher, witnessed } from './refresh.ts'

const IDS = ['E2.replicas', 'E2.held', 'F1.replicas'] as const
const CALLERS_EACH = 8
const ENOUGH = 20
const MOST_WAIT_MS = 20_000

/** Two vaults, as they are where they are replicas: what one is ordered holds for the other, and what both can refresh. */
export const REPLICA_ROWS: Group = {
  ids: IDS,
  async run(bench, wanted) {
    const reason = await bench.engines.missing('mongodb', 'nats')
    if (reason !== undefined) return IDS.map((id) => notRun(id, reason))
    const two = await startTwoVaults(bench)
    try {
      const rows: Row[] = []
      if (wanted.has('E2.replicas')) rows.push(await hammered(bench, two))
      if (wanted.has('E2.held')) rows.push(await held(bench, two))
      if (wanted.has('F1.replicas')) rows.push(await throughput(bench, two))
      return rows
    } finally {
      await two.stop()
    }
  },
}

function notRun(id: string, reason: string): Row {
  return { id, title: 'two replicas of the vault', baseline: 'none', unit: '', goal: undefined, better: 'lower', reason }
}

async function hammered(bench: Bench, two: TwoVaults): Promise<Measured> {
  const trials = bench.effort.quick ? 2 : 20
  const values: number[] = []
  const seen = { before: 0, refused: 0, orderMs: [] as number[] }
  for (let trial = 0; trial < trials; trial++) values.push(await usesAfterDisable(bench, two, seen))
  const order = `${figure(median(seen.orderMs))} ms for the order`
  return {
    id: 'E2.replicas',
    title: `uses at either of two vaults after disable returned, ${2 * CALLERS_EACH} callers, ${trials} trials`,
    baseline: 'none',
    unit: 'uses',
    goal: 0,
    better: 'lower',
    values,
    note: `${seen.before} uses before and during, ${seen.refused} refusals, ${order}`,
  }
}

/** Counts at the API, by the clock of the machine, when each use came: one that was sent before and came late counts as well. */
async function usesAfterDisable(
  bench: Bench,
  { vaults, orders, callerHeaders }: TwoVaults,
  seen: { before: number; refused: number; orderMs: number[] },
): Promise<number> {
  const outside = await bench.outside()
  const credentialId = await orders.connectBearer()
  const ports = vaults.map(({ dataPort }) => dataPort)
  const hammer = startHammer({ ports, path: `/v1/proxy/${credentialId}/counted`, headers: callerHeaders, callers: CALLERS_EACH })
  const sentOff = process.hrtime.bigint()
  await until(() => hammer.answered().every((count) => count >= ENOUGH), 'the callers were not answered')
  // Whoever counts must be able to see them.
  if ((await outside.countedSince(sentOff)) < 2 * ENOUGH) throw new TypeError('the API has not seen the calls that were answered')
  const start = performance.now()
  await orders.setState(credentialId, 'disabled', 2)
  const [after, moment] = [process.hrtime.bigint(), performance.now()]
  const refusedThen = hammer.refused()
  await until(() => hammer.refused() - refusedThen > ENOUGH, 'the callers were not refused')
  // Longer than what was read of a fence is believed.
  await pause(bench.effort.quick ? 300 : 1_000)
  await hammer.stop()
  const uses = await outside.countedSince(after)
  if (hammer.answeredSince(moment) > uses) throw new TypeError('a call was answered that the API has not seen')
  seen.before += hammer.answered().reduce((sum, count) => sum + count, 0)
  seen.refused += hammer.refused()
  seen.orderMs.push(moment - start)
  return uses
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + MOST_WAIT_MS
  while (!isSo()) {
    if (performance.now() > end) throw new TypeError(what)
    await pause(10)
  }
}

async function held(bench: Bench, { vaults, orders, callerHeaders }: TwoVaults): Promise<Measured> {
  const gated = { orders, ports: vaults.map(({ dataPort }) => dataPort), headers: callerHeaders }
  return {
    id: 'E2.held',
    title: 'uses at either of two vaults after disable returned, of calls held at the connect',
    baseline: 'none',
    unit: 'uses',
    goal: 0,
    better: 'lower',
    values: await usesOfHeldCalls(bench, gated, bench.effort.rounds),
    note: 'without the order all of them were used; half of them are at the vault that was not given it',
  }
}

async function throughput(bench: Bench, two: TwoVaults): Promise<Measured> {
  const concurrent = bench.effort.quick ? 8 : 64
  const ids = await grants(two.orders, { count: concurrent, answersAfterMs: 0 })
  const ways = await Promise.all(
    two.vaults.map(({ grpc }) => refresher({ grpc, tls: two.refresherTls, orders: two.orders, connections: 2 })),
  )
  const control = await bench.start('sut/raw-posts-main.ts', [])
  const pid = two.vaults[0].pid
  const whole: Case = { pid, run: (ms) => loop((caller) => ways[caller % ways.length]!.refresh(ids[caller]!), { concurrent, ms }) }
  const raw: Case = { pid: control.pid, run: async (ms) => rawPosts(bench, { control: Number(control.ready.port), concurrent, ms }) }
  const rounds = await inRounds(unsettled(bench.effort), { refresh: witnessed(bench, whole), raw })
  for (const { target } of ways) target.close()
  await bench.end(control)
  const rate = (name: 'refresh' | 'raw'): string => `${figure(median(rounds.map((round) => perSecond(round[name]))))}/s`
  return {
    id: 'F1.replicas',
    title: `whole refreshes through two vaults on MongoDB, c=${concurrent}, per second`,
    baseline: 'raw POST loop',
    unit: '×',
    goal: undefined,
    better: 'higher',
    values: rounds.map((round) => perSecond(round.refresh) / perSecond(round.raw)),
    note: `${rate('refresh')} against ${rate('raw')}; the server that tests have instead of mongod syncs each write alone`,
  }
}
