import type { Group } from '../bench.ts'
import { type GrpcTarget, loop, openGrpc } from '../load/grpc-load.ts'
import { figure } from '../print-table.ts'
import { type Case, inRounds, median, perSecond } from '../runner.ts'

const METHOD = '/credence.vault.v1.VaultService/Send'
const CONCURRENT = 32

/** The proxied call over gRPC. */
export const SEND_ROWS: Group = {
  ids: ['G1'],
  async run(bench) {
    const vault = await bench.vault()
    const message = vault.sendMessage(await bench.bearer(), '/small')
    const targets = { vault: await openGrpc(vault.said.api), bare: await openGrpc(vault.said.bare) }
    const caseOf = (target: GrpcTarget): Case => ({
      pid: vault.process.pid,
      run: (ms) => loop(() => target.call(METHOD, vault.callerHeaders, message), { concurrent: CONCURRENT, ms }),
    })
    const rounds = await inRounds(bench.effort, { vault: caseOf(targets.vault), bare: caseOf(targets.bare) })
    for (const target of Object.values(targets)) target.close()
    const at = (name: keyof typeof targets): string =>
      `${figure(median(rounds.map((round) => perSecond(round[name]))))}/s, ${figure(median(rounds.map((round) => round[name].cpuUs)))} µs CPU`
    return [
      {
        id: 'G1',
        title: `gRPC Send, 1 KiB, c=${CONCURRENT}, calls/s`,
        baseline: "the same handler without the vault's work",
        unit: '×',
        goal: 0.65,
        better: 'higher',
        values: rounds.map((round) => perSecond(round.vault) / perSecond(round.bare)),
        note: `${at('vault')} against ${at('bare')}`,
      },
    ]
  },
}
