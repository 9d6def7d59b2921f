import { CodedError } from '@credence/errors'
import { Secret } from '@credence/secret'
import { describe, expect, test } from 'vitest'
import type { LogFields } from './fields.ts'
import { createLogger, type Logger } from './logger.ts'
import { currentTraceId, span } from './tracing.ts'

const CANARY = 'canary-5f9e1d'

function recorder(): { logger: Logger; lines: string[]; last(): Record<string, unknown> } {
  const lines: string[] = []
  const random = { bytes: (count: number) => new Uint8Array(count).fill(7), fraction: () => 0.5 }
  const logger = createLogger({ service: 'vault', write: (line) => lines.push(line), random })
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') }
}

describe('the logger', () => {
  test('writes one JSON line with the event, the service and the given ids', () => {
    const { logger, lines, last } = recorder()
    logger.info('refresh.saved', { credential_id: 'cred_abc', version: 4, path_template: '/v1/proxy/{id}/*' })
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('\n')).toBe(true)
    expect(last()).toMatchObject({ level: 'info', service: 'vault', event: 'refresh.saved', credential_id: 'cred_abc', version: 4 })
    expect(last().path_template).toBe('/v1/proxy/{id}/*')
    expect(Date.parse(String(last().time))).not.toBeNaN()
  })

  test('drops what is not on the list even when a cast lets it in', () => {
    const { logger, lines } = recorder()
    const stranger = { headers: { authorization: CANARY }, token: CANARY, credential_id: { nested: CANARY }, frames: [{ a: CANARY }] }
    logger.info('x', stranger as unknown as LogFields)
    logger.child(stranger as unknown as LogFields).warn('y', { __proto__: { token: CANARY } } as LogFields)
    logger.error('z', { credential_id: Secret.fromString(CANARY) as unknown as string, count: CANARY as unknown as number })
    expect(lines).toHaveLength(3)
    expect(lines.join()).not.toContain(CANARY)
  })

  test('writes [dropped] where a sentence, a header or an address stands in for a code', () => {
    const { logger, lines, last } = recorder()
    for (const reason of [`Bearer ${CANARY}`, `a=${CANARY}`, `"${CANARY}"`, `${CANARY}@example.com`, `${CANARY}\nline`, 'x'.repeat(161)]) {
      logger.info('x', { reason })
      expect(last().reason).toBe('[dropped]')
    }
    expect(lines.join()).not.toContain(CANARY)
  })

  test('tells of our own error by its code and of any other by incident and place only', () => {
    const { logger, lines, last } = recorder()
    const own = logger.failure('rpc.refused', new CodedError('NOT_FOUND', CANARY, { credentialId: 'cred_a', facts: { x: CANARY } }))
    expect(own.code).toBe('NOT_FOUND')
    expect(last()).toMatchObject({ level: 'warn', code: 'NOT_FOUND', credential_id: 'cred_a' })

    const bug = new TypeError(`${CANARY}\n    at leak (file:///libs/${CANARY}/x.ts:1:2)`, { cause: new Error(CANARY) })
    const told = logger.failure('rpc.failed', bug, { method: 'Seal' })
    expect(told).toMatchObject({ code: 'INTERNAL', incident: `inc_${'07'.repeat(10)}` })
    expect(last()).toMatchObject({ level: 'error', incident: told.incident, error_name: 'TypeError', method: 'Seal' })
    expect(last().frames).toEqual([expect.stringMatching(/^libs\/service\/src\/logger\.test\.ts:\d+$/)])
    expect(lines.join()).not.toContain(CANARY)
  })

  test('tells nothing of a thrown value that is no error, nor of an error with a forged name', () => {
    const { logger, lines, last } = recorder()
    logger.failure('x', CANARY)
    expect(last().error_name).toBe('string')
    logger.failure('x', Object.assign(new Error('m'), { name: `N ${CANARY}`, stack: `${CANARY}\n at ${CANARY}` }))
    logger.failure('x', { toString: () => CANARY, code: CANARY })
    expect(lines.join()).not.toContain(CANARY)
  })

  test('carries the trace id of the span that it is called in', () => {
    const { logger, last } = recorder()
    logger.info('outside')
    expect(last().trace_id).toBeUndefined()
    span('work', {}, () => {
      logger.info('inside')
      expect(last().trace_id).toBe(currentTraceId())
      expect(last().trace_id).toMatch(/^[0-9a-f]{32}$/)
    })
  })

  test('stays silent below its level', () => {
    const lines: string[] = []
    const logger = createLogger({ service: 'x', write: (line) => lines.push(line), level: 'error' })
    logger.info('a')
    logger.warn('b')
    logger.error('c')
    expect(lines).toHaveLength(1)
  })
})
