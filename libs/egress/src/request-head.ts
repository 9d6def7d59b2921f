import { CodedError, type Fault } from '@credence/errors'
import type { OutboundRequest } from './outbound.ts'
import { checkPlaceholders, hasPlaceholder } from './placeholder.ts'
import { streamedLength } from './request-body.ts'
import type { Target } from './target.ts'

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** RFC 9110 §5.5, without obs-fold: CR, LF and NUL would start another header or another request. */
const UNSAFE_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const MAX_METHOD_LENGTH = 32
const MAX_HEAD_LENGTH = 262_144

/** CONNECT would make a tunnel; TRACE asks for the request, secret and all, as an answer. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK', 'PRI'])

/** Carries the flight's mark from here to the socket, where it is cut out again. */
export const MARK_HEADER = 'credence-flight'

/** What frames the message, or belongs to one connection (RFC 9110 §7.6.1, RFC 9112 §6): set here, refused from a caller. */
const REFUSED_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'connection',
  'keep-alive',
  'upgrade',
  'expect',
  'http2-settings',
  MARK_HEADER,
])

/**
 * The headers as the dispatcher takes them, after everything that could make one request look like two has been refused:
 * INVALID_REQUEST with every fault, REQUEST_TOO_LARGE, or FIELD_REFUSED for a secret that cannot be put on the wire.
 */
export function requestHead(request: OutboundRequest, target: Target): string[] {
  const { headers, secrets = [] } = request
  const faults = methodFaults(request.method)
  const head: string[] = []
  const values: string[] = []
  let length = target.path.length
  for (const [index, [name, value]] of headers.entries()) {
    const fault = headerFault(name, value)
    if (fault !== undefined) faults.push({ pointer: `/headers/${index}`, ...fault })
    head.push(name, value)
    values.push(value)
    length += name.length + value.length + 4
  }
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', 'The request cannot be sent as it is.', { faults })
  if (length > MAX_HEAD_LENGTH) throw new CodedError('REQUEST_TOO_LARGE', 'The headers are too large.')
  checkPlaceholders(target.path, values, secrets)
  const bodyLength = streamedLength(request.body, request.contentLength)
  if (bodyLength !== undefined) head.push('content-length', String(bodyLength))
  return head
}

function methodFaults(method: string): Fault[] {
  const known = TOKEN.test(method) && method.length <= MAX_METHOD_LENGTH && !hasPlaceholder(method)
  if (known && !REFUSED_METHODS.has(method.toUpperCase())) return []
  return [{ pointer: '/method', code: 'refused', detail: 'Use a method such as GET or POST.' }]
}

function headerFault(name: string, value: string): Omit<Fault, 'pointer'> | undefined {
  if (!TOKEN.test(name) || hasPlaceholder(name)) return { code: 'name', detail: 'A header name has a character that it cannot have.' }
  const lower = name.toLowerCase()
  if (REFUSED_HEADERS.has(lower) || lower.startsWith('proxy-')) {
    return { code: 'refused', detail: 'This header belongs to the connection and is set by the platform.' }
  }
  if (!UNSAFE_VALUE.test(value)) return undefined
  return { code: 'value', detail: 'A header value has a control character, or one beyond ISO 8859-1.' }
}
