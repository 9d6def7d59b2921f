/** Headers that belong to the connection, to the caller's own request, or to the platform: a provider never sets them. */
const RESERVED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'accept-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'cookie',
  'set-cookie',
  'via',
  'forwarded',
  'traceparent',
  'tracestate',
])
const RESERVED_PREFIXES: readonly string[] = ['proxy-', 'credence-', 'x-forwarded-', 'sec-']

/** Why a provider cannot set this header; undefined when it can. The name is a token already. */
export function headerProblem(name: string): string | undefined {
  const lower = name.toLowerCase()
  if (lower === 'cookie') return 'Write `auth_cookie_key` to send a key as a cookie.'
  const reserved = RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix))
  return reserved ? 'Write another header; this one belongs to the connection or to the caller.' : undefined
}
