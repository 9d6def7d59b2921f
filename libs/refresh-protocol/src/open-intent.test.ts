import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RefreshClass } from './answer.ts'
import { type OpenIntent, type OpenIntentRule, openIntentRule } from './open-intent.ts'

const DEADLINE = 20_000
const ENDS = 3_600_000
type Over = Partial<Omit<OpenIntent, 'intent' | 'refreshClass'>> & { readonly intent?: Partial<OpenIntent['intent']> }

function rule(refreshClass: RefreshClass, { intent, ...over }: Over = {}): OpenIntentRule {
  return openIntentRule({
    refreshClass,
    intent: { attempt: 'first', deadline: DEADLINE, ownerGone: false, spillReplayed: false, ...intent },
    accessTokenExpiresAt: ENDS,
    now: DEADLINE + 5_000,
    ...over,
  })
}
const gone = { ownerGone: true, spillReplayed: true } as const

describe('a token that was sent without a known outcome', () => {
  test('[B-1] static and grace send it again at once', () => {
    expect(rule('static', { now: 0 })).toBe('take_over')
    expect(rule('grace', { now: 0 })).toBe('take_over')
    expect(rule('grace', { intent: { attempt: 'replay' } })).toBe('take_over')
  })

  test('[B-1] reject waits until the sender before cannot reach the server', () => {
    expect(rule('reject', { now: DEADLINE + 4_999 })).toBe('wait')
    expect(rule('reject', { now: DEADLINE + 5_000 })).toBe('take_over')
  })

  test('[B-1] reject replays once, and then only when nobody can hold an answer', () => {
    expect(rule('reject', { intent: { attempt: 'replay' } })).toBe('in_doubt')
    expect(rule('reject', { intent: { attempt: 'replay' }, now: ENDS })).toBe('ask_user')
    expect(rule('reject', { intent: { attempt: 'replay', ...gone }, now: ENDS })).toBe('last_resort')
  })

  test('[B-1] strict sends nothing while the access token lives', () => {
    expect(rule('strict')).toBe('in_doubt')
    expect(rule('strict', { intent: gone, now: ENDS - 1 })).toBe('in_doubt')
  })

  test('[B-1] strict asks the user while the owner may live or its spill is unread', () => {
    expect(rule('strict', { now: ENDS })).toBe('ask_user')
    expect(rule('strict', { intent: { ...gone, spillReplayed: false }, now: ENDS })).toBe('ask_user')
    expect(rule('strict', { intent: { ...gone, ownerGone: false }, now: ENDS })).toBe('ask_user')
  })

  test('[B-1] strict replays once as a last resort', () => {
    expect(rule('strict', { intent: gone, now: ENDS })).toBe('last_resort')
    expect(rule('strict', { intent: { ...gone, attempt: 'last_resort' }, now: ENDS })).toBe('ask_user')
  })

  test('[B-1] a last resort waits until the request before it has ended', () => {
    expect(rule('strict', { intent: gone, accessTokenRefused: true, now: DEADLINE + 4_999 })).toBe('wait')
    expect(rule('strict', { intent: gone, accessTokenRefused: true })).toBe('last_resort')
  })

  test('[B-1] an access token without a stated end lives until the API refuses it', () => {
    const open = { accessTokenExpiresAt: undefined, intent: gone, now: Number.MAX_SAFE_INTEGER }
    expect(rule('strict', open)).toBe('in_doubt')
    expect(rule('strict', { ...open, accessTokenRefused: true })).toBe('last_resort')
  })
})

test('[B-1] a single-use token never leaves twice while somebody may hold its answer', () => {
  const opens = fc.record({
    refreshClass: fc.constantFrom<RefreshClass>('reject', 'strict'),
    intent: fc.record({
      attempt: fc.constantFrom('first' as const, 'replay', 'last_resort'),
      deadline: fc.nat(),
      ownerGone: fc.boolean(),
      spillReplayed: fc.boolean(),
    }),
    accessTokenExpiresAt: fc.option(fc.nat(), { nil: undefined }),
    accessTokenRefused: fc.boolean(),
    now: fc.nat(),
  })
  fc.assert(
    fc.property(opens, (open) => {
      const decided = openIntentRule(open)
      const held = !(open.intent.ownerGone && open.intent.spillReplayed)
      if (open.refreshClass === 'strict' && held) return decided === 'in_doubt' || decided === 'ask_user'
      if (decided === 'wait') return open.now < open.intent.deadline + 5_000
      if (decided === 'take_over') return open.refreshClass === 'reject' && open.intent.attempt === 'first'
      return decided !== 'last_resort' || (!held && open.intent.attempt !== 'last_resort')
    }),
    { numRuns: 2_000 },
  )
})
