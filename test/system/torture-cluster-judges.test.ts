import { describe, expect, test } from 'vitest'
import { judgeCopies, judgeFacts } from '../torture/cluster/judge-facts.ts'
import { judgeHistory, type Operation } from '../torture/cluster/judge-history.ts'
import { judgePosts, judgeUntouched, peakOverMean } from '../torture/cluster/judge-posts.ts'
import { judgeWrites } from '../torture/cluster/judge-writes.ts'
import { choose, textOf, verdictOf } from '../torture/cluster/run.ts'
import { faultsOf, notRun } from '../torture/cluster/scenario.ts'

const fact = (subject: string, seq: number, data: Record<string, number> = {}) => ({ subject, seq, data })

describe('the judges of the scenarios', () => {
  test('facts: repeats and joined facts are right; a gap, a loss and an invention are not', () => {
    const told = new Map([['a', 3]])
    expect(judgeFacts([fact('a', 1), fact('a', 2), fact('a', 1), fact('a', 3)], told)).toEqual([])
    expect(judgeFacts([fact('a', 3, { coalesced: 3 })], told)).toEqual([])
    expect(judgeFacts([fact('a', 1), fact('a', 3), fact('a', 2)], told)).toEqual(['1 facts came before an earlier one'])
    expect(judgeFacts([fact('a', 1), fact('a', 2)], told)).toEqual(['1 facts were lost'])
    expect(judgeFacts([], told)).toEqual(['3 facts were lost'])
    expect(judgeFacts([fact('b', 1)], new Map())).toHaveLength(1)
  })

  test('copies: an older version, a missing and an invented document are found', () => {
    const store = new Map([['a', { seq: 2, version: 2 }]])
    expect(judgeCopies(store, store)).toEqual([])
    expect(judgeCopies(new Map([['a', { seq: 2, version: 1 }]]), store)).toHaveLength(1)
    expect(judgeCopies(new Map(), store)).toHaveLength(1)
    expect(judgeCopies(new Map([...store, ['b', { seq: 1, version: 1 }]]), store)).toHaveLength(1)
  })

  test('token requests: a late one, a second one and a grant that nobody keeps alive are found', () => {
    const grant = { id: 'a', version: 2, issuedAt: 10, expiresAt: 100 }
    const post = { id: 'a', version: 1, at: 10, expiredAt: 20 }
    expect(judgePosts([post], [grant], 99)).toEqual([])
    expect(judgePosts([{ ...post, at: 20 }], [grant], 99)).toHaveLength(1)
    expect(judgePosts([post, post], [grant], 99)).toHaveLength(1)
    expect(judgePosts([post], [grant], 100)).toHaveLength(1)
  })

  test('a herd is seen as one, and no request at all is not even', () => {
    const even = Array.from({ length: 100 }, (_, at) => ({ at }))
    const span = { from: 0, to: 100, slotMs: 10 }
    expect(peakOverMean(even, span)).toBe(1)
    expect(peakOverMean([...even, ...even.map(() => ({ at: 5 }))], span)).toBe(5.5)
    expect(peakOverMean([], span)).toBe(Number.POSITIVE_INFINITY)
  })

  test('a lie that changed, made or removed a plan, or sent a request, is found', () => {
    const before = { plans: new Map([['a', '1']]), posts: 0 }
    expect(judgeUntouched(before, before)).toEqual([])
    for (const plans of [new Map([['a', '2']]), new Map(), new Map([...before.plans, ['b', '1']])])
      expect(judgeUntouched(before, { plans, posts: 0 })).toEqual(['1 plans were changed'])
    expect(judgeUntouched(before, { ...before, posts: 1 })).toHaveLength(1)
  })

  test('writes: a version that two were told they made, and an answered one that is gone, are found', () => {
    const write = { id: 'a', count: 1, writer: 0 }
    expect(judgeWrites([write], new Map([['a', 1]]))).toEqual([])
    expect(judgeWrites([write], new Map([['a', 2]]))).toEqual([])
    expect(judgeWrites([write, { ...write, writer: 1 }], new Map([['a', 1]]))).toEqual(['1 versions were made twice (1 by two writers)'])
    expect(judgeWrites([write], new Map([['a', 0]]))).toHaveLength(1)
    expect(judgeWrites([write], new Map())).toHaveLength(1)
  })
})

describe('a history of one credential', () => {
  const at = (kind: Operation['kind'], [start, end]: readonly [number, number], more: Partial<Operation> = {}): Operation => ({
    kind,
    start,
    end,
    outcome: 'ok',
    ...more,
  })
  const seeing = (version: number): Partial<Operation> => ({ versions: { first: version, last: version } })

  test('a reader who goes back is found, and one beside the refresh may see either', () => {
    const refreshed = at('refresh', [0, 10], { versions: { first: 0, last: 1 } })
    expect(judgeHistory([refreshed, at('use', [11, 12], seeing(1)), at('use', [5, 12], seeing(0))])).toEqual([])
    expect(judgeHistory([refreshed, at('use', [11, 12], seeing(0))])).toEqual(['a use went out with secret 0 after 1'])
  })

  test('whatever answers after the delete is found', () => {
    const gone = at('delete', [0, 10])
    expect(judgeHistory([gone, at('use', [5, 20], seeing(0)), at('read', [11, 12], { outcome: 'NOT_FOUND' })])).toEqual([])
    expect(judgeHistory([gone, at('read', [11, 12])])).toEqual(['a read after the delete was answered ok'])
  })

  test('a secret that goes out while disabled is found, and an answer that none of us gives', () => {
    const [disabled, enabled] = [at('disable', [0, 10]), at('enable', [20, 30])]
    expect(judgeHistory([disabled, enabled, at('use', [11, 21], seeing(0)), at('use', [5, 15], seeing(0))])).toEqual([])
    expect(judgeHistory([disabled, enabled, at('use', [11, 19], seeing(0))])).toEqual(['a use while disabled was answered ok'])
    expect(judgeHistory([at('use', [0, 1], { outcome: 'INTERNAL' })])).toEqual(['a use was answered INTERNAL'])
  })
})

describe('the report of scenarios', () => {
  const run = { name: 'one', size: 2, seconds: 1, planned: 2, injected: 2, faults: [], figures: {} }

  test('a fault that was not injected as planned is one', () => {
    expect(faultsOf({ ...run, injected: 1 })).toEqual(['1 of 2 faults were injected'])
  })

  test('what could not be run has neither held nor failed', () => {
    const away = { ...run, ...notRun('MONGODB_RS_URL') }
    expect(textOf(away)).toBe('NOT RUN: needs MONGODB_RS_URL (one × 2)')
    expect(verdictOf([run, away])).toEqual({ held: true, text: 'HELD: 1 scenarios; not run: one' })
    expect(verdictOf([{ ...run, faults: ['x'] }, away])).toEqual({ held: false, text: 'FAILED: one; not run: one' })
  })

  test('only what exists can be chosen', () => {
    expect(() => choose([], 'nothing', 'smoke')).toThrow(TypeError)
  })
})
