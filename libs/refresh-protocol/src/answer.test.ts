import { expect, test } from 'vitest'
import { type RefreshClass, type Spentness, spentness, type TokenAnswer } from './answer.ts'

const rows: readonly (readonly [string, TokenAnswer, Record<'strict' | 'others', Spentness>])[] = [
  ['nothing sent', { kind: 'not_sent', cause: 'tls' }, { strict: 'not_sent', others: 'not_sent' }],
  ['a lost answer', { kind: 'lost', cause: 'timeout' }, { strict: 'unknown', others: 'unknown' }],
  ['another refresh token', { kind: 'tokens', status: 200, refreshToken: 'different' }, { strict: 'rotated', others: 'rotated' }],
  ['the same refresh token', { kind: 'tokens', status: 200, refreshToken: 'same' }, { strict: 'same', others: 'same' }],
  ['no refresh token', { kind: 'tokens', status: 200, refreshToken: 'absent' }, { strict: 'same', others: 'same' }],
  ['bytes that may hold a token', { kind: 'unreadable', status: 200, mayHoldToken: true }, { strict: 'unknown', others: 'unknown' }],
  ['a login page', { kind: 'unreadable', status: 200, mayHoldToken: false }, { strict: 'refused', others: 'refused' }],
  ['invalid_grant', { kind: 'error', status: 400, code: 'invalid_grant' }, { strict: 'refused', others: 'refused' }],
  ['429', { kind: 'error', status: 429, code: '' }, { strict: 'refused', others: 'refused' }],
  ['500', { kind: 'error', status: 500, code: 'server_error' }, { strict: 'unknown', others: 'refused' }],
  ['a 502 page', { kind: 'unreadable', status: 502, mayHoldToken: false }, { strict: 'unknown', others: 'refused' }],
  ['503', { kind: 'unreadable', status: 503, mayHoldToken: false }, { strict: 'unknown', others: 'refused' }],
  [
    '503 with Retry-After',
    { kind: 'unreadable', status: 503, mayHoldToken: false, retryAfterMs: 1 },
    { strict: 'refused', others: 'refused' },
  ],
]

test.each(rows)('[B-1] what %s did to the token depends on the class only where doubt is dear', (_, answer, meant) => {
  expect(spentness(answer, 'strict')).toBe(meant.strict)
  for (const refreshClass of ['static', 'grace', 'reject'] satisfies RefreshClass[])
    expect(spentness(answer, refreshClass)).toBe(meant.others)
})
