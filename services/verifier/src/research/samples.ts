import { isPlaceholder } from './placeholders.ts'

/** What one code sample sends. */
export interface Sample {
  readonly headers: readonly { readonly name: string; readonly value: string }[]
  /** `curl -u left:right`; `right` is undefined without a colon. */
  readonly basic?: { readonly left: string; readonly right: string | undefined }
  readonly urls: readonly string[]
  readonly isGet: boolean
}

const CURL_HEADER =
  /(?:-H|--header)[ =]+(?:"([A-Za-z][\w-]{0,60}):\s*([^"\n]{0,300})"|'([A-Za-z][\w-]{0,60}):\s*([^'\n]{0,300})'|([A-Za-z][\w-]{0,60}):\s*(\S{1,300}))/g
const RAW_HEADER = /^[ \t>]*([A-Za-z][A-Za-z0-9-]{1,60}):[ \t]+(\S[^\n]{0,300})$/gm
/** `"X-Api-Key": "…"` and `headers['X-Api-Key'] = …`, as programs write them. */
const LITERAL_HEADER = /["'`]([A-Za-z][A-Za-z0-9-]{1,60})["'`]\]?\s*(?::|=>|=|,)\s*f?["'`]([^"'`\n]{1,300})["'`]/g
const BASIC_PAIR = /(?:^|\s)(?:-u|--user)[ =]+(?:"([^"\n]{1,200})"|'([^'\n]{1,200})'|(\S{1,200}))/
const ADDRESS = /https?:\/\/(?:<[\w -]{1,40}>|\{[\w -]{1,40}\}|[^\s"'`\\|)<>])*/g
const NOT_GET =
  /(?:-X|--request)[ =]*["']?(?:POST|PUT|PATCH|DELETE)|(?:^|\s)(?:-d|--data\S*|-F|--form)[ =]|\b(?:requests|axios|http|client)\.(?:post|put|patch|delete)\(|method["']?\s*[:=]\s*["'](?:POST|PUT|PATCH|DELETE)|^(?:POST|PUT|PATCH|DELETE)\s/im
/** `GET /v1/me HTTP/1.1` with its Host line. */
const REQUEST_LINE = /^\s*GET\s+(\/\S*)(?:\s+HTTP\/[\d.]+)?\s*$/m

/** Reads a sample as a reader would: what goes on the wire. Undefined when it sends nothing. */
export function readSample(text: string): Sample | undefined {
  const headers = headersIn(text)
  const [, double, single, bare] = BASIC_PAIR.exec(text) ?? []
  const pair = double ?? single ?? bare
  const urls = urlsIn(text, headers)
  if (headers.length === 0 && pair === undefined && urls.length === 0) return undefined
  return { headers, urls, isGet: !NOT_GET.test(text), ...(pair === undefined ? {} : { basic: basicOf(pair) }) }
}

function basicOf(pair: string): Sample['basic'] & object {
  const colon = pair.indexOf(':')
  return colon < 0 ? { left: pair, right: undefined } : { left: pair.slice(0, colon), right: pair.slice(colon + 1) }
}

function headersIn(text: string): Sample['headers'] {
  const found = new Map<string, { name: string; value: string }>()
  const add = (name: string | undefined, value: string | undefined): void => {
    if (name !== undefined && value !== undefined && !found.has(name.toLowerCase()))
      found.set(name.toLowerCase(), { name, value: value.trim() })
  }
  for (const [, n1, v1, n2, v2, n3, v3] of text.matchAll(CURL_HEADER)) add(n1 ?? n2 ?? n3, v1 ?? v2 ?? v3)
  for (const [, name, value] of text.matchAll(LITERAL_HEADER)) if (/-|^authorization$/i.test(name ?? '')) add(name, value)
  for (const [, name, value] of text.matchAll(RAW_HEADER)) if (/-|^(?:authorization|host|cookie)$/i.test(name ?? '')) add(name, value)
  return [...found.values()]
}

function urlsIn(text: string, headers: Sample['headers']): readonly string[] {
  const urls = (text.match(ADDRESS) ?? []).map((url) => url.replace(/[.,;:]+$/, ''))
  const path = REQUEST_LINE.exec(text)?.[1]
  const host = headers.find(({ name }) => name.toLowerCase() === 'host')?.value
  return path !== undefined && host !== undefined && /^[\w.-]+$/.test(host) ? [...urls, `https://${host}${path}`] : urls
}

/** Headers that say what a message is, and never who sends it. */
const ORDINARY =
  /^(?:accept.*|content-.*|user-agent|host|origin|referer|date|cache-control|connection|if-.*|etag|expires|last-modified|location|server|vary|via|x-request-id|request-id|idempotency-key|x-(?:rate|forwarded|frame|content|powered).*|.*-version|set-cookie|www-authenticate|transfer-encoding|allow|link|retry-after|ratelimit.*|strict-transport.*|access-control.*)$/i

/** The header lines of a sample that carry a credential: a telling name, or a value that stands for a key. */
export function keyHeadersOf(sample: Sample): Sample['headers'] {
  return sample.headers.filter(({ name, value }) => {
    if (ORDINARY.test(name) || /^(?:authorization|cookie)$/i.test(name)) return false
    return /key|token|auth|secret|signature|passw/i.test(name) || (/-(?:id|account|tenant|app)/i.test(name) && isPlaceholder(value))
  })
}
