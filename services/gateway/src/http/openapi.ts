import { readFileSync } from 'node:fs'
import { PROVIDER_SCHEMA } from '@credence/provider'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

const DESCRIPTION = `Credence keeps credentials. Callers hold ids; secrets go in and never come out.

Every request carries \`Authorization: Bearer crd_…\`. A key with the scope \`act_for\` names the user it acts for in
\`Credence-User\`. Errors are \`application/problem+json\` (RFC 9457) with a \`code\` of a closed list.`

const HEADERS = {
  'credence-user': { type: 'string', description: '`usr_…`, `id:<your id>` or `email:<address>`; for keys with the scope `act_for`' },
  'idempotency-key': { type: 'string', maxLength: 255, description: 'The same key with the same body answers the same; kept 24 h' },
} as const

/** Of ours, in the place where the page browser shows the one of its makers. */
const MARK = new URL('../connect/pages/assets/mark.svg', import.meta.url)

type Transform = typeof jsonSchemaTransform
type Document = ReturnType<typeof jsonSchemaTransformObject>

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
    transform: withHeaders,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  })
}

/** `/openapi.json`, the page that browses it, and the JSON Schema of provider payloads. Everything is served from here. */
export async function serveApiDocuments(app: FastifyInstance): Promise<void> {
  const own = ["'self'"]
  const mark = { type: 'image/svg+xml', content: readFileSync(MARK) }
  await app.register(swaggerUi, {
    routePrefix: '/docs/api',
    uiConfig: { deepLinking: true },
    theme: {
      title: 'Credence API',
      favicon: [{ filename: 'mark.svg', rel: 'icon', type: mark.type, sizes: 'any', content: mark.content }],
    },
    logo: mark,
    // A listener has more names than one, and the page may only ask the one under which it was opened.
    transformSpecification: (document) => ({ ...document, servers: [{ url: '/' }] }),
    staticCSP: {
      'default-src': ["'none'"],
      'script-src': own,
      // The page sets the sizes of its icons by style attributes.
      'style-src': [...own, "'unsafe-inline'"],
      'img-src': [...own, 'data:'],
      'font-src': own,
      'connect-src': own,
      'base-uri': ["'none'"],
      'form-action': own,
      'frame-ancestors': ["'none'"],
    },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json').serializer(JSON.stringify).send(app.swagger()),
  )
  app.get('/provider.schema.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/schema+json').serializer(JSON.stringify).send(PROVIDER_SCHEMA),
  )
}

/** The headers that every route reads. They are checked where they are used, so no route declares them. */
const withHeaders: Transform = (document) => {
  const { schema, url } = jsonSchemaTransform(document)
  const { 'idempotency-key': key, ...user } = HEADERS
  const properties = document.route.method === 'POST' ? { ...user, 'idempotency-key': key } : user
  return { schema: { ...schema, headers: { type: 'object', properties } }, url }
}

/**
 * Schemas that only answers use come twice, as input and as output; the first of each is referred to by nothing, or by others
 * that are referred to by nothing.
 */
function withoutUnused(document: Document): Document {
  const schemas = 'components' in document ? (document.components?.schemas ?? {}) : {}
  const text = JSON.stringify(document)
  const unused = Object.keys(schemas).filter((name) => name.endsWith('Input') && !text.includes(`"#/components/schemas/${name}"`))
  for (const name of unused) delete schemas[name]
  return unused.length === 0 ? document : withoutUnused(document)
}
