import { sha256, tagOf } from './digest.ts'

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])$/
const YEAR_S = 365 * 24 * 3600

/** A cookie of ours: name and attributes follow from the address that people use. */
export interface CookieKind {
  readonly name: string
  /** The value of a Set-Cookie header; an empty value removes the cookie. */
  set(value: string, maxAgeS?: number): string
  /** The value that a Cookie header holds; undefined when it is absent or given twice (RFC 6265 §5.4 leaves the order open). */
  read(header: string | undefined): string | undefined
}

/**
 * `__Host-` where the address is https; without it, and without Secure, on http://localhost, where browsers keep no
 * `__Host-` cookie. SameSite=Lax, because the way back from a provider is a navigation from a foreign site.
 */
export function cookieKind(url: string, base: string): CookieKind {
  const { protocol, hostname } = new URL(url)
  const plain = protocol === 'http:' && LOCAL.test(hostname)
  const name = plain ? base : `__Host-${base}`
  const attributes = `Path=/; HttpOnly; SameSite=Lax${plain ? '' : '; Secure'}`
  return {
    name,
    set: (value, maxAgeS = YEAR_S) => `${name}=${value}; ${attributes}; Max-Age=${value === '' ? 0 : maxAgeS}`,
    read(header) {
      const values = (header ?? '').split(';').flatMap((pair) => {
        const at = pair.indexOf('=')
        return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : []
      })
      return values.length === 1 && values[0] !== '' ? values[0] : undefined
    },
  }
}

/** True for an address that cookies and pages may be served on: https, or this machine. */
export function isSafeAddress(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && LOCAL.test(hostname))
}

/** The browser at the other end, known by its cookie. */
export interface Browser {
  /** Never stored: the codes of the end page are made from it, so that only this browser can show them. */
  readonly secret: string
  /** What sessions keep. */
  readonly hash: string
}

export function browserOf(cookie: string): Browser {
  return { secret: cookie, hash: sha256(cookie) }
}

/** The hidden input of a session's forms: only a page that was given to this browser has it. */
export function csrfOf(browser: Browser, sessionId: string): string {
  return tagOf(browser.secret, `csrf ${sessionId}`).toString('base64url')
}
