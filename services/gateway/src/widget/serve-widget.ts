import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../gateway.ts'
import { NO_CONTENT_POLICY } from '../http/listener.ts'
import { open, serveElement } from './serve-element.ts'
import { jwkOf, openKeyRing } from './verify-token.ts'
import { serveWidgetApi } from './widget-api.ts'

/** Everything under `/widget` that pages and verifiers may reach: the element, the public keys, and the API of the panel. */
export async function serveWidget(app: FastifyInstance, gateway: Gateway): Promise<void> {
  const ring = openKeyRing(gateway.flow)
  app.get('/widget/jwks.json', async (_request, reply) =>
    open(reply, 'public, max-age=300')
      .type('application/jwk-set+json')
      .serializer(JSON.stringify)
      .send({ keys: (await ring.all()).map(jwkOf) }),
  )
  serveElement(app, gateway.settings.publicUrl)
  await app.register(async (scope) => {
    scope.addHook('onSend', async (_request, reply) => void reply.header('content-security-policy', NO_CONTENT_POLICY))
    serveWidgetApi(scope, gateway)
  })
}
