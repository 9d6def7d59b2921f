import { isCoded } from '@credence/errors'
import type { TokenAnswer } from '@credence/refresh-protocol'
import { DENIALS, type Metrics } from '@credence/service/metrics'

/** What failed at a provider; undefined when nothing did, or when it was not the provider. */
type ProviderFault = 'unreachable' | 'timeout' | 'unauthorized' | 'throttled' | 'server_error' | 'unusable' | 'refused'

const FAULTS: Readonly<Record<string, ProviderFault>> = {
  UPSTREAM_UNREACHABLE: 'unreachable',
  UPSTREAM_TIMEOUT: 'timeout',
  UPSTREAM_UNSCRUBBABLE: 'unusable',
  UPSTREAM_BOMB: 'unusable',
}
const CLASSES = ['', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
const denials = new Set(DENIALS)

/** The clocks of one proxied call. */
export interface CallTimes {
  /** In the calls to the provider, until the head of its answer; seconds. */
  provider: number
  /** In a refresh that a 401 caused; seconds, 0 without one. */
  refresh: number
}

export interface MeasuredCall {
  readonly times: CallTimes
  /** The head of the provider's answer is there. */
  answered(status: number): void
  /** It ended with an error of ours. */
  failed(error: unknown): void
}

export function measureCall(metrics: Metrics): MeasuredCall {
  const seconds = metrics.stopwatch()
  const times: CallTimes = { provider: 0, refresh: 0 }
  const end = (outcome: string): void => {
    metrics.count('credence_proxy_calls_total', { outcome })
    metrics.record('credence_proxy_seconds', Math.max(seconds() - times.provider - times.refresh, 0), { part: 'credence' })
    if (times.provider > 0) metrics.record('credence_proxy_seconds', times.provider, { part: 'provider' })
    if (times.refresh > 0) metrics.record('credence_proxy_seconds', times.refresh, { part: 'refresh' })
  }
  return {
    times,
    answered(status) {
      end(CLASSES[Math.floor(status / 100)] ?? '')
      countFault(metrics, 'call', faultOfStatus(status))
    },
    failed(error) {
      const code = isCoded(error) ? error.code : 'INTERNAL'
      end(code)
      countFault(metrics, 'call', FAULTS[code])
    },
  }
}

/** A use that a rule refused, whichever of them. Errors of other kinds are no denials. */
export function countDenial(metrics: Metrics, error: unknown): void {
  if (isCoded(error) && denials.has(error.code)) metrics.count('credence_denied_total', { reason: error.code })
}

export function countTokenAnswer(metrics: Metrics, answer: TokenAnswer | undefined): void {
  countFault(metrics, 'token', answer === undefined ? undefined : faultOfAnswer(answer))
}

export function countProbe(metrics: Metrics, { status, failure }: { readonly status: number; readonly failure: string }): void {
  countFault(metrics, 'probe', failure === '' ? faultOfStatus(status) : FAULTS[failure])
}

function countFault(metrics: Metrics, via: 'call' | 'token' | 'probe', fault: ProviderFault | undefined): void {
  if (fault !== undefined) metrics.count('credence_provider_errors_total', { via, class: fault })
}

/** A 403 or a 404 is part of an API's ordinary talk. */
function faultOfStatus(status: number): ProviderFault | undefined {
  if (status === 401) return 'unauthorized'
  if (status === 429) return 'throttled'
  return status >= 500 ? 'server_error' : undefined
}

function faultOfAnswer(answer: TokenAnswer): ProviderFault | undefined {
  switch (answer.kind) {
    case 'tokens':
      return undefined
    case 'error':
      return faultOfStatus(answer.status) ?? 'refused'
    case 'unreadable':
      return faultOfStatus(answer.status) ?? 'unusable'
    case 'lost':
      return answer.cause === 'upstream_timeout' ? 'timeout' : 'unreachable'
    case 'not_sent':
      return FAULTS[answer.cause.toUpperCase()]
  }
}
