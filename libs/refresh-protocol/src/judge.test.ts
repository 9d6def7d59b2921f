import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RefreshClass, TokenAnswer } from './answer.ts'
import { type History, judge, type Outcome, type Verdict } from './judge.ts'

const CLASSES: readonly RefreshClass[] = ['static', 'grace', 'reject', 'strict']
const NEVER: History = { failures: {} }
const error = (code: string, over: Partial<Extract<TokenAnswer, { kind: 'error' }>> = {}): TokenAnswer => ({
  kind: 'error',
  status: 400,
  code,
  ...over,
})
const refused = error('invalid_grant')
const outcome = (answer: TokenAnswer, over: Partial<Outcome> = {}): Outcome => ({
  answer,
  refreshClass: 'strict',
  storeMoved: false,
  openIntent: false,
  replay: false,
  clientChangedSinceConnect: false,
  at: 1_000_000,
  ...over,
})

type Row = readonly [row: string, given: Outcome, meant: Partial<Verdict>]

describe('each row of the classification', () => {
  const rows: readonly Row[] = [
    ['the store moved', outcome(refused, { storeMoved: true, openIntent: true }), { class: 'RACE_LOST', action: 'none' }],
    ['nothing was sent', outcome({ kind: 'not_sent', cause: 'dns' }), { class: 'TRANSIENT', action: 'back_off' }],
    ['the answer was lost', outcome({ kind: 'lost', cause: 'reset' }, { openIntent: true }), { class: 'IN_DOUBT', action: 'hold' }],
    [
      'a token may be inside',
      outcome({ kind: 'unreadable', status: 200, mayHoldToken: true }, { openIntent: true }),
      { class: 'IN_DOUBT', action: 'hold' },
    ],
    ['no refresh token came', outcome({ kind: 'tokens', status: 200, refreshToken: 'absent' }), { class: 'REFRESHED', reason: 'kept' }],
    ['the same one came', outcome({ kind: 'tokens', status: 200, refreshToken: 'same' }), { class: 'REFRESHED', reason: 'kept' }],
    ['another one came', outcome({ kind: 'tokens', status: 200, refreshToken: 'different' }), { class: 'REFRESHED', reason: 'rotated' }],
    ['429', outcome(error('slow_down', { status: 429 })), { class: 'THROTTLED', action: 'back_off' }],
    ['429 with Retry-After', outcome(error('x', { status: 429, retryAfterMs: 7e7 })), { action: 'wait', retryAfterMs: 3_600_000 }],
    ['503 with Retry-After', outcome(error('x', { status: 503, retryAfterMs: 9 })), { class: 'THROTTLED', retryAfterMs: 9 }],
    ['5xx, reject', outcome(error('x', { status: 500 }), { refreshClass: 'reject' }), { class: 'TRANSIENT', action: 'back_off' }],
    ['5xx, grace', outcome({ kind: 'unreadable', status: 502, mayHoldToken: false }, { refreshClass: 'grace' }), { class: 'TRANSIENT' }],
    ['5xx, strict', outcome(error('server_error', { status: 500 }), { openIntent: true }), { class: 'IN_DOUBT', action: 'hold' }],
    ['invalid_client', outcome(error('invalid_client')), { class: 'CONFIG', action: 'pause_client' }],
    ['unauthorized_client', outcome(error('unauthorized_client')), { class: 'CONFIG', action: 'pause_client' }],
    ['401 without a code', outcome({ kind: 'unreadable', status: 401, mayHoldToken: false }), { class: 'CONFIG', action: 'pause_client' }],
    ['401 with a code of its own', outcome(error('nope', { status: 401 })), { class: 'CONFIG', action: 'pause_client' }],
    ['invalid_scope', outcome(error('invalid_scope')), { class: 'CONFIG', action: 'pause_client' }],
    ['unsupported_grant_type', outcome(error('unsupported_grant_type')), { class: 'CONFIG', action: 'pause_client' }],
    ['invalid_request', outcome(error('invalid_request')), { class: 'CONFIG', action: 'pause_client' }],
    ['access_denied', outcome(error('access_denied')), { class: 'NEEDS_USER', action: 'expire' }],
    ['consent_required', outcome(error('consent_required')), { class: 'NEEDS_USER', action: 'expire' }],
    ['interaction_required', outcome(error('interaction_required')), { class: 'NEEDS_USER', action: 'expire' }],
    [
      'invalid_grant after the client was changed',
      outcome(error('invalid_grant', { descriptor: 'revoked' }), { clientChangedSinceConnect: true }),
      { class: 'CONFIG', action: 'hold', reason: 'client_changed' },
    ],
    [
      'invalid_grant with a definitive descriptor',
      outcome(error('invalid_grant', { descriptor: 'x' })),
      { class: 'PERMANENT', action: 'expire' },
    ],
    ['invalid_grant without one', outcome(refused), { class: 'SUSPECT', action: 'confirm', retryAfterMs: 60_000 }],
    ['invalid_grant with status 403', outcome(error('invalid_grant', { status: 403 })), { class: 'SUSPECT', action: 'confirm' }],
    ['invalid_grant with status 401', outcome(error('invalid_grant', { status: 401 })), { class: 'SUSPECT', action: 'confirm' }],
    ['temporarily_unavailable', outcome(error('temporarily_unavailable')), { class: 'TRANSIENT', action: 'back_off' }],
    ['server_error', outcome(error('server_error')), { class: 'TRANSIENT', action: 'back_off' }],
    ['slow_down', outcome(error('slow_down')), { class: 'TRANSIENT', action: 'back_off' }],
    [
      'HTML',
      outcome({ kind: 'unreadable', status: 200, mayHoldToken: false }),
      { class: 'TRANSIENT', action: 'back_off', reason: 'unreadable' },
    ],
    ['WAF 403', outcome({ kind: 'unreadable', status: 403, mayHoldToken: false }), { class: 'TRANSIENT', action: 'back_off' }],
    ['a code nobody knows', outcome(error('bad_luck')), { class: 'TRANSIENT', action: 'back_off', reason: 'unknown_code' }],
  ]
  test.each(rows)('[B-1] %s is judged as the table says', (_, given, meant) => {
    expect(judge(given, NEVER)).toMatchObject(meant)
  })
})

