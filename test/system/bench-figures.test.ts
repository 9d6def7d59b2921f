import { describe, expect, test } from 'vitest'
import { tableOf } from '../bench/print-table.ts'
import { asJson, type Measured, type NotRun, reached } from '../bench/result.ts'
import { type Effort, inRounds, median, perSecond, QUICK, quantile, rotated } from '../bench/runner.ts'

const row = (given: Partial<Measured>): Measured => ({
  id: 'P1',
  title: 'calls/s',
  baseline: 'bare',
  unit: '×',
  goal: 0.65,
  better: 'higher',
  values: [0.5, 0.9, 0.7],
  note: '7/s against 10/s',
  ...given,
})
const NOT_RUN: NotRun = { id: 'S4', title: 'bytes', baseline: 'none', unit: 'B', goal: 0, better: 'lower', reason: 'needs Redis' }

describe('a figure of the bench', () => {
  test('is the median of its rounds, of an even number the middle of two', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), quantile([5, 1, 4, 2, 3], 0.5), quantile([1, 2], 0.99)]).toEqual([2, 2.5, 3, 2])
    expect([median([]), quantile([], 0.5)]).toEqual([Number.NaN, Number.NaN])
    expect(perSecond({ ops: 30, ms: 2_000 })).toBe(15)
  })

  test('reaches a goal from its good side', () => {
    expect([reached(row({})), reached(row({ goal: 0.71 })), reached(row({ goal: undefined }))]).toEqual([true, false, undefined])
    expect([reached(row({ better: 'lower', goal: 0.7 })), reached(row({ better: 'lower', goal: 0.69 }))]).toEqual([true, false])
  })

  test('goes into the file with its range, and not at all where it was not measured', () => {
    const { rows } = JSON.parse(asJson([row({}), NOT_RUN])) as { rows: unknown[] }
    expect(rows).toEqual([
      { id: 'P1', title: 'calls/s', ratio: 0.7, min: 0.5, max: 0.9, unit: '×', goal: 0.65, better: 'higher', rounds: 3 },
    ])
  })

  test('stands in the table with its verdict, which a smoke run does not give', () => {
    const rows = [row({}), row({ id: 'P2', goal: 0.8 }), NOT_RUN]
    const [, reachedLine, note, missedLine, , notRun] = tableOf(rows, { judge: true }).split('\n')
    expect(reachedLine).toMatch(/^P1 +0\.70 × \[0\.50\.\.0\.90\] +≥ 0\.65 +reached +calls\/s \/ bare$/)
    expect(note?.trim()).toBe('7/s against 10/s')
    expect(missedLine).toContain('NOT REACHED')
    expect(notRun).toContain('NOT RUN: needs Redis')
    expect(tableOf(rows, { judge: false })).not.toMatch(/reached/i)
  })
})

test('every case runs once in each round, and each is the first once', async () => {
  const order: string[] = []
  const effort: Effort = { ...QUICK, rounds: 3, sliceMs: 1, warmUpMs: 0 }
  const case_ = (name: string) => ({
    pid: process.pid,
    async run() {
      order.push(name)
      return { ops: 1, ms: 1, latencies: [1] }
    },
  })
  const rounds = await inRounds(effort, { a: case_('a'), b: case_('b'), c: case_('c') })
  expect(order.join('')).toBe('abcabcbcacab')
  expect(rounds.map((round) => Object.keys(round).toSorted().join(''))).toEqual(['abc', 'abc', 'abc'])
  expect(rotated([1, 2, 3], 4)).toEqual([2, 3, 1])
})
