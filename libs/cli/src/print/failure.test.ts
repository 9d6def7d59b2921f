import { CodedError, ERRORS, type ErrorCode } from '@credence/errors'
import { CredenceError } from '@credence/sdk'
import { describe, expect, test } from 'vitest'
import type { Terminal } from '../terminal.ts'
import { exitCodeOf, Interrupted, tellFailure } from './failure.ts'

function recorder(): Terminal & { readonly said: string[] } {
  const said: string[] = []
  return { said, out: () => undefined, err: (text) => void said.push(text), interactive: false }
}

describe('a failure', () => {
  test('is one sentence, the faults, the code and what to do', () => {
    const terminal = recorder()
    const error = new CredenceError('CREDENTIAL_EXPIRED', 'It has expired.', {
      status: 409,
      reconnectUrl: 'http://localhost:7400/r/cred_1',
      retryAfterMs: 1200,
      traceId: 'abc',
      errors: [{ pointer: '/fields/token', code: 'MISSING', detail: 'Fill in Token.' }],
    })
    expect(tellFailure(error, terminal, 'table')).toBe(1)
    expect(terminal.said[0]?.split('\n')).toEqual([
      'It has expired.',
      '  /fields/token  MISSING  Fill in Token.',
      '  code   CREDENTIAL_EXPIRED',
      '  to do  Open http://localhost:7400/r/cred_1',
      '  wait   2 s',
      '  trace  abc',
    ])
  })

  test('is one line of JSON for programs', () => {
    const terminal = recorder()
    tellFailure(new CodedError('THROTTLED', undefined, { retryAfterMs: 5 }), terminal, 'json')
    expect(JSON.parse(terminal.said[0] ?? '')).toEqual({ error: { code: 'THROTTLED', detail: ERRORS.THROTTLED.advice, retry_after_ms: 5 } })
  })

  test('of our own is told without its text, which may hold anything', () => {
    const terminal = recorder()
    expect(tellFailure(new RangeError('canary'), terminal, 'table')).toBe(1)
    expect(terminal.said[0]).not.toContain('canary')
    expect(terminal.said[0]).toContain('RangeError')
  })

  test('of the system names its code and its file', () => {
    const terminal = recorder()
    tellFailure(Object.assign(new RangeError('x'), { code: 'EACCES', path: '/data' }), terminal, 'table')
    expect(terminal.said[0]).toContain('EACCES /data')
  })

  test('an advice that speaks of named members is left out where none are named', () => {
    const terminal = recorder()
    tellFailure(new CodedError('INVALID_SETTING', 'Set CREDENCE_KEY.'), terminal, 'table')
    expect(terminal.said[0]).toBe('Set CREDENCE_KEY.\n  code   INVALID_SETTING')
  })
})

test('each code has the exit code of who must act', () => {
  const expected: Partial<Record<ErrorCode, number>> = {
    NOT_FOUND: 1,
    SCOPE_REQUIRED: 1,
    INTERNAL: 1,
    PORT_IN_USE: 1,
    INVALID_SETTING: 2,
    UNAVAILABLE: 3,
    DEADLINE_EXCEEDED: 3,
    STORE_UNAVAILABLE: 3,
  }
  for (const [code, exit] of Object.entries(expected)) expect([code, exitCodeOf(code as ErrorCode)]).toEqual([code, exit])
  expect(tellFailure(new Interrupted(), recorder(), 'table')).toBe(130)
})