describe('an open intent', () => {
  const left: readonly (readonly [RefreshClass, boolean, Partial<Verdict>])[] = [
    ['static', false, { action: 'back_off' }],
    ['grace', true, { action: 'back_off' }],
    ['reject', false, { action: 'wait', retryAfterMs: 25_000 }],
    ['reject', true, { action: 'hold', reason: 'replay_undecided' }],
    ['strict', false, { action: 'hold', reason: 'outcome_unknown' }],
  ]
  test.each(left)('[B-1] on %s (replay: %s) keeps a refused grant in doubt', (refreshClass, replay, meant) => {
    const given = outcome(refused, { refreshClass, replay, openIntent: true })
    expect(judge(given, NEVER)).toMatchObject({ class: 'IN_DOUBT', ...meant })
  })

  test('[B-1] does not hide a throttled or misconfigured client', () => {
    expect(judge(outcome(error('invalid_client'), { openIntent: true }), NEVER).class).toBe('CONFIG')
    expect(judge(outcome(error('x', { status: 429 }), { openIntent: true }), NEVER).class).toBe('THROTTLED')
  })
})

describe('an unexplained refusal', () => {
  const since = (first: number, count = 1): History => ({ failures: { SUSPECT: { count, first, last: first } } })

  test('[S2-9] expires the credential when it is confirmed', () => {
    expect(judge(outcome(refused), since(940_000))).toMatchObject({ class: 'SUSPECT', action: 'expire' })
  })

  test('[S2-9] heard again too soon confirms nothing', () => {
    const verdict = judge(outcome(refused), since(940_001, 5))
    expect(verdict).toMatchObject({ class: 'SUSPECT', action: 'confirm', retryAfterMs: 1 })
  })

  test('[S2-9] waits as long as the setting says', () => {
    expect(judge(outcome(refused), NEVER, { confirmMs: 500, deadlineMs: 800 }).retryAfterMs).toBe(500)
  })

  test('[B-1] on a last resort needs no confirmation', () => {
    expect(judge(outcome(refused, { replay: true }), NEVER)).toMatchObject({ class: 'PERMANENT', action: 'expire' })
  })

  test('[B-1] of a static token is confirmed also after a replay', () => {
    const given = outcome(refused, { replay: true, refreshClass: 'static' })
    expect(judge(given, NEVER)).toMatchObject({ class: 'SUSPECT', action: 'confirm' })
  })
})

