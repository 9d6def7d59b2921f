import { PROVIDER_SCHEMA } from '@credence/provider'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

const DESCRIPTION = `Credence keeps credentials. Callers hold ids; secrets go in and never come out.

Every request carries \`Authorization: Bearer crd_…\`. A key with the scope \`act_for\` names the user it acts for in
\`Credence-User: usr_… | id:<your id> | email:<address>\`. Creating requests take an \`Idempotency-Key\`. Errors are
\`application/problem+json\` (RFC 9457) with a \`code\` of a closed list.`

/** Must be registered before the routes that it describes. */
export async function describeApi(app: FastifyInstance, adminUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Credence', version: '1', description: DESCRIPTION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: adminUrl }],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, `crd_…`' } } },
      security: [{ key: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
}

/** `/openapi.json`, the page that browses it, and the JSON Schema of provider payloads. Everything is served from here. */
export async function serveApiDocuments(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { deepLinking: true },
    theme: { title: 'Credence API' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json').serializer(JSON.stringify).send(app.swagger()),
  )
  app.get('/provider.schema.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/schema+json').serializer(JSON.stringify).send(PROVIDER_SCHEMA),
  )
}
