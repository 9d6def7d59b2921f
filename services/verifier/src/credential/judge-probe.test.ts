import { describe, expect, test } from 'vitest'
import { judgeProbe } from './judge-probe.ts'

const answer = (httpStatus: number, failure = ''): Parameters<typeof judgeProbe>[0] => ({ httpStatus, failure, expected: false })

describe('judgeProbe', () => {
  test('[S2-15] an expected answer proves the credential whatever its status', () => {
    expect(judgeProbe({ httpStatus: 204, expected: true, failure: '' })).toEqual({ verdict: 'ok' })
  })

  test.each([
    [401, '', 'failed', 'key_wrong'],
    [403, '', 'failed', 'scope_missing'],
    [404, '', 'failed', 'host_wrong'],
    [200, '', 'failed', 'unexpected_answer'],
    [302, '', 'failed', 'unexpected_answer'],
    [0, 'ADDRESS_REFUSED', 'failed', 'host_wrong'],
    [0, 'HOST_REFUSED', 'failed', 'host_wrong'],
    [429, '', 'undecided', 'throttled'],
    [500, '', 'undecided', 'provider_down'],
    [503, '', 'undecided', 'provider_down'],
    [0, 'UPSTREAM_UNREACHABLE', 'undecided', 'provider_down'],
    [0, 'UPSTREAM_TIMEOUT', 'undecided', 'provider_down'],
  ])('[S2-15] %i %s is %s: %s, with a sentence for the person', (status, failure, verdict, cause) => {
    expect(judgeProbe(answer(status, failure))).toEqual({ verdict, cause, sentence: expect.stringMatching(/^[A-Z].*\.$/) })
  })

  test('[S2-21] only a 401 ever says that the key is wrong', () => {
    for (let status = 100; status < 600; status++) {
      const verdict = judgeProbe(answer(status))
      expect('cause' in verdict && verdict.cause === 'key_wrong', String(status)).toBe(status === 401)
    }
  })
})
