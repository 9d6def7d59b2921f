import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Random } from '@credence/service'
import type { Stored } from '@credence/store'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Browser, browserOf, type CookieKind, csrfOf } from './browser.ts'
import { isToken, newToken, same, sha256 } from './digest.ts'
import type { ConnectSession } from './session.ts'
import { noSuchSession, type SessionStore } from './session-store.ts'

/** How requests are told apart by browser and session. */
export interface Door {
  readonly sessions: SessionStore
  readonly cookie: CookieKind
  readonly random: Random
}

export interface Visitor {
  readonly session: Stored<ConnectSession>
  readonly browser: Browser
  readonly base: string
}

/** The browser by its cookie; undefined for one that has none, or something that is none. */
export function browserIn(door: Pick<Door, 'cookie'>, request: FastifyRequest): Browser | undefined {
  const value = door.cookie.read(request.headers.cookie)
  return value !== undefined && isToken(value) ? browserOf(value) : undefined
}

/** The browser, with a new cookie where it has none. */
export function greet(door: Pick<Door, 'cookie' | 'random'>, request: FastifyRequest, reply: FastifyReply): Browser {
  const known = browserIn(door, request)
  if (known !== undefined) return known
  const value = newToken(door.random)
  reply.header('set-cookie', door.cookie.set(value))
  return browserOf(value)
}

/**
 * The session that an address names: by its link, or by its id for the browser that it is bound to. Throws NOT_FOUND for an
 * address without a session and SESSION_REFUSED when it belongs to another browser.
 */
export async function sessionAt(door: Pick<Door, 'sessions'>, ref: string, browser: Browser | undefined): Promise<Stored<ConnectSession>> {
  const session = isToken(ref) ? await door.sessions.byLink(sha256(ref)) : isId('sess', ref) ? await door.sessions.get(ref) : undefined
  const bound = session?.browser !== undefined && session.browser === browser?.hash
  if (session === undefined || (!bound && !isToken(ref))) throw noSuchSession()
  if (session.browser !== undefined && !bound) throw new CodedError('SESSION_REFUSED')
  return session
}

/** The visitor of a form on a session's page. Throws SESSION_REFUSED for a form that is not this browser's. */
export async function visitorOf(door: Door, request: FastifyRequest, csrf: string | undefined): Promise<Visitor> {
  const { ref } = request.params as { readonly ref: string }
  const browser = browserIn(door, request)
  const session = await sessionAt(door, ref, browser)
  return { session, browser: requireOwnForm(request, { browser, csrf, subject: session.id }), base: `/connect/${ref}` }
}

/**
 * V1 The form was given to this browser: the hidden input is made from its cookie. V2 A form that a browser says to come
 * from another site is refused even so; a link may stand at the end of a way that began at the provider.
 */
export function requireOwnForm(
  request: FastifyRequest,
  form: { readonly browser: Browser | undefined; readonly csrf: string | undefined; readonly subject: string },
): Browser {
  const site = request.headers['sec-fetch-site']
  const { browser, csrf } = form
  const foreign = request.method === 'POST' && site !== undefined && site !== 'same-origin' && site !== 'none'
  if (browser === undefined || foreign || csrf === undefined || !same(csrf, csrfOf(browser, form.subject))) {
    throw new CodedError('SESSION_REFUSED')
  }
  return browser
}
