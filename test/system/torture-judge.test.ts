import { type LedgerEntry, seededRandom } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { judgeKill } from '../torture/judge-kill.ts'
import { batchKills, type FailpointName, parseFilter, planKills, type ServerClass } from '../torture/plan-kills.ts'
import type { Recovery } from '../torture/recover.ts'

const DIED_AT = 1_000
const ENDS_AT = 2_000
/** The grant was connected at 1, the process was dead at 10, the end was seen at 20; the proof came after it. */
const at = {
  plan: { number: 1, trigger: 'unauthorized' },
  family: 'fam_1',
  seq: 1,
  diedSeq: 10,
  diedAtMs: DIED_AT,
  accessEndsAtMs: ENDS_AT,
}

const kill = (serverClass: ServerClass, failpoint: FailpointName) =>
  ({ ...at, serverClass, plan: { ...at.plan, trigger: 'unauthorized', serverClass, failpoint } }) as const

const recovery = (end: Recovery['end'], more: Partial<Recovery> = {}): Recovery => ({
  end,
  reason: '',
  offersReconnect: true,
  servedMeanwhile: undefined,
  tookMs: 1,
  endSeq: 20,
  proven: end === 'usable' ? true : undefined,
  ...more,
})

/** A refresh request: which token came, what it was, and which one went out. */
function post(seq: number, [token, state]: readonly [string, 'current' | 'previous'], issued?: string, atMs = ENDS_AT + seq): LedgerEntry {
  const tokens = issued === undefined ? {} : { issued: { accessToken: `at_${issued}`, refreshToken: issued } }
  return { seq, at: atMs, kind: 'token', grantType: 'refresh_token', family: 'fam_1', presented: { token, state }, ...tokens }
}
const revoked = (seq: number): LedgerEntry => ({ seq, at: ENDS_AT + seq, kind: 'family_revoked', family: 'fam_1', revokedBy: 'reuse' })
const lost = post(9, ['r0', 'current'], 'r1', DIED_AT - 1)