const statuses = fc.oneof(fc.constantFrom(200, 400, 401, 403, 429, 500, 503), fc.integer({ min: 100, max: 599 }))
const retryAfterMs = fc.option(fc.integer({ min: -1, max: 1e9 }), { nil: undefined })
const codes = fc.oneof(
  fc.constantFrom('invalid_grant', 'invalid_client', 'invalid_scope', 'access_denied', 'server_error', 'slow_down', 'interaction_required'),
  fc.string(),
)
const answers: fc.Arbitrary<TokenAnswer> = fc.oneof(
  fc.record({ kind: fc.constantFrom('not_sent' as const, 'lost' as const), cause: fc.string() }),
  fc.record({
    kind: fc.constant('tokens' as const),
    status: statuses,
    refreshToken: fc.constantFrom('absent' as const, 'same', 'different'),
  }),
  fc.record({ kind: fc.constant('unreadable' as const), status: statuses, mayHoldToken: fc.boolean(), retryAfterMs }),
  fc.record({
    kind: fc.constant('error' as const),
    status: statuses,
    code: codes,
    descriptor: fc.option(fc.string(), { nil: undefined }),
    retryAfterMs,
  }),
)
const outcomes: fc.Arbitrary<Outcome> = fc.record({
  answer: answers,
  refreshClass: fc.constantFrom(...CLASSES),
  storeMoved: fc.boolean(),
  openIntent: fc.boolean(),
  replay: fc.boolean(),
  clientChangedSinceConnect: fc.boolean(),
  at: fc.nat(),
})
const histories: fc.Arbitrary<History> = fc
  .option(fc.record({ count: fc.nat(), first: fc.nat(), last: fc.nat() }), { nil: undefined })
  .map((suspect) => ({ failures: suspect === undefined ? {} : { SUSPECT: suspect } }))

/** Every outcome that the generators make, and what must hold of its verdict. */
function always(law: (given: Outcome, verdict: Verdict) => boolean): void {
  fc.assert(
    fc.property(outcomes, histories, (given, history) => law(given, judge(given, history))),
    { numRuns: 5_000 },
  )
}

describe('whatever comes', () => {
  test('[B-1] there is a verdict with a reason and a sane delay', () => {
    always((_, { class: name, reason, action, retryAfterMs: delay }) => {
      const timed = action === 'wait' || action === 'confirm'
      return name !== undefined && /^[a-z_]+$/.test(reason) && timed === (delay !== undefined) && !(delay! < 0 || delay! > 3_600_000)
    })
  })

  test('[B-1] only a refusal of the grant itself expires a credential', () => {
    always((_, verdict) => verdict.action !== 'expire' || ['NEEDS_USER', 'PERMANENT', 'SUSPECT'].includes(verdict.class))
    always(({ answer }, verdict) => verdict.action !== 'expire' || answer.kind === 'error')
  })

  test('[B-1] an open intent or a moved store never expires a credential', () => {
    always((given, verdict) => verdict.action !== 'expire' || !(given.openIntent || given.storeMoved))
  })

  test('[B-1] strict never expires on a server failure', () => {
    always(
      ({ answer }, verdict) =>
        verdict.action !== 'expire' || (answer.kind === 'error' && (answer.status < 500 || answer.descriptor !== undefined)),
    )
  })
})
