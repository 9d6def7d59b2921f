import { CodedError } from '@credence/errors'

/** The same error with `facts.sent`: 'yes' when any byte of the request was given to the socket, else 'no'. */
export function withSent(error: CodedError, sent: boolean): CodedError {
  const { details } = error
  return new CodedError(error.code, error.message, { ...details, facts: { ...details.facts, sent: sent ? 'yes' : 'no' } })
}

/** What a dispatcher, a connector or a body source threw, as an error of ours without its text. */
export function failureOf(error: unknown, sent: boolean): CodedError {
  if (error instanceof CodedError) return withSent(error, sent)
  const name = error instanceof Error ? error.name : ''
  if (name === 'RequestContentLengthMismatchError') {
    return withSent(new CodedError('INVALID_REQUEST', 'The body has another length than was announced.'), sent)
  }
  if (name === 'ClientDestroyedError' || name === 'ClientClosedError') return withSent(closed(), sent)
  if (name === 'InvalidArgumentError' || name === 'NotSupportedError') {
    return withSent(new CodedError('INVALID_REQUEST', 'The request cannot be sent as it is.'), sent)
  }
  return withSent(
    new CodedError('UPSTREAM_UNREACHABLE', detailOf(name), { facts: { cause: PROTOCOL.has(name) ? 'protocol' : 'reset' } }),
    sent,
  )
}

/** Answers that are not HTTP/1.1, or whose length is not the one they announce. */
const PROTOCOL: ReadonlySet<string> = new Set([
  'HTTPParserError',
  'HeadersOverflowError',
  'ResponseContentLengthMismatchError',
  'InformationalError',
])

function detailOf(name: string): string {
  return PROTOCOL.has(name)
    ? 'The provider gave an answer that is not valid HTTP.'
    : 'The provider closed the connection before its answer was complete.'
}

export function late(sent: boolean, cause: string): CodedError {
  const detail = sent ? undefined : 'No connection was free in time; nothing was sent.'
  return withSent(new CodedError('UPSTREAM_TIMEOUT', detail, { facts: { cause } }), sent)
}

export function aborted(sent: boolean): CodedError {
  return withSent(new CodedError('DEADLINE_EXCEEDED', 'The call was given up by the caller.', { facts: { cause: 'aborted' } }), sent)
}

export function tooLarge(): CodedError {
  return withSent(new CodedError('UPSTREAM_BOMB', 'The answer is larger than this call may read.', { facts: { cause: 'size' } }), true)
}

export function closed(): CodedError {
  return new CodedError('UNAVAILABLE', 'The service is stopping.', { facts: { cause: 'closed' } })
}

export function crowded(): CodedError {
  return withSent(new CodedError('THROTTLED', 'Too many calls to this host are waiting.', { facts: { cause: 'queue' } }), false)
}