describe('judgeKill', () => {
  test('a spilled answer that is used after the restart is a recovery', () => {
    const verdict = judgeKill(kill('strict', 'FP6'), recovery('usable'), [lost, post(21, ['r1', 'current'], 'r2')])
    expect(verdict).toMatchObject({ usable: true, replays: 0, lastResorts: 0, avoidableLoss: false, faults: [] })
  })

  test('a usable access token without the refresh token in force is a loss', () => {
    const verdict = judgeKill(kill('grace', 'FP4'), recovery('usable'), [lost, post(21, ['r0', 'previous'], 'r2')])
    expect(verdict).toMatchObject({ usable: false, avoidableLoss: true })
    expect(verdict.faults).toHaveLength(1)
  })

  test('an answer that died unspilled at a strict provider is in doubt, and its last resort is counted apart', () => {
    const ledger = [lost, revoked(14), post(15, ['r0', 'previous'])]
    const verdict = judgeKill(kill('strict', 'FP4'), recovery('expired'), ledger)
    expect(verdict).toMatchObject({ inDoubt: true, lastResorts: 1, replays: 0, revokedByLastResort: true, revokedByUs: false, faults: [] })
  })

  test('the same replay while the access token lives is ours, and so is the death of the family', () => {
    const ledger = [lost, revoked(14), post(15, ['r0', 'previous'], undefined, ENDS_AT - 1)]
    const verdict = judgeKill(kill('strict', 'FP4'), recovery('expired'), ledger)
    expect(verdict).toMatchObject({ replays: 1, lastResorts: 0, revokedByUs: true })
    expect(verdict.faults).toEqual(['the family was revoked (reuse)', '1 replays'])
  })

  test.each(['FP2', 'FP6', 'FP8'] as const)('a family revoked after a kill at %s is ours: nothing was lost', (failpoint) => {
    const verdict = judgeKill(kill('strict', failpoint), recovery('expired'), [lost, revoked(14), post(15, ['r0', 'previous'])])
    expect(verdict).toMatchObject({ avoidableLoss: true, inDoubt: false, revokedByUs: true })
  })

  test.each([
    ['static', 'FP3'],
    ['grace', 'FP5'],
    ['reject', 'FP2'],
    ['strict', 'FP7'],
  ] as const)('a %s grant that is called dead after %s although it lives is a fault', (serverClass, failpoint) => {
    const ledger = failpoint === 'FP2' ? [] : [lost]
    const verdict = judgeKill(kill(serverClass, failpoint), recovery('expired'), ledger)
    expect(verdict).toMatchObject({ liveGrantDead: true, avoidableLoss: true })
    expect(verdict.faults).toContain('a live grant was called dead')
  })

  test('a reject grant whose new token died with the process may end: nobody holds what lives on', () => {
    const ledger = [lost, post(12, ['r0', 'previous'], undefined, ENDS_AT - 1), post(15, ['r0', 'previous'])]
    const verdict = judgeKill(kill('reject', 'FP3'), recovery('expired'), ledger)
    expect(verdict).toMatchObject({ inDoubt: true, liveGrantDead: false, replays: 1, lastResorts: 1, faults: [] })
  })

  test('more requests than REFRESH 4.4 orders are faults', () => {
    const again = [post(12, ['r0', 'previous']), post(13, ['r0', 'previous'])]
    expect(judgeKill(kill('reject', 'FP3'), recovery('expired'), [lost, ...again]).faults).toEqual(['2 last resorts'])
    const spilled = [lost, post(12, ['r1', 'current'], 'r2'), post(21, ['r2', 'current'], 'r3')]
    expect(judgeKill(kill('grace', 'FP8'), recovery('usable'), spilled).faults).toEqual(['1 more requests although the answer was spilled'])
  })

  test('beside the last resort another replica may take a rejected intent over once, and no strict one', () => {
    const faultsAmong = (serverClass: ServerClass, requests: number): readonly string[] => {
      const one = kill(serverClass, 'FP3')
      const again = Array.from({ length: requests }, (_, index) => post(12 + index, ['r0', 'previous']))
      return judgeKill({ ...one, plan: { ...one.plan, hasOthers: true } }, recovery('expired'), [lost, ...again]).faults
    }
    expect(faultsAmong('reject', 2)).toEqual([])
    expect(faultsAmong('reject', 3)).toEqual(['3 last resorts'])
    expect(faultsAmong('strict', 2)).toEqual(['2 last resorts'])
  })

  test('a lost grant must say where to reconnect, and serve as long as it can', () => {
    const silent = recovery('expired', { offersReconnect: false, servedMeanwhile: false })
    expect(judgeKill(kill('strict', 'FP3'), silent, [lost]).faults).toHaveLength(2)
  })
})

describe('the plan of a torture run', () => {
  test.each([8, 16, 32, 80, 64])('%i kills are even over failpoints and classes', (count) => {
    const plan = planKills(count, parseFilter(undefined))
    for (const member of ['serverClass', 'failpoint'] as const) {
      const sizes = Object.values(Object.groupBy(plan, (item) => item[member])).map((group) => group?.length)
      expect(new Set(sizes)).toEqual(new Set([count / (member === 'failpoint' ? 8 : 4)]))
    }
    expect(new Set(plan.map(({ serverClass, failpoint }) => serverClass + failpoint)).size).toBe(Math.min(count, 32))
  })

  test('no start is armed where the former kill would fall into it', () => {
    for (let seed = 0; seed < 50; seed++) {
      const batches = batchKills(planKills(40, parseFilter('strict,reject'), seed), seededRandom(seed), 3)
      expect(batches.flat()).toHaveLength(40)
      for (const batch of batches) {
        expect(batch.length === 1 || batch.every(({ trigger }) => trigger === 'unauthorized')).toBe(true)
        const order = batch.map(({ failpoint }) => failpoint).join(' ')
        expect(order).not.toMatch(/FP[67] FP[78]/)
      }
    }
  })

  test('only what exists can be named', () => {
    expect(parseFilter('strict,FP3')).toEqual({ classes: ['strict'], failpoints: ['FP3'] })
    expect(() => parseFilter('FP9')).toThrow(TypeError)
  })
})
