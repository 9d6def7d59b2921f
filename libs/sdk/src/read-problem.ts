import type { ConsentAsked, ErrorCode, Fault, IdentityAsked } from '@credence/errors'
import { CredenceError } from './credence-error.ts'

/** A problem document is short; whatever is longer is a page of something that stands between. */
const MAX_PROBLEM_BYTES = 1024 * 1024

/** What an answer without a problem document means: it came from something between the caller and the platform. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'SCOPE_REQUIRED',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'REQUEST_TOO_LARGE',
  429: 'THROTTLED',
  504: 'DEADLINE_EXCEEDED',
}

/** The error of an answer that is no success. Reads the body. */
export async function readProblem(response: Response): Promise<CredenceError> {
  const { status } = response
  const problem = await readObject(response)
  const { code, detail, title } = problem
  const retryAfterMs = numberOf(problem.retry_after_ms) ?? retryAfterHeader(response)
  if (typeof code !== 'string' || !/^[A-Z_]+$/.test(code)) {
    const guess = CODE_OF_STATUS[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'INVALID_REQUEST')
    return new CredenceError(guess, `The answer (HTTP ${status}) was not one of Credence: check the address.`, { status, retryAfterMs })
  }
  return new CredenceError(code as ErrorCode, textOf(detail) ?? textOf(title) ?? code, {
    status,
    errors: faultsOf(problem.errors),
    credentialId: textOf(problem.credential_id),
    reconnectUrl: textOf(problem.reconnect_url),
    retryAfterMs,
    traceId: textOf(problem.trace_id),
    facts: textsOf(problem.facts),
    identity: identityIn(problem),
    consent: consentIn(problem),
  })
}

/** Where a customer is to be asked, `facts` are the questions. */
function identityIn({ facts, attemptsLeft, challenge, level, ...problem }: Record<string, unknown>): IdentityAsked | undefined {
  if (!Array.isArray(facts) || typeof challenge !== 'string') return undefined
  return {
    facts: facts.filter(isObject).map(({ name, question }) => ({ name: textOf(name) ?? '', question: textOf(question) ?? '' })),
    attemptsLeft: numberOf(attemptsLeft) ?? 0,
    challenge,
    expiresAt: textOf(problem.challenge_expires_at) ?? '',
    pageUrl: textOf(problem.page_url) ?? '',
    capabilityId: textOf(problem.capability_id) ?? '',
    level: textOf(level) ?? '',
  }
}

function consentIn({ consent, capability_id: capabilityId }: Record<string, unknown>): ConsentAsked | undefined {
  if (!isObject(consent)) return undefined
  const scopes = Array.isArray(consent.scopes) ? consent.scopes.filter((scope) => typeof scope === 'string') : []
  return { capabilityId: textOf(capabilityId) ?? '', purpose: textOf(consent.purpose) ?? '', scopes }
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  const length = Number(response.headers.get('content-length') ?? 0)
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  if (!isJson || length > MAX_PROBLEM_BYTES) {
    await response.body?.cancel()
    return {}
  }
  const value: unknown = await response.json().catch(() => undefined)
  return isObject(value) ? value : {}
}

function faultsOf(value: unknown): Fault[] {
  if (!Array.isArray(value)) return []
  return value.filter(isObject).map(({ pointer, code, detail }) => ({
    pointer: textOf(pointer) ?? '',
    code: textOf(code) ?? '',
    detail: textOf(detail) ?? '',
  }))
}

function textsOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])))
}

/** RFC 9110 §10.2.3; the form with a date is not used by the platform. */
function retryAfterHeader(response: Response): number | undefined {
  const text = response.headers.get('retry-after')
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) * 1000 : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
