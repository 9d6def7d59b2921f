import type { FastifyReply } from 'fastify'

export interface PageOptions {
  readonly status?: number
  /** Where a form of the page may lead beside ourselves: a form's redirect to the provider counts (CSP 3 §6.5). */
  readonly formTargets?: readonly string[]
  /** The page opens a pop-up: its handle must outlive a foreign page in it. */
  readonly opensPopUp?: boolean
  /** The page talks with the one that opened it, of whatever origin: nothing else may be on it. */
  readonly keepsOpener?: boolean
}

/**
 * Sends a page: nothing inline, nothing foreign, not in a frame, not kept by caches. `Referrer-Policy: no-referrer` stands on
 * every answer of the listener.
 */
export function sendPage(reply: FastifyReply, html: string, options: PageOptions = {}): FastifyReply {
  const forms = ["'self'", ...(options.formTargets ?? [])].join(' ')
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    `form-action ${forms}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return reply
    .status(options.status ?? 200)
    .header('content-security-policy', policy.join('; '))
    .header('cross-origin-opener-policy', openerPolicy(options))
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(html)
}

function openerPolicy({ opensPopUp, keepsOpener }: PageOptions): string {
  if (keepsOpener === true) return 'unsafe-none'
  return opensPopUp === true ? 'same-origin-allow-popups' : 'same-origin'
}

/** RFC 9700 §4.12: 303, so that no browser repeats a POST with its body at the new address. */
export function seeOther(reply: FastifyReply, location: string): FastifyReply {
  return reply.header('cache-control', 'no-store').redirect(location, 303)
}
