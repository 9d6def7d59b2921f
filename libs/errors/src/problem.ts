import type { CodedError, Fault } from './coded-error.ts'
import { ERRORS } from './table.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** An error as HTTP has it (RFC 9457), with the members of ours. */
export interface Problem {
  /** `urn:credence:error:<CODE>`; the README of this package says what each means. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors?: readonly Fault[]
  readonly credential_id?: string
  readonly reconnect_url?: string
  readonly retry_after_ms?: number
  readonly trace_id?: string
  /** Short facts: counts, states, reasons, the incident id of a fault of ours. */
  readonly facts?: Readonly<Record<string, string>>
}

/** The problem document of an error. `credentialId`: what the call was about, where the error does not say. */
export function problemOf(
  error: CodedError,
  context: { readonly traceId?: string | undefined; readonly credentialId?: string | undefined } = {},
): Problem {
  const { http: status, title } = ERRORS[error.code]
  const { credentialId = context.credentialId, reconnectUrl, retryAfterMs, faults, facts } = error.details
  return {
    type: `urn:credence:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    ...(faults === undefined ? {} : { errors: faults }),
    ...(credentialId === undefined ? {} : { credential_id: credentialId }),
    ...(reconnectUrl === undefined ? {} : { reconnect_url: reconnectUrl }),
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(context.traceId === undefined ? {} : { trace_id: context.traceId }),
    ...(facts === undefined ? {} : { facts }),
  }
}
