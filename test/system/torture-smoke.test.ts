import { expect, test } from 'vitest'
import { parseFilter, planKills } from '../torture/plan-kills.ts'
import { reportText } from '../torture/report.ts'
import { torture } from '../torture/torture.ts'

const KILLS = 8
/** One of them comes from the schedule: the answer that a strict provider gives only once, on the disk and not yet saved. */
const AHEAD = 'FP6'

test('[S2-8] [B-1] a SIGKILL at each failpoint of a refresh loses nothing that could be kept', { timeout: 180_000 }, async () => {
  const plan = planKills(KILLS, parseFilter(undefined), 2).map((kill) =>
    kill.failpoint === AHEAD ? { ...kill, trigger: 'schedule' as const } : kill,
  )
  expect(plan.find(({ failpoint }) => failpoint === AHEAD)?.serverClass).toBe('strict')
  const report = await torture({ plan, seed: 1, homes: 'all', mostInBatch: KILLS, onKill: () => undefined })
  expect(report.violations, reportText(report)).toEqual([])
  for (const counts of Object.values(report.byFailpoint)) expect(counts).toMatchObject({ kills: 1, hit: 1 })
  expect(report.total).toMatchObject({ 'avoidable losses': 0, 'families revoked by us': 0, 'live grants dead': 0 })
  // Only an answer that died unspilled, from a provider that gives it once, may be lost: FP3 to FP5 at reject and strict.
  expect(report.kills.filter(({ verdict }) => verdict?.inDoubt).map(({ serverClass, failpoint }) => `${serverClass} ${failpoint}`)).toEqual(
    ['reject FP5'],
  )
})
