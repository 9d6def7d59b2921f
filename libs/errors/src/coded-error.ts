import { ERRORS, type ErrorCode } from './table.ts'

/** One fault of an input: where it is (JSON pointer, RFC 6901), what kind it is, and what to write instead. */
export interface Fault {
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

/** What a customer is to be asked before the call is repeated; with the questions in words of the team. */
export interface IdentityAsked {
  readonly facts: readonly { readonly name: string; readonly question: string }[]
  readonly attemptsLeft: number
  /** To be sent with the answers; good for one attempt. */
  readonly challenge: string
  /** RFC 3339. */
  readonly expiresAt: string
  /** Where the customer can answer himself. */
  readonly pageUrl: string
  readonly capabilityId: string
  readonly level: string
}

/** What a customer is to consent to before the call is repeated. */
export interface ConsentAsked {
  readonly capabilityId: string
  readonly purpose: string
  readonly scopes: readonly string[]
}

/** What an error may carry: ids, numbers and sentences of ours. Never a payload, a header, a cause or text from outside. */
export interface CodedErrorDetails {
  readonly credentialId?: string
  readonly reconnectUrl?: string
  readonly retryAfterMs?: number
  /** Every fault of the input at once. */
  readonly faults?: readonly Fault[]
  /** Short facts that a program may read: ids, counts, states, an upstream's error code. */
  readonly facts?: Readonly<Record<string, string>>
  readonly identity?: IdentityAsked
  readonly consent?: ConsentAsked
}

/** The one error that crosses a border of ours. `detail` is a sentence that says what to do; it never repeats a value. */
export class CodedError extends Error {
  readonly code: ErrorCode
  readonly details: CodedErrorDetails

  constructor(code: ErrorCode, detail?: string, details: CodedErrorDetails = {}) {
    super(detail ?? ERRORS[code].advice)
    this.name = 'CodedError'
    this.code = code
    this.details = details
  }
}

/** True for an error of ours, with this code where one is given. */
export function isCoded(error: unknown, code?: ErrorCode): error is CodedError {
  return error instanceof CodedError && (code === undefined || error.code === code)
}
