import { CodedError } from '@credence/errors'
import { hasPlaceholder } from './placeholder.ts'

/** A URL that was compared with its allow-list, in the parts that go on the wire. */
export interface Target {
  readonly origin: string
  readonly secure: boolean
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** Path and query. */
  readonly path: string
}

/** Longer than any server takes; the head as a whole is limited elsewhere. */
const MAX_URL_LENGTH = 65_536

/**
 * Takes the URL apart once and builds the request from the parts, so that no two parsers can disagree about the host
 * (GHSA-8qr4-xgw6-wmr3). Throws HOST_REFUSED unless the origin is that of an entry and the path lies under its path, also
 * after the upstream has decoded it.
 */
export function targetOf(url: string, hosts: readonly string[]): Target {
  if (url.length > MAX_URL_LENGTH) throw new CodedError('REQUEST_TOO_LARGE', 'The URL is too long.')
  // WHATWG drops tabs and newlines, and reads `\` as `/`: what it would repair is refused.
  const parsed = /[^\x21-\x7e]|[\\#]/.test(url) || !/^https?:\/\/[^/]/i.test(url) ? null : URL.parse(url)
  if (parsed === null) throw refused('The URL is not a plain absolute URL.')
  if (parsed.username !== '' || parsed.password !== '' || parsed.port === '0') throw refused('The URL has a user name, or port 0.')
  if (hasPlaceholder(parsed.host)) throw refused('A placeholder cannot name a host.')
  if (!hosts.some((entry) => covers(entry, parsed))) throw refused()
  const secure = parsed.protocol === 'https:'
  return {
    origin: parsed.origin,
    secure,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port) || (secure ? 443 : 80),
    path: parsed.pathname + parsed.search,
  }
}

interface Allowed {
  readonly origin: string
  /** Without the slash at its end. */
  readonly path: string
}

/** Lists come from recipes, of which there are few; parsing a URL is the dearest step of the check. */
const parsedEntries = new Map<string, Allowed>()
const MAX_PARSED_ENTRIES = 1_000

function allowedBy(entry: string): Allowed {
  const known = parsedEntries.get(entry)
  if (known !== undefined) return known
  if (!URL.canParse(entry)) throw new TypeError('an entry of the host list is not a URL')
  const { origin, pathname } = new URL(entry)
  const allowed = { origin, path: pathname.replace(/\/$/, '') }
  if (parsedEntries.size >= MAX_PARSED_ENTRIES) parsedEntries.clear()
  parsedEntries.set(entry, allowed)
  return allowed
}

function covers(entry: string, url: URL): boolean {
  const { origin, path } = allowedBy(entry)
  if (origin !== url.origin) return false
  if (path === '') return true
  return (url.pathname === path || url.pathname.startsWith(`${path}/`)) && !leavesPrefix(url.pathname)
}

/**
 * True when some server would read a dot segment here: `..%2f`, doubly encoded, or with a path parameter (`..;`).
 * Plain ones were resolved by the URL parser already.
 */
function leavesPrefix(path: string): boolean {
  if (!/[%.]/.test(path)) return false
  for (let text = path, previous = ''; text !== previous; ) {
    if (text.split(/[/\\]/).some((segment) => /^\.\.?(;.*)?$/.test(segment))) return true
    previous = text
    text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return false
}

function refused(detail?: string): CodedError {
  return new CodedError('HOST_REFUSED', detail)
}
