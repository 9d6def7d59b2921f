import { describe, expect, test } from 'vitest'
import type { RefreshClass, TokenAnswer } from './answer.ts'
import type { Change, Intent, RefreshChild, Sent } from './record.ts'
import { decideSave, decideStart, type Here, mayWrite, type SaveDecision } from './steps.ts'

const ENDS = 3_600_000
const REFUSED: TokenAnswer = { kind: 'error', status: 400, code: 'invalid_grant' }
const ROTATED: TokenAnswer = { kind: 'tokens', status: 200, refreshToken: 'different' }
const LOST: TokenAnswer = { kind: 'lost', cause: 'reset' }
const UNSENT: TokenAnswer = { kind: 'not_sent', cause: 'refused' }
const BUSY: TokenAnswer = { kind: 'error', status: 429, code: '' }

const child = (over: Partial<RefreshChild> = {}): RefreshChild => ({
  version: 3,
  refreshClass: 'reject',
  token: { rtId: 'rt1', expiresAt: ENDS },
  ...over,
})
const here = (over: Partial<Here> = {}): Here => ({
  now: 1_000,
  me: 'a',
  times: { leaseMs: 60_000, deadlineMs: 20_000 },
  clientGeneration: 7,
  ...over,
})

/** Takes the refresh, as the store would hold it afterwards. */
function taken(from: RefreshChild, at: Here): { child: RefreshChild; sent: Sent } {
  const decision = decideStart(from, at)
  if (decision.do !== 'take') throw new TypeError(`expected take, got ${decision.do}`)
  return { child: { ...from, ...decision.change }, sent: decision.sent }
}
const saved = (from: RefreshChild, sent: Sent, answer: TokenAnswer): SaveDecision =>
  decideSave(from, sent, { answer, newRtId: answer === ROTATED ? 'rt2' : undefined })
function changed(decision: SaveDecision): Change {
  if (decision.do === 'discard') throw new TypeError('nothing was changed')
  return decision.change
}

describe('starting', () => {
  test('[B-1] a version that moved is returned, not refreshed', () => {
    expect(decideStart(child(), here({ expectedVersion: 2 }))).toEqual({ do: 'return', because: 'moved' })
  })

  test('[B-1] a token that lives long enough is returned unless the API refused it', () => {
    expect(decideStart(child(), here({ neededUntil: ENDS - 1 }))).toEqual({ do: 'return', because: 'fresh' })
    expect(decideStart(child(), here({ neededUntil: ENDS })).do).toBe('take')
    expect(decideStart(child(), here({ neededUntil: 0, accessTokenRefused: true })).do).toBe('take')
  })

  test('[B-1] without a refresh token nothing starts', () => {
    expect(decideStart(child({ token: {} }), here())).toEqual({ do: 'refuse', because: 'no_refresh_token' })
  })

  test('[S2-8] a refresh beyond the budget of its credential waits until there is room, whoever asks', () => {
    const budget = { requests: 2, windowMs: 600_000 }
    const first = decideStart(child({ budget }), here())
    expect(first).toMatchObject({ do: 'take', taken: [1_000] })
    const twice = child({ budget, taken: [1_000, 2_000] })
    expect(decideStart(twice, here({ now: 3_000, accessTokenRefused: true }))).toEqual({ do: 'wait', untilMs: 601_000 })
    expect(decideStart(twice, here({ now: 601_000 }))).toMatchObject({ do: 'take', taken: [2_000, 601_000] })
    expect(decideStart(child({ taken: [1_000, 2_000] }), here({ now: 3_000 }))).not.toHaveProperty('taken')
  })

  test('[B-1] R33 a token that came back from a backup is sent to a strict server only when somebody asks', () => {
    const restored = (refreshClass: RefreshClass) => child({ restored: true, refreshClass })
    expect(decideStart(restored('strict'), here())).toEqual({ do: 'in_doubt', askUser: false })
    expect(decideStart(restored('strict'), here({ now: ENDS }))).toEqual({ do: 'in_doubt', askUser: true })
    expect(decideStart(restored('strict'), here({ accessTokenRefused: true }))).toEqual({ do: 'in_doubt', askUser: true })
    expect(decideStart(restored('strict'), here({ asked: true })).do).toBe('take')
    for (const harmless of ['static', 'grace', 'reject'] as const) expect(decideStart(restored(harmless), here()).do).toBe('take')
  })

  test('[B-1] lease and intent are written together before anything is sent', () => {
    const decision = decideStart(child({ lease: { owner: 'b', term: 8, until: 1_000 } }), here())
    const sent: Sent = { rtId: 'rt1', term: 9, owner: 'a', attempt: 'first', startedAt: 1_000, deadline: 21_000 }
    const intent: Intent = { ...sent, clientGeneration: 7, senders: ['a'] }
    const change: Change = { version: 3, lease: { owner: 'a', term: 9, until: 61_000 }, intent }
    expect(decision).toEqual({ do: 'take', sent, change })
  })

  test('[B-1] a lease in force is waited for, also one of an earlier life', () => {
    const lease = { owner: 'a', term: 1, until: 1_001 }
    expect(decideStart(child({ lease }), here())).toEqual({ do: 'wait', untilMs: 1_001 })
  })

  test('[B-1] a sender that may hold an answer stays on record when the intent is taken over', () => {
    const crashed = taken(child(), here({ me: 'b' })).child
    const next = taken(crashed, here({ now: 100_000 })).child
    expect(next.intent).toMatchObject({ attempt: 'replay', term: 2, owner: 'a', senders: ['b', 'a'] })
  })

  test('[B-1] an owner counts as gone only with its spill', () => {
    const strict = taken(child({ refreshClass: 'strict' }), here({ me: 'b' })).child
    const late = (b: { gone: boolean; spillReplayed: boolean }): string => decideStart(strict, here({ now: ENDS, senders: { b } })).do
    expect(late({ gone: true, spillReplayed: false })).toBe('in_doubt')
    expect(late({ gone: false, spillReplayed: true })).toBe('in_doubt')
    expect(late({ gone: true, spillReplayed: true })).toBe('take')
    expect(decideStart(strict, here({ now: ENDS }))).toEqual({ do: 'in_doubt', askUser: true })
  })

  test('[B-1] an intent of another token does not hold up the one in force', () => {
    const old = taken(child(), here()).child
    const replaced = { ...old, token: { rtId: 'rt9' }, lease: undefined }
    expect(taken(replaced, here()).sent).toMatchObject({ rtId: 'rt9', attempt: 'first' })
  })
})

