import { CodedError } from '@credence/errors'
import type { FastifyInstance } from 'fastify'
import type { Tokens } from '../console/tokens.ts'
import { seeOther } from '../http/page.ts'
import { finish } from './finish.ts'
import { bind, type Flow } from './flow.ts'
import { stateAt } from './session.ts'
import { browserIn, type Door, sessionAt, visitorOf } from './visit.ts'

export interface LoginSite {
  readonly flow: Flow
  readonly door: Door
  readonly tokens: Tokens
  readonly adminUrl: string
}

/**
 * `confirm: login`. The console knows who is signed in, at its own address; it sends the person back here with a ticket
 * that is good once, for this session and this browser. It is asked for at the start and again at the end.
 */
export function serveLogin(app: FastifyInstance, { flow, door, tokens, adminUrl }: LoginSite): void {
  app.get('/connect/:ref/sign-in', async (request, reply) => {
    const { csrf } = request.query as Record<string, unknown>
    const visitor = await visitorOf(door, request, typeof csrf === 'string' ? csrf : undefined)
    if (visitor.session.confirm !== 'login') throw new CodedError('NOT_FOUND')
    const session = await bind(flow, visitor.session, visitor.browser)
    const query = new URLSearchParams({ session: session.id, browser: visitor.browser.hash })
    return seeOther(reply, `${adminUrl}/sign-in/connect?${query}`)
  })
  app.get('/connect/signed-in', async (request, reply) => {
    const { ticket } = request.query as Record<string, unknown>
    const content = typeof ticket === 'string' ? await tokens.take('ticket', ticket) : undefined
    const browser = browserIn(door, request)
    if (content === undefined || browser === undefined || content.data.browser !== browser.hash) throw new CodedError('SESSION_REFUSED')
    const session = await sessionAt(door, content.data.session ?? '', browser)
    const state = stateAt(session, flow.clock.now())
    if (content.project !== session.project || content.user !== session.user) {
      await flow.ending.fail(
        session,
        new CodedError('SESSION_REFUSED', 'You are signed in as somebody else than this connection was made for.'),
      )
    } else if (state === 'open' && session.signedIn !== true) {
      await flow.sessions.change(session, { signedIn: true })
    } else if (state === 'unconfirmed' && session.signedIn === true) {
      await finish(flow, session)
    }
    return seeOther(reply, `/connect/${session.id}`)
  })
}
