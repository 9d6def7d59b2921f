import { z } from 'zod'
import type { Gateway } from '../../gateway.ts'
import { present } from '../../services.ts'
import { requestIdOf } from '../caller.ts'
import { answers, as, NOTHING, PAGE_QUERY, pageOf, pageRequest, type RestScope } from './route.ts'
import { consumer, consumerJson, optional } from './schemas.ts'

const tags = ['consumers']
const id = z.object({ id: z.string() })
const binding = z.strictObject({
  kind: z.enum(['tool', 'channel', 'agent']),
  external_ref: z.string().min(1).max(400),
  label: z.string().max(200).optional(),
})

const attachment = z.strictObject({
  agent: z.string().min(1).max(200).describe('What your own system calls the agent'),
  channel: z.string().min(1).max(32),
  native_id: z.string().min(1).max(128).describe("The id of one of the credential's `assets` of this channel"),
  label: z.string().max(200).optional(),
})

/** Native channels: a number, an account or a page stands on one agent. */
export function serveChannels(app: RestScope, { flow }: Gateway): void {
  const { registry } = flow.services
  app.post('/v1/credentials/:id/channels', {
    schema: {
      tags,
      summary: "Attach one asset of the credential to an agent's channel",
      description: 'CHANNEL_TAKEN while it stands on another agent, or the channel of this agent has another credential.',
      params: id,
      body: attachment,
      response: answers(201, consumer),
    },
    handler: async (request, reply) => {
      const { agent, channel, native_id: nativeId, label = '' } = request.body
      const order = { credentialId: request.params.id, agent, channel, nativeId, label, requestId: requestIdOf(request) }
      return reply.status(201).send(consumerJson(present((await registry.attachChannel(order, as(request))).consumer, 'consumer')))
    },
  })
  app.delete('/v1/channels/:id', {
    schema: { tags, summary: 'Detach: number and channel are free at once', params: id, response: answers(204, NOTHING) },
    handler: async (request, reply) => {
      await registry.detachChannel({ consumerId: request.params.id }, as(request))
      return reply.status(204).send(null)
    },
  })
}

/** Who uses a credential. */
export function serveConsumers(app: RestScope, { flow }: Gateway): void {
  const { registry } = flow.services
  app.post('/v1/credentials/:id/consumers', {
    schema: { tags, summary: 'Bind a tool, a channel or an agent', params: id, body: binding, response: answers(201, consumer) },
    handler: async (request, reply) => {
      const { kind, external_ref: externalRef, label = '' } = request.body
      const order = { credentialId: request.params.id, kind, externalRef, label, requestId: requestIdOf(request) }
      return reply.status(201).send(consumerJson(present((await registry.bindConsumer(order, as(request))).consumer, 'consumer')))
    },
  })
  app.get('/v1/credentials/:id/consumers', {
    schema: {
      tags,
      summary: 'Where it is used',
      params: id,
      querystring: z.object(PAGE_QUERY),
      response: answers(200, pageOf('consumers', consumer)),
    },
    handler: async (request) => {
      const answer = await registry.listConsumers({ credentialId: request.params.id, ...pageRequest(request.query) }, as(request))
      return { consumers: answer.consumers.map(consumerJson), ...optional({ next_page_token: answer.nextPageToken }) }
    },
  })
  app.delete('/v1/consumers/:id', {
    schema: { tags, summary: 'Unbind', params: id, response: answers(204, NOTHING) },
    handler: async (request, reply) => {
      await registry.unbindConsumer({ consumerId: request.params.id }, as(request))
      return reply.status(204).send(null)
    },
  })
}
