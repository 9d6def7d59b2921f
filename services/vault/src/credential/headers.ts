/** Headers that belong to one connection (RFC 9110 §7.6.1), and what only proxies say to each other. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
])
/** The caller's own: his key, his user, his trace, his network. None of it is the provider's business. */
const OWN = new Set([
  'authorization',
  'host',
  'content-length',
  'forwarded',
  'via',
  'traceparent',
  'tracestate',
  'baggage',
  'accept-encoding',
])
const OWN_PREFIXES = ['credence-', 'x-forwarded-', 'proxy-', 'sec-', 'x-credence-']
const READABLE_ENCODINGS = ['gzip', 'br', 'deflate']

type Header = readonly [string, string]

/** What goes on to the provider. `accept-encoding` is cut to what the scrubber can read; none asked: identity. */
export function requestHeaders(headers: readonly Header[]): Header[] {
  const named = connectionNames(headers)
  const kept = headers.filter(([name]) => {
    const lower = name.toLowerCase()
    return !HOP_BY_HOP.has(lower) && !OWN.has(lower) && !named.has(lower) && !OWN_PREFIXES.some((prefix) => lower.startsWith(prefix))
  })
  const asked = headers.filter(([name]) => name.toLowerCase() === 'accept-encoding').flatMap(([, value]) => value.toLowerCase().split(','))
  const encodings = READABLE_ENCODINGS.filter((encoding) => asked.some((item) => item.trim().split(';')[0] === encoding))
  return [...kept, ['accept-encoding', encodings.length === 0 ? 'identity' : encodings.join(', ')]]
}

/** What comes back to the caller; headers of ours that a provider sent are dropped, so that he cannot speak for us. */
export function responseHeaders(headers: readonly Header[]): Header[] {
  const named = connectionNames(headers)
  return headers.filter(([name]) => {
    const lower = name.toLowerCase()
    return !HOP_BY_HOP.has(lower) && !named.has(lower) && !lower.startsWith('credence-')
  })
}

/** RFC 9110 §7.6.1: what `Connection` names belongs to the connection too. */
function connectionNames(headers: readonly Header[]): Set<string> {
  const lists = headers.filter(([name]) => name.toLowerCase() === 'connection').flatMap(([, value]) => value.split(','))
  return new Set(lists.map((name) => name.trim().toLowerCase()))
}

/** The same for an answer that is looked into before it is passed on. */
export function unpackedHeaders(headers: readonly Header[]): Header[] {
  return requestHeaders(headers.filter(([name]) => name.toLowerCase() !== 'accept-encoding'))
}
