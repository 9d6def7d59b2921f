import { CodedError } from '@credence/errors'
import type { OauthClient, Provider, UpdateProviderResponse } from '@credence/proto/provider'
import { callAs } from '@credence/rpc'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Gateway } from '../../gateway.ts'
import { intakeJson } from '../../intake/intake.ts'
import { REVIEW, reviewJson } from '../../provider/review-json.ts'
import { present } from '../../services.ts'
import { callerOf, requestIdOf } from '../caller.ts'
import { bodyBytes, keepBytes } from './body-bytes.ts'
import { answers, as, describedBody, NOTHING, namedAs, PAGE_QUERY, pageOf, pageRequest, parsed, type RestScope } from './route.ts'
import { times } from './schemas.ts'

const payload = z
  .record(z.string(), z.unknown())
  .describe('The provider payload, exactly as it was sent. Its JSON Schema is at /provider.schema.json.')
const provider = z
  .object({
    id: z.string(),
    version: z.number(),
    created_at: z.string().optional(),
    display_name: z.string(),
    origin: z.string().describe('`own`, or the slug of the catalogue entry'),
    payload,
  })
  .meta({ id: 'Provider' })
const counts = {
  moved: z.number().optional().describe('Live credentials that go to the new version'),
  kept: z.number().optional().describe('Live credentials that stay on theirs until they are reconnected'),
  expired: z.number().optional().describe('Minted credentials whose headers are others now'),
  moving: z.boolean().optional().describe('They are many, or one could not be moved at once: it goes on behind this answer'),
}
const saved = z.object({ ...provider.partial().shape, review: REVIEW.optional(), ...counts }).meta({ id: 'SavedProvider' })
const id = z.object({ id: z.string() })
const flag = z.enum(['true', 'false']).optional()

/** `/v1/providers`: payloads come and go as the bytes they are. */
export function serveProviders(app: RestScope, { flow }: Gateway): void {
  const { registry } = flow.services
  keepBytes(app)
  app.post('/v1/providers', {
    ...describedBody({
      tags: ['providers'],
      summary: 'Create a provider, or only review it',
      body: payload,
      querystring: z.object({ validate_only: flag, catalog: z.string().optional() }),
      response: answers([201, 200], saved),
    }),
    handler: async (request, reply) => {
      const { validate_only, catalog = '' } = request.query as { validate_only?: string; catalog?: string }
      const validateOnly = validate_only === 'true'
      const order = { payloadJson: bodyBytes(request), catalogSlug: catalog, validateOnly, requestId: requestIdOf(request) }
      const answer = await registry.createProvider(order, as(request)).catch(namedAs({ '/catalog_slug': '/catalog' }))
      return sendProvider(reply.status(validateOnly ? 200 : 201), answer)
    },
  })
  app.put('/v1/providers/:id', {
    ...describedBody({
      tags: ['providers'],
      summary: 'Save the whole payload as a new version',
      body: payload,
      params: id,
      querystring: z.object({ validate_only: flag }),
      response: answers(200, saved),
    }),
    handler: async (request, reply) => {
      const { id: providerId } = request.params as { id: string }
      const validateOnly = (request.query as { validate_only?: string }).validate_only === 'true'
      const answer = await registry.updateProvider({ providerId, payloadJson: bodyBytes(request), validateOnly }, as(request))
      return sendProvider(reply, answer)
    },
  })
  app.get('/v1/providers/:id', {
    schema: {
      tags: ['providers'],
      summary: 'Read a provider',
      params: id,
      querystring: z.object({ version: z.coerce.number().int().min(0).optional() }),
      response: answers(200, provider),
    },
    handler: async (request, reply) => {
      const { params, query } = request
      const answer = await registry.getProvider({ providerId: params.id, version: query.version ?? 0 }, as(request))
      return sendJson(reply, providerBytes(present(answer.provider, 'provider')))
    },
  })
  app.get('/v1/providers', {
    schema: {
      tags: ['providers'],
      summary: 'List providers',
      querystring: z.object(PAGE_QUERY),
      response: answers(200, pageOf('providers', provider)),
    },
    handler: async (request, reply) => {
      const page = await registry.listProviders(pageRequest(request.query), as(request))
      const items = page.providers.flatMap((item, i) => (i === 0 ? [providerBytes(item)] : [Buffer.from(','), providerBytes(item)]))
      const rest = page.nextPageToken === '' ? '' : `,"next_page_token":${JSON.stringify(page.nextPageToken)}`
      return sendJson(reply, Buffer.concat([Buffer.from('{"providers":['), ...items, Buffer.from(`]${rest}}`)]))
    },
  })
  app.delete('/v1/providers/:id', {
    schema: { tags: ['providers'], summary: 'Delete a provider that no credential uses', params: id, response: answers(204, NOTHING) },
    handler: async (request, reply) => {
      await registry.deleteProvider({ providerId: request.params.id }, as(request))
      return reply.status(204).send(null)
    },
  })
}

