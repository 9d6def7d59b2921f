import { CodedError } from '@credence/errors'
import type { FastifyInstance } from 'fastify'
import { openEventStream } from '../http/event-stream.ts'
import { sendProblem } from '../http/listener.ts'
import type { ConnectSite } from './connect-site.ts'
import { followDevice } from './device.ts'
import { type ConnectSession, hasEnded, stateAt } from './session.ts'
import type { StateView } from './views.ts'
import { browserIn, sessionAt } from './visit.ts'

/** Another replica may move the session: it is read again this often. */
const LOOK_AGAIN_MS = 2000
/** A page that is left open asks anew; it must not hold a connection for ever. */
const STREAM_MS = 10 * 60_000

/** `GET /connect/{link}/state` for page scripts: JSON once, or a stream of server-sent events that ends with the session. */
export function serveSessionState(app: FastifyInstance, { flow, door }: ConnectSite): void {
  const errorHandler: Parameters<FastifyInstance['setErrorHandler']>[0] = (error, request, reply) =>
    sendProblem(error, request, { reply, log: flow.log })
  app.get('/connect/:ref/state', { errorHandler }, async (request, reply) => {
    const { ref } = request.params as { readonly ref: string }
    const browser = browserIn(door, request)
    const look = async (): Promise<ConnectSession> => {
      const session = await sessionAt(door, ref, browser)
      if (browser === undefined || session.browser !== browser.hash) throw new CodedError('SESSION_REFUSED')
      return followDevice(flow, session, browser)
    }
    const session = await look()
    const viewOf = (current: ConnectSession): StateView => stateView(current, `/connect/${ref}`, flow.clock.now())
    if (!request.headers.accept?.includes('text/event-stream')) return reply.header('cache-control', 'no-store').send(viewOf(session))
    const stream = openEventStream(reply)
    const end = flow.clock.monotonicMs() + STREAM_MS
    let last = ''
    for (let current = session; !stream.signal.aborted; current = await look()) {
      const view = viewOf(current)
      if (view.state !== last) stream.send({ event: 'state', data: JSON.stringify(view) })
      last = view.state
      if (view.ended || flow.clock.monotonicMs() >= end) break
      await flow.sessions.changed(current.id, LOOK_AGAIN_MS, stream.signal)
    }
    stream.end()
    return reply
  })
}

function stateView(session: ConnectSession, url: string, now: number): StateView {
  const state = stateAt(session, now)
  const shown = state === 'connecting' ? 'checking' : state
  return { state: shown, ended: hasEnded(state), url }
}
