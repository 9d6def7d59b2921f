import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { isToken } from '../connect/digest.ts'
import { seeOther, sendPage } from '../http/page.ts'
import { projectOf, userOf } from '../services.ts'
import { renderSignIn } from './pages/index.ts'
import { type ConsoleDoor, signedIn, signIn } from './signed-in.ts'

const TICKET_LIFE_MS = 60_000
const HOME = '/console'

export interface SignInSite {
  readonly door: ConsoleDoor
  readonly publicUrl: string
}

/** Signing in: the page, the one-time link, and the way over to a connect session. */
export function serveSignIn(app: FastifyInstance, { door, publicUrl }: SignInSite): void {
  app.get('/sign-in', async (request, reply) => {
    const { next, project } = request.query as Record<string, string | undefined>
    return showSignIn(door, reply, { next: localPath(next), ...(project === undefined ? {} : { project }) })
  })
  app.get('/sign-in/link/:token', async (request, reply) => {
    const { token } = request.params as { readonly token: string }
    const { next } = request.query as Record<string, string | undefined>
    const content = isToken(token) ? await door.tokens.take('link', token) : undefined
    if (content === undefined) {
      return sendPage(reply, renderSignIn({ problem: 'This link was used before, or is too old. Ask for a new one.' }), { status: 403 })
    }
    const principal = await userOf(door.services, { project: content.project, via: 'console' }, [content.user])
    await signIn(door, reply, { principal, role: content.data.role === 'admin' ? 'admin' : 'member' })
    return seeOther(reply, localPath(next))
  })
  app.get('/sign-in/connect', async (request, reply) => {
    const { session = '', browser = '' } = request.query as Record<string, string | undefined>
    if (!isId('sess', session) || !/^[0-9a-f]{64}$/.test(browser)) throw new CodedError('NOT_FOUND')
    const person = await signedIn(door, request)
    if (person === undefined) return showSignIn(door, reply, { next: `/sign-in/connect?session=${session}&browser=${browser}` })
    const { project, user } = person.principal
    const ticket = await door.tokens.issue('ticket', { project, user, data: { session, browser } }, TICKET_LIFE_MS)
    return seeOther(reply, `${publicUrl}/connect/signed-in?ticket=${ticket}`)
  })
}

/** The page for somebody who must sign in to go on to `next`. */
export async function showSignIn(
  door: ConsoleDoor,
  reply: FastifyReply,
  // Without a name it is the project of the first start: the registry knows which that is.
  { next, project = '' }: { readonly next: string; readonly project?: string },
): Promise<FastifyReply> {
  const { id, consoleIssuer } = await projectOf(door.services, project)
  const issuer = consoleIssuer?.issuer
  if (issuer === undefined || issuer === '') return sendPage(reply, renderSignIn({}), { status: 401 })
  const href = `/sign-in/oidc?${new URLSearchParams({ project: id, next })}`
  return sendPage(reply, renderSignIn({ oidc: { href, issuerHost: new URL(issuer).host } }), { status: 401 })
}

/** A path of the console to go on to; anything else, above all another host, is the console's first page. */
export function localPath(next: string | undefined): string {
  return next !== undefined && /^\/(console|sign-in\/connect)([/?][\w/?=&.-]*)?$/.test(next) && !next.includes('//') ? next : HOME
}
