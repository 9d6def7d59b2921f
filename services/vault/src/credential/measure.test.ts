import { CodedError, type ErrorCode } from '@credence/errors'
import { startMetrics } from '@credence/service/metrics'
import { describe, expect, test } from 'vitest'
import { countDenial, countProbe, countTokenAnswer, measureCall } from './measure.ts'

let ms = 0
const figures = () => {
  const all = startMetrics({ serviceName: 'vault', clock: { now: () => 0, monotonicMs: () => ms } })
  /** What is not 0, without the name of the service. */
  const told = async (name: string): Promise<string[]> => {
    const lines = (await all.text()).split('\n').filter((line) => line.startsWith(`${name}{`) && !line.endsWith(' 0'))
    return lines.map((line) => line.slice(name.length).replace('service="vault"', '').replace('{,', '{'))
  }
  return { metrics: all.of('vault'), told }
}

describe('a proxied call', () => {
  test('is told by the status of its answer, with the time of the provider taken out of ours', async () => {
    const { metrics, told } = figures()
    const call = measureCall(metrics)
    ms += 1_250
    call.times.provider += 1
    call.answered(204)
    expect(await told('credence_proxy_calls_total')).toEqual(['{outcome="2xx"} 1'])
    expect(await told('credence_proxy_seconds_sum')).toEqual(['{part="credence"} 0.25', '{part="provider"} 1'])
    expect(await told('credence_provider_errors_total')).toEqual([])
  })

  test.each([
    [200, undefined],
    [403, undefined],
    [404, undefined],
    [401, 'unauthorized'],
    [429, 'throttled'],
    [502, 'server_error'],
  ])('with the status %i is the fault %s of the provider', async (status, fault) => {
    const { metrics, told } = figures()
    measureCall(metrics).answered(status)
    expect(await told('credence_provider_errors_total')).toEqual(fault === undefined ? [] : [`{via="call",class="${fault}"} 1`])
  })

  test.each<[ErrorCode, string | undefined]>([
    ['UPSTREAM_UNREACHABLE', 'unreachable'],
    ['UPSTREAM_TIMEOUT', 'timeout'],
    ['UPSTREAM_BOMB', 'unusable'],
    ['CREDENTIAL_DISABLED', undefined],
    ['AUDIT_UNAVAILABLE', undefined],
  ])('that ends with %s is told by that code; the provider has the fault %s', async (code, fault) => {
    const { metrics, told } = figures()
    measureCall(metrics).failed(new CodedError(code))
    expect(await told('credence_proxy_calls_total')).toEqual([`{outcome="${code}"} 1`])
    expect(await told('credence_provider_errors_total')).toEqual(fault === undefined ? [] : [`{via="call",class="${fault}"} 1`])
  })

  test('that fails by a bug of ours is INTERNAL, whatever the error says', async () => {
    const { metrics, told } = figures()
    measureCall(metrics).failed(new TypeError('canary-text-of-an-error'))
    expect(await told('credence_proxy_calls_total')).toEqual(['{outcome="INTERNAL"} 1'])
  })
})

test('only what a rule refused is a denial', async () => {
  const { metrics, told } = figures()
  for (const code of ['CREDENTIAL_EXPIRED', 'HOST_REFUSED', 'STORE_UNAVAILABLE', 'UPSTREAM_TIMEOUT'] as const)
    countDenial(metrics, new CodedError(code))
  countDenial(metrics, new TypeError('a bug'))
  expect(await told('credence_denied_total')).toEqual(['{reason="CREDENTIAL_EXPIRED"} 1', '{reason="HOST_REFUSED"} 1'])
})

test('an answer of a token endpoint is a fault by its kind; one that we did not ask for is none', async () => {
  const { metrics, told } = figures()
  countTokenAnswer(metrics, { kind: 'tokens', status: 200, refreshToken: 'same' })
  countTokenAnswer(metrics, { kind: 'error', status: 400, code: 'invalid_grant' })
  countTokenAnswer(metrics, { kind: 'error', status: 503, code: 'server_error' })
  countTokenAnswer(metrics, { kind: 'unreadable', status: 200, mayHoldToken: true })
  countTokenAnswer(metrics, { kind: 'lost', cause: 'upstream_timeout' })
  countTokenAnswer(metrics, { kind: 'not_sent', cause: 'upstream_unreachable' })
  countTokenAnswer(metrics, { kind: 'not_sent', cause: 'audit_unavailable' })
  countTokenAnswer(metrics, undefined)
  const faults = (await told('credence_provider_errors_total')).map((line) => /class="(\w+)"} (\d)/.exec(line)?.slice(1).join(' '))
  expect(faults.sort()).toEqual(['refused 1', 'server_error 1', 'timeout 1', 'unreachable 1', 'unusable 1'])
})

test('a probe is a fault of the provider by status, or by why no answer came', async () => {
  const { metrics, told } = figures()
  countProbe(metrics, { status: 200, failure: '' })
  countProbe(metrics, { status: 401, failure: '' })
  countProbe(metrics, { status: 0, failure: 'UPSTREAM_UNREACHABLE' })
  countProbe(metrics, { status: 0, failure: 'ADDRESS_REFUSED' })
  expect(await told('credence_provider_errors_total')).toEqual([
    '{via="probe",class="unreachable"} 1',
    '{via="probe",class="unauthorized"} 1',
  ])
})
