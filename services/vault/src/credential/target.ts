import { CodedError } from '@credence/errors'
import type { Hosts } from '@credence/provider'

/** Segments that a server could read as "one up", in every spelling that URL parsers fold. */
const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i
const CONTROL = /[\u0000-\u0020\u007f\\]/

/**
 * The address of a proxied call: the path and query that the caller asks for, below the provider's `proxy_url`. The result
 * is built from parsed parts and compared with the origin and prefix it must have, so no spelling of a path leaves it.
 */
export function targetOf(hosts: Hosts, path: string): URL {
  const base = hosts.use[0]
  if (base === undefined) throw new CodedError('HOST_REFUSED')
  if (!path.startsWith('/') || CONTROL.test(path) || path.includes('#')) {
    throw new CodedError('INVALID_REQUEST', 'The path must begin with `/` and hold no spaces, control characters, backslashes or fragment.')
  }
  const mark = path.indexOf('?')
  const pathname = mark < 0 ? path : path.slice(0, mark)
  if (pathname.split('/').some((segment) => DOT_SEGMENT.test(segment))) {
    throw new CodedError('HOST_REFUSED', "The path climbs out of the provider's `proxy_url`.")
  }
  const prefix = new URL(base)
  const url = new URL(base + path)
  const below =
    prefix.pathname === '/' || url.pathname === prefix.pathname || url.pathname.startsWith(`${prefix.pathname.replace(/\/$/, '')}/`)
  if (url.origin !== prefix.origin || !below || url.username !== '' || url.password !== '') throw new CodedError('HOST_REFUSED')
  refuseTokenEndpoints(hosts, url)
  return url
}

/** An agent that could call these would get fresh tokens in the answer. */
function refuseTokenEndpoints(hosts: Hosts, url: URL): void {
  const asked = folded(url)
  if ([...hosts.token, ...hosts.revoke].some((endpoint) => asked === folded(new URL(endpoint)))) throw new CodedError('PATH_REFUSED')
}

function folded(url: URL): string {
  return `${url.origin}${foldedPath(url)}`
}

/** One spelling for what servers take as the same path: decoded, without path parameters (`;v=1`), doubled and trailing slashes, in lower case. */
export function foldedPath(url: URL): string {
  const path = decodeURIComponentSafely(url.pathname)
    .replace(/;[^/]*/g, '')
    .replace(/\/+/g, '/')
  return path.replace(/\/$/, '').toLowerCase()
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
