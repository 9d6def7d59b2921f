import { describe, expect, test } from 'vitest'
import { tableOf } from '../bench/print-table.ts'
import { asJson, type Measured, type NotRun, reached } from '../bench/result.ts'
import { costs } from '../bench/rows/ticks.ts'
import { type Effort, inRounds, median, perSecond, QUICK, quantile, rotated } from '../bench/runner.ts'
import { sizeName, sizesIn } from '../bench/sizes.ts'

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

describe('sizes of stores', () => {
  test('are read in any order and compared with the least', () => {
    expect(sizesIn('1M,1k,500,10k,1k')).toEqual([500, 1_000, 10_000, 1_000_000])
    expect([500, 1_000, 1_500, 100_000, 1_000_000, 2_500_000].map(sizeName)).toEqual(['500', '1k', '1500', '100k', '1M', '2500k'])
    for (const size of sizesIn('7,20k,3M')) expect(sizesIn(`${sizeName(size)},1`)).toContain(size)
  })

  test('that are none, or one alone, are refused by name', () => {
    for (const text of ['', '1k,', '0,1k', '1.5k,2k', '1m,2m', '-1,2']) expect(() => sizesIn(text)).toThrow(/a size is a number/)
    expect(() => sizesIn('1k,1000')).toThrow(/at least two/)
  })

  test('are told with the median tick of each, and its range over the rounds', () => {
    const sample = (...latencies: number[]) => ({ ops: 3, ms: 1, cpuUs: 0, latencies })
    const rounds = [
      { '1k': sample(1, 2, 9), '1M': sample(4, 4, 4) },
      { '1k': sample(3, 3, 3), '1M': sample(5, 6, 7) },
      { '1k': sample(1, 1, 1), '1M': sample(5, 5, 5) },
    ]
    expect(costs(rounds, ['1k', '1M'])).toBe('1k 2.000 ms [1..3] · 1M 5.000 ms [4..6]')
  })
})