describe('writing', () => {
  const { sent } = taken(child(), here())
  test.each([
    ['in time', 20_999, 19_999, true],
    ['late by the wall clock', 21_000, 5, false],
    ['late by the monotonic clock, the wall clock was set back', 1_000, 20_000, false],
  ])('[B-1] a byte that is %s', (_, now, elapsedMs, may) => {
    expect(mayWrite(sent, { now, elapsedMs })).toBe(may)
  })
})

describe('saving', () => {
  test('[B-1] a new token closes the intent and releases the lease', () => {
    const { child: open, sent } = taken(child(), here())
    expect(saved(open, sent, ROTATED)).toEqual({
      do: 'save',
      change: { version: 4, lease: { owner: 'a', term: 1, until: 0 }, intent: undefined },
    })
  })

  test('[B-1] a late winner lands under a later term, and leaves the later lease alone', () => {
    const first = taken(child(), here({ me: 'b' }))
    const second = taken(first.child, here({ now: 100_000 }))
    const decision = saved(second.child, first.sent, ROTATED)
    expect(decision).toEqual({ do: 'save', change: { version: 4, lease: second.child.lease, intent: undefined } })
    const after = { ...second.child, ...changed(decision), token: { rtId: 'rt2' } }
    expect(saved(after, second.sent, REFUSED)).toEqual({ do: 'discard', because: 'replaced' })
    expect(saved(after, second.sent, ROTATED)).toEqual({ do: 'discard', because: 'saved_before' })
  })

  test('[B-1] an answer for a deleted or replaced secret is never saved', () => {
    const { child: open, sent } = taken(child(), here())
    expect(saved({ ...open, intent: undefined, token: { rtId: 'rt9' } }, sent, ROTATED)).toEqual({ do: 'discard', because: 'replaced' })
    expect(decideSave(undefined, sent, { answer: ROTATED, newRtId: 'rt2' })).toEqual({ do: 'discard', because: 'gone' })
  })

  test.each(['static', 'grace', 'reject', 'strict'] satisfies RefreshClass[])(
    '[B-1] a lost answer keeps the intent open on %s',
    (refreshClass) => {
      const { child: open, sent } = taken(child({ refreshClass }), here())
      const decision = saved(open, sent, LOST)
      expect(decision).toMatchObject({ do: 'keep', keepSpill: false })
      expect(changed(decision).intent).toMatchObject({ attempt: 'first', senders: [] })
    },
  )

  test('[B-1] bytes that may hold a token keep their spill and their sender', () => {
    const { child: open, sent } = taken(child(), here())
    const decision = saved(open, sent, { kind: 'unreadable', status: 200, mayHoldToken: true })
    expect(decision).toMatchObject({ do: 'keep', keepSpill: true })
    expect(changed(decision).intent?.senders).toEqual(['a'])
  })

  test.each([
    ['unsent', UNSENT],
    ['throttled', BUSY],
    ['refused', REFUSED],
  ])('[B-1] a first attempt that was %s closes the intent', (_, answer) => {
    const { child: open, sent } = taken(child(), here())
    expect(saved(open, sent, answer)).toMatchObject({ do: 'close', change: { version: 3, intent: undefined } })
  })

  test('[B-1] a refused replay stays open for the sender before it', () => {
    const first = taken(child(), here({ me: 'b' }))
    const second = taken(first.child, here({ now: 100_000 }))
    const decision = saved(second.child, second.sent, REFUSED)
    expect(decision.do).toBe('keep')
    expect(changed(decision).intent).toMatchObject({ attempt: 'replay', senders: ['b'] })
  })

  test.each([
    ['unsent', UNSENT],
    ['throttled', BUSY],
  ])('[B-1] a replay that was %s does not count, however often its spill is read', (_, answer) => {
    const first = taken(child(), here({ me: 'b' }))
    const second = taken(first.child, here({ now: 100_000 }))
    const once = { ...second.child, ...changed(saved(second.child, second.sent, answer)) }
    expect(once.intent).toMatchObject({ attempt: 'first', senders: ['b'] })
    expect(changed(saved(once, second.sent, answer))).toEqual(changed(saved(second.child, second.sent, answer)))
  })

  test('[B-1] a late refusal of the first sender does not end the replay', () => {
    const first = taken(child(), here({ me: 'b' }))
    const second = taken(first.child, here({ now: 100_000 }))
    const decision = saved(second.child, first.sent, REFUSED)
    expect(decision.do).toBe('keep')
    expect(changed(decision)).toMatchObject({ lease: second.child.lease, intent: { term: 2, attempt: 'replay', senders: ['a'] } })
  })

  test('[B-1] an unrotated answer leaves the intent to a sender that may have got a rotated one', () => {
    const first = taken(child({ refreshClass: 'grace' }), here({ me: 'b' }))
    const second = taken(first.child, here({ now: 100_000 }))
    const decision = saved(second.child, first.sent, { kind: 'tokens', status: 200, refreshToken: 'absent' })
    expect(decision).toMatchObject({ do: 'save', change: { version: 4, intent: { rtId: 'rt1', senders: ['a'] } } })
    const after = { ...second.child, ...changed(decision) }
    expect(saved(after, second.sent, ROTATED)).toMatchObject({ do: 'save', change: { version: 5, intent: undefined } })
  })

  test('[B-1] a refused last resort marks the grant dead, and its token is never sent again', () => {
    const first = taken(child({ refreshClass: 'strict' }), here({ me: 'b' }))
    const late = here({ now: ENDS, senders: { b: { gone: true, spillReplayed: true } } })
    const last = taken(first.child, late)
    expect(last.sent.attempt).toBe('last_resort')
    const decision = saved(last.child, last.sent, REFUSED)
    expect(decision.do).toBe('close')
    const after = { ...last.child, ...changed(decision) }
    expect(decideStart(after, late)).toEqual({ do: 'refuse', because: 'grant_dead' })
  })

  test('[B-1] a throttled last resort may be tried again, however often its spill is read', () => {
    const first = taken(child({ refreshClass: 'strict' }), here({ me: 'b' }))
    const late = here({ now: ENDS, senders: { b: { gone: true, spillReplayed: true } } })
    const last = taken(first.child, late)
    const once = { ...last.child, ...changed(saved(last.child, last.sent, BUSY)) }
    const twice = { ...once, ...changed(saved(once, last.sent, BUSY)) }
    expect(twice.intent).toMatchObject({ attempt: 'replay', senders: [] })
    expect(taken(twice, { ...late, now: ENDS + 60_000 }).sent.attempt).toBe('last_resort')
  })

  test('[B-1] an old refusal of the same instance does not hide what it sent since', () => {
    const before = taken(child(), here())
    const since = taken(before.child, here({ now: 100_000 }))
    expect(changed(saved(since.child, before.sent, REFUSED)).intent?.senders).toEqual(['a'])
  })

  test('[B-1] a replay over an unread spill does not speak for that spill', () => {
    const before = taken(child(), here())
    const unread = here({ now: 100_000, senders: { a: { gone: false, spillReplayed: false } } })
    const since = taken(before.child, unread)
    expect(since.child.intent?.senders).toEqual(['a', 'a'])
    const after = { ...since.child, ...changed(saved(since.child, since.sent, REFUSED)) }
    expect(after.intent?.senders).toEqual(['a'])
    expect(decideStart(after, { ...unread, now: ENDS })).toEqual({ do: 'in_doubt', askUser: true })
    expect(saved(after, before.sent, ROTATED)).toMatchObject({ do: 'save', change: { intent: undefined } })
  })

  test('[B-1] a lost last resort is not tried again', () => {
    const first = taken(child({ refreshClass: 'strict' }), here({ me: 'b' }))
    const late = here({ now: ENDS, senders: { b: { gone: true, spillReplayed: true } } })
    const last = taken(first.child, late)
    const after = { ...last.child, ...changed(saved(last.child, last.sent, LOST)) }
    expect(decideStart(after, late)).toEqual({ do: 'in_doubt', askUser: true })
  })
})
