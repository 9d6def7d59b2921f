import { CodedError, ERRORS, type ErrorCode, type Fault } from '@credence/errors'
import { ClientError, Status } from 'nice-grpc'
import { BadRequest, type ErrorDetails, ErrorInfo, RetryInfo, RichClientError, RichServerError } from 'nice-grpc-error-details'
import { askedOf, toPrecondition } from './error-asked.ts'

const DOMAIN = 'credence'

/**
 * The `google.rpc.Status` of an error: ErrorInfo{reason: CODE, domain: "credence"}, BadRequest for the faults, RetryInfo
 * for the wait, PreconditionFailure for what a customer is to be asked.
 */
export function toStatus(error: CodedError): RichServerError {
  const { credentialId, reconnectUrl, retryAfterMs, faults, facts } = error.details
  const metadata: Record<string, string> = { ...facts }
  if (credentialId !== undefined) metadata.credential_id = credentialId
  if (reconnectUrl !== undefined) metadata.reconnect_url = reconnectUrl
  const details: ErrorDetails[] = []
  if (faults !== undefined) {
    details.push(BadRequest.fromPartial({ fieldViolations: faults.map((fault) => ({ field: fault.pointer, description: fault.detail })) }))
    // FieldViolation has no place for a code: they stand in the metadata, in the same order.
    metadata.fault_codes = faults.map((fault) => fault.code).join(',')
  }
  if (retryAfterMs !== undefined) {
    details.push(RetryInfo.fromPartial({ retryDelay: { seconds: Math.floor(retryAfterMs / 1000), nanos: (retryAfterMs % 1000) * 1e6 } }))
  }
  const asked = toPrecondition(error.details)
  if (asked !== undefined) {
    details.push(asked.failure)
    Object.assign(metadata, asked.metadata)
  }
  details.unshift(ErrorInfo.fromPartial({ reason: error.code, domain: DOMAIN, metadata }))
  return new RichServerError(Status[ERRORS[error.code].grpc], error.message, details)
}

/** The coded error that a call ended with. What did not come from a service of ours is UNAVAILABLE or DEADLINE_EXCEEDED. */
export function fromStatus(error: unknown): unknown {
  if (!(error instanceof ClientError)) return error
  const extra = error instanceof RichClientError ? error.extra : []
  const info = extra.find((detail): detail is ErrorInfo => detail.$type === ErrorInfo.$type && detail.domain === DOMAIN)
  const violations = extra.find((detail): detail is BadRequest => detail.$type === BadRequest.$type)
  const retry = extra.find((detail): detail is RetryInfo => detail.$type === RetryInfo.$type)
  const asked = askedOf(extra, info?.metadata ?? {})
  const { credential_id: credentialId, reconnect_url: reconnectUrl, fault_codes: codes, ...facts } = asked.metadata
  const code = info !== undefined && info.reason in ERRORS ? (info.reason as ErrorCode) : fallbackCode(error.code)
  const delay = retry?.retryDelay
  return new CodedError(code, error.details, {
    ...(credentialId === undefined ? {} : { credentialId }),
    ...(reconnectUrl === undefined ? {} : { reconnectUrl }),
    ...(delay === undefined ? {} : { retryAfterMs: Number(delay.seconds) * 1000 + Math.round(delay.nanos / 1e6) }),
    ...(violations === undefined ? {} : { faults: faultsOf(violations, codes?.split(',') ?? []) }),
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
    ...asked.details,
  })
}

function faultsOf(violations: BadRequest, codes: readonly string[]): Fault[] {
  return violations.fieldViolations.map((it, i) => ({ pointer: it.field, code: codes[i] ?? 'invalid', detail: it.description }))
}

function fallbackCode(status: Status): ErrorCode {
  if (status === Status.DEADLINE_EXCEEDED) return 'DEADLINE_EXCEEDED'
  if (status === Status.UNAVAILABLE || status === Status.CANCELLED) return 'UNAVAILABLE'
  if (status === Status.UNAUTHENTICATED) return 'UNAUTHENTICATED'
  if (status === Status.RESOURCE_EXHAUSTED) return 'REQUEST_TOO_LARGE'
  if (status === Status.UNIMPLEMENTED) return 'NOT_FOUND'
  return 'INTERNAL'
}
