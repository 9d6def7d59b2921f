import { CodedError } from '@credence/errors'
import type { Setup, StartedSetup } from '@credence/proto/setup'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Gateway } from '../../gateway.ts'
import { present } from '../../services.ts'
import { requestIdOf } from '../caller.ts'
import { answers, as, PAGE_QUERY, pageOf, pageRequest, type RestScope } from './route.ts'
import { setup, setupJson } from './setup-schema.ts'

const tags = ['setups']
const id = z.object({ id: z.string() })
const item = {
  service: z.string().max(2000).describe('A name, or the address of the site or of the API’s documentation. Never a secret'),
  label: z.string().max(200).optional().describe('Of the credential'),
  level: z.enum(['user', 'project']).optional(),
}
const user = z.string().max(400).optional().describe("`usr_…`, `id:…` or `email:…`; absent: the caller's own")
const one = z.strictObject({ ...item, user })
const many = z.strictObject({ items: z.array(z.strictObject(item)).min(1).max(50), user })
const refusal = z.object({ code: z.string(), detail: z.string() })
const batch = z.object({
  batch_id: z.string(),
  results: z
    .array(z.union([z.object({ setup }), z.object({ error: refusal })]))
    .describe('In the order of the items; one that is refused stops no other'),
})
const MAX_WAIT_MS = 60_000
const LOOK_AGAIN_MS = 500

const NO_SERVICE = { pointer: '/service', code: 'TOO_SMALL', detail: 'Write a name, or the address of the site or of its documentation.' }

/** `/v1/setups`: AI-Credentials, from the name of a service to a verified credential. */
export function serveSetups(app: RestScope, gateway: Gateway): void {
  serveStarts(app, gateway)
  serveReads(app, gateway)
  serveSteps(app, gateway)
}

function serveStarts(app: RestScope, { flow }: Gateway): void {
  const { setups } = flow.services
  app.post('/v1/setups', {
    schema: { tags, summary: 'Set up a service: research begins', body: one, response: answers(201, setup) },
    handler: async (request, reply) => {
      const { user: named = '', service, label = '', level = '' } = request.body
      const wanted = { items: [{ service, label, level }], user: named, requestId: requestIdOf(request) }
      const { results } = await setups.startSetups(wanted, as(request))
      return reply.status(201).send(setupJson(present(results[0]?.setup, 'setup')))
    },
  })
  app.post('/v1/setups/batch', {
    schema: { tags, summary: 'Set up many services at once, each with its own state', body: many, response: answers(201, batch) },
    handler: async (request, reply) => {
      const { user: named = '', items } = request.body
      const wanted = items.map(({ service, label = '', level = '' }) => ({ service, label, level }))
      const { results, batchId } = await setups.startSetups({ items: wanted, user: named, requestId: requestIdOf(request) }, as(request))
      return reply.status(201).send({ batch_id: batchId, results: results.map(resultJson) })
    },
  })
}

function resultJson({ setup: made, refusal: refused }: StartedSetup): object {
  return made === undefined ? { error: { code: refused?.code ?? 'INTERNAL', detail: refused?.detail ?? '' } } : { setup: setupJson(made) }
}

function serveReads(app: RestScope, { flow }: Gateway): void {
  const { setups } = flow.services
  app.get('/v1/setups', {
    schema: {
      tags,
      summary: 'List setups, newest first, without their payloads and facts',
      querystring: z.object({ ...PAGE_QUERY, batch_id: z.string().max(60).optional() }),
      response: answers(200, pageOf('setups', setup)),
    },
    handler: async (request) => {
      const { batch_id: batchId = '' } = request.query
      const page = await setups.listSetups({ ...pageRequest(request.query), batchId }, as(request))
      return { setups: page.setups.map(setupJson), ...(page.nextPageToken === '' ? {} : { next_page_token: page.nextPageToken }) }
    },
  })
  app.get('/v1/setups/:id', {
    schema: { tags, summary: 'Read a setup', params: id, response: answers(200, setup) },
    handler: async (request) => setupJson(await read(request, request.params.id)),
  })
  app.get('/v1/setups/:id/wait', {
    schema: {
      tags,
      summary: 'Answers when it waits for somebody or has ended, or at the timeout with its state',
      params: id,
      querystring: z.object({ timeout_ms: z.coerce.number().int().min(0).max(MAX_WAIT_MS).optional() }),
      response: answers(200, setup),
    },
    handler: async (request, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const signal = AbortSignal.any([gone.signal, app.closing.signal])
      const end = flow.clock.monotonicMs() + (request.query.timeout_ms || MAX_WAIT_MS / 2)
      for (;;) {
        const found = await read(request, request.params.id)
        if (!isAtWork(found) || flow.clock.monotonicMs() >= end || signal.aborted) return setupJson(found)
        await flow.clock.sleep(LOOK_AGAIN_MS, signal).catch(() => undefined)
      }
    },
  })
  const read = async (request: FastifyRequest, setupId: string): Promise<Setup> =>
    present((await setups.getSetup({ setupId }, as(request))).setup, 'setup')
}

/** The platform is doing something; in every other state somebody else is to do the next step. */
function isAtWork({ state, needs }: Setup): boolean {
  return (state === 'research' && needs === '') || state === 'verify'
}

function serveSteps(app: RestScope, { flow }: Gateway): void {
  const { setups } = flow.services
  app.post('/v1/setups/:id/site', {
    schema: {
      tags,
      summary: 'Give another name or address to research',
      params: id,
      body: z.strictObject({ service: item.service }),
      response: answers(200, setup),
    },
    handler: async (request) => {
      const order = { setupId: request.params.id, service: request.body.service, payloadJson: Buffer.alloc(0) }
      if (order.service.trim() === '') throw new CodedError('INVALID_REQUEST', undefined, { faults: [NO_SERVICE] })
      return setupJson(present((await setups.reviseSetup(order, as(request))).setup, 'setup'))
    },
  })
  app.post('/v1/setups/:id/accept', {
    schema: {
      tags,
      summary: 'The guided steps are done: saves the provider',
      params: id,
      body: z.strictObject({ pattern: z.number().int().min(0).optional().describe('Of `auth_patterns`; 0 unless given') }),
      response: answers(200, setup),
    },
    handler: async (request) => {
      const order = { setupId: request.params.id, pattern: request.body.pattern ?? 0 }
      return setupJson(present((await setups.acceptSetup(order, as(request))).setup, 'setup'))
    },
  })
  app.post('/v1/setups/:id/cancel', {
    schema: { tags, summary: 'End a setup where it is', params: id, response: answers(200, setup) },
    handler: async (request) => setupJson(present((await setups.cancelSetup({ setupId: request.params.id }, as(request))).setup, 'setup')),
  })
}
