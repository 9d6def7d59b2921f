import { CodedError, isCoded } from '@credence/errors'
import { callAs } from '@credence/rpc'
import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../gateway.ts'
import { openEventStream } from '../http/event-stream.ts'
import { present } from '../services.ts'
import { followServices } from './follow-services.ts'
import { listServices, openOffers, type ServiceList } from './list-services.ts'
import { openKeyRing } from './verify-token.ts'
import { personOf, requireWidget, type WidgetCaller, widgetOf } from './widget-caller.ts'
import { serveWidgetSessions } from './widget-sessions.ts'

/** `/widget/api`: what the panel of a person shows and does, for the bearer of a widget token at a page of its origins. */
export function serveWidgetApi(app: FastifyInstance, gateway: Gateway): void {
  const { flow, settings, log } = gateway
  const { services, clock } = flow
  const offers = openOffers()
  requireWidget(app, { services, clock, publicUrl: settings.publicUrl, ring: openKeyRing({ services, clock }) })
  const look = async ({ principal, claims }: WidgetCaller): Promise<object> =>
    answerOf(await listServices({ services, offers }, principal), claims)

  app.get('/widget/api/services', async (request) => look(widgetOf(request)))
  app.get('/widget/api/services/stream', async (request, reply) => {
    const caller = widgetOf(request)
    const stream = openEventStream(reply)
    try {
      for await (const list of followServices(gateway, caller, { look, signal: stream.signal })) {
        stream.send({ event: 'services', data: list })
        await stream.drained()
      }
    } catch (error) {
      log.failure('widget.stream_failed', error)
    }
    stream.end()
    return reply
  })
  app.delete('/widget/api/credentials/:id', async (request, reply) => {
    const { id: credentialId } = request.params as { readonly id: string }
    const { force } = request.query as Record<string, unknown>
    const { principal } = personOf(request)
    const as = callAs(principal)
    const credential = present((await services.registry.get({ credentialId }, as)).credential, 'credential')
    if (credential.owner?.user !== principal.user || credential.level === 'project') throw new CodedError('NOT_FOUND')
    await services.registry.delete({ credentialId, force: force === 'true' }, as).catch((error: unknown) => {
      // The ids of what uses it are the administrators' affair.
      throw isCoded(error, 'CREDENTIAL_IN_USE') ? new CodedError('CREDENTIAL_IN_USE', undefined, { credentialId }) : error
    })
    return reply.status(204).send()
  })
  serveWidgetSessions(app, gateway, offers)
}

function answerOf(list: ServiceList, { user, exp }: WidgetCaller['claims']): object {
  return { ...list, guest: user === undefined, expires_at: new Date(exp * 1000).toISOString() }
}
