import type { CodedError, CodedErrorDetails, Fault } from './coded-error.ts'
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
  /** Short facts: counts, states, reasons, the incident id of a fault of ours. Where a customer is to be asked: the questions. */
  readonly facts?: Readonly<Record<string, string>> | readonly { readonly name: string; readonly question: string }[]
  readonly attemptsLeft?: number
  readonly challenge?: string
  readonly challenge_expires_at?: string
  /** Where the customer can answer himself. */
  readonly page_url?: string
  readonly level?: string
  readonly capability_id?: string
  /** What is to be consented to. */
  readonly consent?: { readonly purpose: string; readonly scopes: readonly string[] }
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
    ...askedOf(error.details),
  }
}

function askedOf({ identity, consent }: CodedErrorDetails): Partial<Problem> {
  if (consent !== undefined) {
    const { capabilityId: capability_id, purpose, scopes } = consent
    return { capability_id, consent: { purpose, scopes } }
  }
  if (identity === undefined) return {}
  const {
    facts,
    attemptsLeft,
    challenge,
    expiresAt: challenge_expires_at,
    pageUrl: page_url,
    level,
    capabilityId: capability_id,
  } = identity
  return { facts, attemptsLeft, challenge, challenge_expires_at, page_url, level, capability_id }
}
