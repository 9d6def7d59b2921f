import { haveMongodb, haveNats, haveRedis } from '@credence/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { choose } from '../torture/cluster/run.ts'
import { faultsOf } from '../torture/cluster/scenario.ts'
import { SCENARIOS } from '../torture/cluster/scenarios.ts'
import { shareArena } from '../torture/cluster/share-arena.ts'

const canRun = (await haveMongodb()) && (await haveNats()) && (await haveRedis())
const notes: string[] = []
const note = (line: string): void => void notes.push(line)

describe.runIf(canRun)('faults on three vaults and two token-refreshers', () => {
  const shared = shareArena(note)
  afterAll(() => shared.close(), 60_000)

  test.for(choose(SCENARIOS, undefined, 'smoke').map((one) => [one.scenario.name, one] as const))(
    '[S2-8] [C-1] %s: nothing is lost that could be kept',
    { timeout: 180_000 },
    async ([, { scenario, size }], { skip }) => {
      const report = await scenario.run({ size, seed: 1, note, arena: shared.arena })
      if (report.needs !== undefined) skip(`NOT RUN: needs ${report.needs}`)
      expect(faultsOf(report), `${scenario.title}\n${notes.join('\n')}`).toEqual([])
    },
  )
})