const client = z
  .object({
    id: z.string(),
    provider_id: z.string(),
    client_id: z.string(),
    redirect_uri: z.string().describe('To be entered at the provider, letter by letter'),
    fields: z.record(z.string(), z.string()).describe("What the provider's `client_fields` ask for"),
    created_at: z.string().optional(),
  })
  .meta({ id: 'OAuthClient' })
const newClient = z.strictObject({
  client_id: z.string().min(1).max(2000),
  fields: z.record(z.string(), z.string().max(500)).optional().describe("What the provider's `client_fields` ask for"),
})
const clientBody = newClient.extend({
  client_secret: z.string().optional().describe('Sealed by the vault; never given back. Absent for a public client.'),
})

/** `/v1/providers/{id}/client`: registered once by an administrator; its secret goes from the intake to the vault. */
export function serveClients(app: RestScope, { flow }: Gateway): void {
  const { registry, vault, refresher } = flow.services
  keepBytes(app)
  app.put('/v1/providers/:id/client', {
    ...describedBody({
      tags: ['providers'],
      summary: 'Register or rotate the OAuth client',
      body: clientBody,
      params: id,
      response: answers(200, client),
    }),
    handler: async (request) => {
      const { id: providerId } = request.params as { id: string }
      const body = bodyBytes(request)
      try {
        using intake = intakeJson(body, { texts: ['client_secret'] })
        const { client_id: oauthClientId, fields = {} } = parsed(newClient, intake.beside)
        const put = registry
          .putClient({ providerId, oauthClientId, fields }, as(request))
          .catch(namedAs({ '/oauth_client_id': '/client_id' }))
        const registered = present((await put).client, 'client')
        const secret = intake.secretFields(['client_secret']).client_secret ?? Buffer.alloc(0)
        await vault.registerClient({ clientId: registered.id, oauthClientId, clientSecret: secret }, callAs(callerOf(request)))
        // A wrong secret pauses every refresh of its client: the new one is what they were waiting for.
        await refresher.resumeClient({ clientId: registered.id }, callAs(callerOf(request)))
        return clientJson(registered)
      } finally {
        body.fill(0)
      }
    },
  })
  app.get('/v1/providers/:id/client', {
    schema: { tags: ['providers'], summary: 'Read the OAuth client, without its secret', params: id, response: answers(200, client) },
    handler: async (request) => {
      const answer = await registry.getClient({ providerId: request.params.id }, as(request))
      if (answer.client === undefined) throw new CodedError('CLIENT_MISSING')
      return clientJson(answer.client)
    },
  })
}

function clientJson(it: OauthClient): object {
  return {
    id: it.id,
    provider_id: it.providerId,
    client_id: it.oauthClientId,
    redirect_uri: it.redirectUri,
    fields: it.fields,
    ...times({ created_at: it.createdAt }),
  }
}

/** The provider as JSON with its payload in it as the bytes that were received, which no parser would give back. */
function providerBytes(it: Provider): Buffer {
  const beside = { id: it.id, version: it.version, ...times({ created_at: it.createdAt }), display_name: it.displayName, origin: it.origin }
  return Buffer.concat([Buffer.from(`${JSON.stringify(beside).slice(0, -1)},"payload":`), it.payloadJson, Buffer.from('}')])
}

/** Of an update: how many live credentials go which way, and whether that goes on. */
const OF_UPDATE = ['moved', 'kept', 'expired', 'moving'] as const
type OfUpdate = Pick<UpdateProviderResponse, (typeof OF_UPDATE)[number]>

function sendProvider(
  reply: FastifyReply,
  answer: { readonly provider?: Provider | undefined; readonly reviewJson: Buffer } & Partial<OfUpdate>,
): FastifyReply {
  const parts: Buffer[] = [answer.provider === undefined ? Buffer.from('{') : providerBytes(answer.provider).subarray(0, -1)]
  const add = (name: string, value: Buffer): void => {
    parts.push(Buffer.from(`${parts.length === 1 && answer.provider === undefined ? '' : ','}"${name}":`), value)
  }
  if (answer.reviewJson.length > 0) add('review', reviewJson(answer.reviewJson))
  for (const name of OF_UPDATE) if (answer[name] !== undefined) add(name, Buffer.from(String(answer[name])))
  return sendJson(reply, Buffer.concat([...parts, Buffer.from('}')]))
}

function sendJson(reply: FastifyReply, bytes: Buffer): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(bytes)
}
