import type { Bench, Group } from '../bench.ts'
import { type GrpcTarget, loop, openGrpc } from '../load/grpc-load.ts'
import { figure } from '../print-table.ts'
import type { Measured } from '../result.ts'
import { type Case, inRounds, median, perSecond, quantile, unsettled } from '../runner.ts'
import { SYNCED_PATH } from '../sut/bare-methods.ts'
import type { VaultUnderTest } from '../vault-under-test.ts'

const METHOD = '/credence.vault.v1.VaultService/Check'
const CONCURRENT = 64

/** `Check`: everything of a use but the call itself. */
export const CHECK_ROWS: Group = {
  ids: ['R1', 'R2', 'R3', 'R4'],
  async run(bench) {
    const vault = await bench.vault()
    const credentialId = await bench.bearer()
    const targets = { check: await openGrpc(vault.said.api), noop: await openGrpc(vault.said.bare) }
    const { check, noop } = targets
    try {
      const message = vault.checkMessage(credentialId, '/small')
      const many = caseOf(vault, { message, concurrent: CONCURRENT })
      const busy = await throughput(bench, vault, { check: many(check), noop: many(noop) })
      const synced = vault.checkMessage(credentialId, SYNCED_PATH)
      const added = await latency(bench, {
        check: caseOf(vault, { message, concurrent: 1 })(check),
        noop: caseOf(vault, { message: synced, concurrent: 1 })(noop),
      })
      return [...busy, added]
    } finally {
      for (const target of Object.values(targets)) target.close()
    }
  },
}

type Cases = Readonly<Record<'check' | 'noop', Case>>

function caseOf(vault: VaultUnderTest, load: { readonly message: Uint8Array; readonly concurrent: number }): (target: GrpcTarget) => Case {
  const { message, concurrent } = load
  return (target) => ({
    pid: vault.process.pid,
    run: (ms) => loop(() => target.call(METHOD, vault.callerHeaders, message), { concurrent, ms }),
  })
}

async function throughput(bench: Bench, vault: VaultUnderTest, cases: Cases): Promise<Measured[]> {
  const rounds = await inRounds(bench.effort, { ...cases, check: counting(vault, cases.check) })
  const middle = (name: 'check' | 'noop', of: 'rate' | 'cpu'): string =>
    figure(median(rounds.map((round) => (of === 'rate' ? perSecond(round[name]) : round[name].cpuUs))))
  return [
    {
      id: 'R1',
      title: `Check, c=${CONCURRENT}, calls/s`,
      baseline: 'no-op in the same process',
      unit: '×',
      goal: 0.5,
      better: 'higher',
      values: rounds.map(({ check, noop }) => perSecond(check) / perSecond(noop)),
      note: `${middle('check', 'rate')}/s against ${middle('noop', 'rate')}/s`,
    },
    {
      id: 'R2',
      title: `Check, c=${CONCURRENT}, CPU of the process per call`,
      baseline: 'no-op',
      unit: '×',
      goal: 2,
      better: 'lower',
      values: rounds.map(({ check, noop }) => check.cpuUs / noop.cpuUs),
      note: `${middle('check', 'cpu')} µs against ${middle('noop', 'cpu')} µs`,
    },
    {
      id: 'R4',
      title: 'Check, signature checks per call in steady state',
      baseline: 'none',
      unit: 'per call',
      goal: 0,
      better: 'lower',
      values: checksPerCall(vault),
      note: '',
    },
  ]
}

/** Signature checks per call of each slice, the first (warm-up) left out. */
const seen = new WeakMap<VaultUnderTest, number[]>()

function checksPerCall(vault: VaultUnderTest): number[] {
  return (seen.get(vault) ?? []).slice(1)
}

function counting(vault: VaultUnderTest, { pid, run }: Case): Case {
  const perCall: number[] = []
  seen.set(vault, perCall)
  const count = async (): Promise<number> => ((await vault.control('/counters')) as { signatureChecks: number }).signatureChecks
  return {
    pid,
    async run(ms) {
      const before = await count()
      const sample = await run(ms)
      perCall.push(((await count()) - before) / sample.ops)
      return sample
    },
  }
}

async function latency(bench: Bench, cases: Cases): Promise<Measured> {
  const rounds = await inRounds(unsettled(bench.effort), cases)
  const p50 = (name: 'check' | 'noop'): number => median(rounds.map((round) => quantile(round[name].latencies, 0.5)))
  return {
    id: 'R3',
    title: 'Check, c=1, added p50',
    baseline: 'no-op that appends and fdatasyncs 300 B',
    unit: 'ms',
    goal: 0.15,
    better: 'lower',
    values: rounds.map(({ check, noop }) => quantile(check.latencies, 0.5) - quantile(noop.latencies, 0.5)),
    note: `${p50('check').toFixed(3)} ms against ${p50('noop').toFixed(3)} ms`,
  }
}
