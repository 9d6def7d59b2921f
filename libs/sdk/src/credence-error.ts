import type { ConsentAsked, ErrorCode, Fault, IdentityAsked } from '@credence/errors'

/** What an error may carry beside its code; taken from the problem document (RFC 9457) that the platform answered. */
export interface CredenceErrorDetails {
  readonly status?: number | undefined
  readonly errors?: readonly Fault[] | undefined
  readonly credentialId?: string | undefined
  readonly reconnectUrl?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly traceId?: string | undefined
  readonly facts?: Readonly<Record<string, string>> | undefined
  readonly identity?: IdentityAsked | undefined
  readonly consent?: ConsentAsked | undefined
}

/**
 * The one error that the client throws for a refusal of the platform, and for a platform that cannot be reached
 * (`UNAVAILABLE`, `DEADLINE_EXCEEDED`, with status 0). It never holds a secret. Misuse of the client is a TypeError.
 */
export class CredenceError extends Error {
  /** Of the closed list of `@credence/errors`; decide by this, not by the text. */
  readonly code: ErrorCode
  /** HTTP status of the answer; 0 when there was none. */
  readonly status: number
  /** A sentence that says what to do. */
  readonly detail: string
  /** Every fault of the request at once, each with its JSON pointer. */
  readonly errors: readonly Fault[]
  readonly credentialId: string | undefined
  /** Where the owner connects the credential anew. */
  readonly reconnectUrl: string | undefined
  readonly retryAfterMs: number | undefined
  /** Tell it to the operator: it finds the request in the traces. */
  readonly traceId: string | undefined
  /** Short facts that a program may read: counts, states, ids. */
  readonly facts: Readonly<Record<string, string>>
  /** What the customer is to be asked, and the challenge that goes with the answers: `credence.identity.answer(…)`. */
  readonly identity: IdentityAsked | undefined
  /** What the customer is to consent to: `credence.consents.give(…)`. */
  readonly consent: ConsentAsked | undefined

  constructor(code: ErrorCode, detail: string, details: CredenceErrorDetails = {}) {
    super(`${code}: ${detail}`)
    this.name = 'CredenceError'
    this.code = code
    this.detail = detail
    this.status = details.status ?? 0
    this.errors = details.errors ?? []
    this.credentialId = details.credentialId
    this.reconnectUrl = details.reconnectUrl
    this.retryAfterMs = details.retryAfterMs
    this.traceId = details.traceId
    this.facts = details.facts ?? {}
    this.identity = details.identity
    this.consent = details.consent
  }
}
