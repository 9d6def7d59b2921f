import { ROLE_SCOPES } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type CookieKind, csrfOf } from '../connect/browser.ts'
import { isToken, same } from '../connect/digest.ts'
import { projectOf, type Services, userOf } from '../services.ts'
import type { Tokens } from './tokens.ts'
import type { ConsoleFrame } from './views.ts'

export const CONSOLE_LIFE_MS: number = 12 * 3_600_000

/** A person who is signed in to the console in this browser. */
export interface SignedIn {
  readonly principal: Principal
  readonly token: string
  readonly csrf: string
}

export interface ConsoleDoor {
  readonly services: Services
  readonly tokens: Tokens
  readonly cookie: CookieKind
}

/** Who is signed in; undefined when nobody is. */
export async function signedIn(door: ConsoleDoor, request: FastifyRequest): Promise<SignedIn | undefined> {
  const token = door.cookie.read(request.headers.cookie)
  const content = token !== undefined && isToken(token) ? await door.tokens.read('console', token) : undefined
  if (token === undefined || content === undefined) return undefined
  const person = await userOf(door.services, { project: content.project, via: 'console' }, [content.user])
  const principal = content.data.role === 'admin' ? { ...person, roles: ['admin'], scopes: ROLE_SCOPES.admin } : person
  request.caller = principal.user
  return { principal, token, csrf: csrfFor(token) }
}

/** Whoever signs in is a member; who opens a link that the operator made for an administrator is one, in this browser. */
export type ConsoleRole = 'member' | 'admin'

/** Signs the person in: a new session under a new cookie, so that a value planted before is worth nothing. */
export async function signIn(
  door: ConsoleDoor,
  reply: FastifyReply,
  { principal, role }: { readonly principal: Principal; readonly role: ConsoleRole },
): Promise<void> {
  const content = { project: principal.project, user: principal.user, data: { role } }
  const token = await door.tokens.issue('console', content, CONSOLE_LIFE_MS)
  reply.header('set-cookie', door.cookie.set(token, CONSOLE_LIFE_MS / 1000))
}

/** Throws SESSION_REFUSED unless the form was given to this signed-in browser. */
function requireCsrf(person: SignedIn, csrf: string | undefined): void {
  if (csrf === undefined || !same(csrf, person.csrf)) throw new CodedError('SESSION_REFUSED')
}

/** The person who posted a form of ours. Throws SESSION_REFUSED unless it was given to this signed-in browser. */
export async function required(door: ConsoleDoor, request: FastifyRequest, csrf: string | undefined): Promise<SignedIn> {
  const person = await signedIn(door, request)
  if (person === undefined) throw new CodedError('SESSION_REFUSED')
  requireCsrf(person, csrf)
  return person
}

/** What every page shows of who is signed in. */
export async function consoleFrame({ services }: ConsoleDoor, { principal, csrf }: SignedIn): Promise<ConsoleFrame> {
  const project = await projectOf(services, principal.project)
  const name = principal.userNames.find((one) => one.startsWith('email:')) ?? principal.userNames[0] ?? principal.user
  return { person: name.replace(/^(email|id):/, ''), project: project.name, csrf, signOutAction: '/console/sign-out' }
}

function csrfFor(token: string): string {
  return csrfOf({ secret: token, hash: '' }, 'console')
}
