import { expect, test } from 'vitest'
import { CodedError } from './coded-error.ts'
import { problemOf } from './problem.ts'

test('a problem document says everything that the error knows, and nothing that it does not', () => {
  const faults = [{ pointer: '/fields/domain', code: 'not_a_host', detail: 'Write a host.' }]
  const details = {
    faults,
    credentialId: 'cred_1',
    reconnectUrl: 'http://localhost/r/cred_1',
    retryAfterMs: 1500,
    facts: { reason: 'revoked' },
  }
  expect(problemOf(new CodedError('CREDENTIAL_EXPIRED', 'Open the link.', details), { traceId: 'abc', credentialId: 'cred_2' })).toEqual({
    type: 'urn:credence:error:CREDENTIAL_EXPIRED',
    title: 'The credential has expired',
    status: 409,
    code: 'CREDENTIAL_EXPIRED',
    detail: 'Open the link.',
    errors: faults,
    credential_id: 'cred_1',
    reconnect_url: 'http://localhost/r/cred_1',
    retry_after_ms: 1500,
    trace_id: 'abc',
    facts: { reason: 'revoked' },
  })
  expect(Object.keys(problemOf(new CodedError('NOT_FOUND')))).toEqual(['type', 'title', 'status', 'code', 'detail'])
})
