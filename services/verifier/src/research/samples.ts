import { isPlaceholder } from './placeholders.ts'
import { authorizationOfProgram, httpieHeaders, pairOfProgram, parametersOfProgram } from './program-samples.ts'

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
/** `"X-Api-Key": "…"`, `headers['X-Api-Key'] = …` and `Authorization: "…"`, as programs write them; a variable may be the value. */
const LITERAL_HEADER =
  /(?:["'`]([A-Za-z][A-Za-z0-9-]{1,60})["'`]\]?|\b([Aa]uthorization))\s*(?::|=>|=|,)\s*(?:f?["'`]([^"'`\n]{1,300})["'`]|([A-Za-z_$][\w.$]{0,80})(?=[([!?]|\s{0,20}(?:[,;)}\]]|$)))/gm
/** `'X-Api-Key: …'` as one text, as PHP and shells in lists have it. */
const QUOTED_LINE = /["'`]([A-Za-z][A-Za-z0-9-]{1,60}):\s+([^"'`\n]{1,300})["'`]/g
const BASIC_PAIR = /(?:^|\s)(?:-u|--user)[ =]+(?:"([^"\n]{1,200})"|'([^'\n]{1,200})'|(\S{1,200}))/
const ADDRESS = /https?:\/\/(?:<[\w -]{1,40}>|\{[\w -]{1,40}\}|[^\s"'`\\|)<>])*/g
const NOT_GET =
  /(?:-X|--request)[ =]*["']?(?:POST|PUT|PATCH|DELETE)|(?:^|\s)(?:-d|--data\S*|-F|--form)[ =]|\b(?:requests|axios|http|client)\.(?:post|put|patch|delete)\(|method["']?\s*[:=]\s*["'](?:POST|PUT|PATCH|DELETE)|^(?:POST|PUT|PATCH|DELETE)\s/im
/** `GET /v1/me HTTP/1.1` with its Host line. */
const REQUEST_LINE = /^\s*GET\s+(\/\S*)(?:\s+HTTP\/[\d.]+)?\s*$/m

/** Reads a sample as a reader would: what goes on the wire. Undefined when it sends nothing. */
export function readSample(written: string): Sample | undefined {
  const text = joined(written)
  const headers = headersIn(text)
  const [, double, single, bare] = BASIC_PAIR.exec(text) ?? []
  const pair = double ?? single ?? bare
  const basic = pair === undefined ? pairOfProgram(text) : basicOf(pair)
  const { query, isGet } = parametersOfProgram(text)
  const urls = urlsIn(text, headers).map((url, i) => (i === 0 && query !== '' ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url))
  if (headers.length === 0 && basic === undefined && urls.length === 0) return undefined
  return { headers, urls, isGet: isGet || !NOT_GET.test(text), ...(basic === undefined ? {} : { basic }) }
}

/**
 * Text and the variable that is put behind it as one text: `'Bearer '"$KEY"` of a shell, `"Bearer " + key`, `'X-Key: ' . $key`.
 * The variable becomes a place, `<key>`.
 */
function joined(text: string): string {
  return text
    .replace(
      /(["'`])\s*(?:\+|\.(?=\s*\$))\s*(\$?[A-Za-z_][\w.]{0,60})(?:\([^()\n]{0,80}\)|\[[^[\]\n]{0,80}\])?(?:\s*(?:\+|\.)\s*\1(?=\1|\s*[,;)}\]]|$))?/g,
      '<$2>$1',
    )
    .replace(/ '(\$\{?\w{1,60}\}?)/g, " $1'")
    .replace(/'"(\$\{?\w{1,60}\}?)"'?|"'(\$\{?\w{1,60}\}?)'"?/g, (_, double, single) => `${double ?? single}`)
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
  add('Authorization', authorizationOfProgram(text))
  for (const [, quoted, bare, value, variable] of text.matchAll(LITERAL_HEADER)) {
    const name = quoted ?? bare
    if (/-|^authorization$/i.test(name ?? '')) add(name, value ?? `<${variable}>`)
  }
  for (const [, name, value] of text.matchAll(QUOTED_LINE)) if (/-|^authorization$/i.test(name ?? '')) add(name, value)
  for (const [name, value] of httpieHeaders(text)) add(name, value)
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
  /^(?:accept.*|content-.*|user-agent|host|origin|referer|date|cache-control|connection|if-.*|etag|expires|last-modified|location|server|vary|via|x-request-id|request-id|idempotency-key|x-(?:rate|forwarded|frame-options|content|powered).*|.*-version|set-cookie|www-authenticate|transfer-encoding|allow|link|retry-after|ratelimit.*|strict-transport.*|access-control.*)$/i

/** `Acme-Version: 2025-01-31`: what an API wants to be told with every request, and is the same for everybody. */
export function fixedHeadersOf(sample: Sample): Sample['headers'] {
  return sample.headers.filter(({ name, value }) => /-version$/i.test(name) && /^v?\d[\d.-]{0,20}$/.test(value))
}

export function isKeyName(name: string): boolean {
  return /key|token|auth|secret|signature|passw/i.test(name)
}

/** The header lines of a sample that carry a credential: a telling name, or a value that stands for a key. */
export function keyHeadersOf(sample: Sample): Sample['headers'] {
  const candidates = sample.headers.filter(({ name }) => !ORDINARY.test(name) && !/^(?:authorization|cookie)$/i.test(name))
  const telling = candidates.filter(({ name, value }) => {
    return isKeyName(name) || (/-(?:id|account|tenant|app)/i.test(name) && isPlaceholder(value))
  })
  const hasOther = sample.basic !== undefined || sample.headers.some(({ name }) => /^authorization$/i.test(name))
  if (telling.length > 0 || hasOther) return telling
  // The name says nothing, in whatever language; the value is for the reader to fill in.
  return candidates.filter(({ name, value }) => /^x-/i.test(name) && isPlaceholder(value))
}
