import { CodedError, ERRORS, isCoded } from '@credence/errors'
import { currentTraceId, type Logger } from '@credence/service'

/** An error as RFC 9457 has it. */
export interface Problem {
  readonly status: number
  readonly retryAfterS?: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Whatever is not coded becomes INTERNAL with an incident id; its text goes nowhere. */
export function problemOf(error: unknown, context: { readonly log: Logger; readonly credentialId?: string | undefined }): Problem {
  const coded = isCoded(error) ? error : internal(error, context.log)
  const { http: status, title } = ERRORS[coded.code]
  const { credentialId = context.credentialId, reconnectUrl, retryAfterMs, faults, facts } = coded.details
  const traceId = currentTraceId()
  return {
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterS: Math.ceil(retryAfterMs / 1000) }),
    body: {
      type: `https://credence.dev/errors/${coded.code.toLowerCase().replaceAll('_', '-')}`,
      title,
      status,
      code: coded.code,
      detail: coded.message,
      ...(faults === undefined ? {} : { errors: faults }),
      ...(credentialId === undefined ? {} : { credential_id: credentialId }),
      ...(reconnectUrl === undefined ? {} : { reconnect_url: reconnectUrl }),
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
      ...(facts?.['reason'] === undefined ? {} : { reason: facts['reason'] }),
      ...(traceId === undefined ? {} : { trace_id: traceId }),
    },
  }
}

function internal(error: unknown, log: Logger): CodedError {
  const incident = log.failure('proxy.failed', error).incident ?? ''
  return new CodedError('INTERNAL', `Something went wrong on our side; incident ${incident}.`)
}
