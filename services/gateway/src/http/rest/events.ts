import { asCloudEvent, type Delivery, type Reset } from '@credence/events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type TailRequest, tailEvents } from '../../events/tail.ts'
import type { Gateway } from '../../gateway.ts'
import { callerOf } from '../caller.ts'
import { openEventStream } from '../event-stream.ts'
import { answers, type RestScope, streams } from './route.ts'

const tags = ['events']
const query = z.object({
  from: z.string().max(200).optional().describe('A cursor that an event carried, or a time (RFC 3339)'),
  types: z.string().max(2000).optional().describe('Types, or prefixes that end in a dot, with commas between'),
  credential_id: z.string().optional(),
})
const event = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string(),
    time: z.string(),
    datacontenttype: z.string(),
    data: z.record(z.string(), z.unknown()),
    project: z.string(),
    seq: z.number(),
    traceparent: z.string().optional(),
    cursor: z.string(),
  })
  .meta({ id: 'Event' })
const reset = z.object({ cursor: z.string(), oldest: z.string().optional() })
const replay = z.object({ events: z.array(event), cursor: z.string().optional(), reset: reset.optional() })

const MAX_REPLAY = 500
/** The stream says nothing at its end: a pause this long after the last fact means that all were read. */
const QUIET_MS = 250

/** Facts as CloudEvents: a page of what was, and a stream of what comes. */
export function serveEvents(app: RestScope, gateway: Gateway): void {
  app.get('/v1/events', {
    schema: {
      tags,
      summary: 'Facts from a place on, as far as they have happened',
      querystring: query.extend({ limit: z.coerce.number().int().min(1).max(MAX_REPLAY).optional() }),
      response: answers(200, replay),
    },
    handler: async (request) => {
      const { limit = 100, ...asked } = request.query
      return collect(gateway, request, { ...tailRequest(asked), from: asked.from ?? new Date(0).toISOString() }, limit)
    },
  })
  app.get('/v1/events/stream', {
    schema: {
      tags,
      summary: 'Server-sent events; continues after `Last-Event-ID`',
      querystring: query,
      response: streams(['text/event-stream'], 'An event for each fact, named by its type; `reset` where facts are gone'),
    },
    handler: async (request, reply) => {
      const last = request.headers['last-event-id']
      const asked = tailRequest(request.query)
      return follow(gateway, request, { reply, asked: typeof last === 'string' && last !== '' ? { ...asked, from: last } : asked })
    },
  })
}

function tailRequest({ from = '', types = '', credential_id: credentialId = '' }: z.output<typeof query>): TailRequest {
  return { from, types: types.split(',').filter((type) => type !== ''), credentialId }
}

async function collect(gateway: Gateway, request: FastifyRequest, asked: TailRequest, limit: number): Promise<z.output<typeof replay>> {
  const end = new AbortController()
  const { clock } = gateway.flow
  const events: z.output<typeof event>[] = []
  let began: z.output<typeof reset> | undefined
  let seen = 0
  const watch = async (): Promise<void> => {
    for (let before = -1; before !== seen && !end.signal.aborted; ) {
      before = seen
      await clock.sleep(QUIET_MS, end.signal).catch(() => undefined)
    }
    end.abort()
  }
  const reading = tailEvents(gateway, callerOf(request), { ...asked, signal: end.signal })
  const watching = watch()
  for await (const item of reading) {
    seen++
    if ('reset' in item) began = resetJson(item)
    else events.push(eventJson(item))
    if (events.length >= limit) break
  }
  end.abort()
  await watching
  const cursor = events.at(-1)?.cursor ?? began?.cursor
  return { events, ...(cursor === undefined ? {} : { cursor }), ...(began === undefined ? {} : { reset: began }) }
}

async function follow(
  gateway: Gateway,
  request: FastifyRequest,
  { reply, asked }: { readonly reply: FastifyReply; readonly asked: TailRequest },
): Promise<FastifyReply> {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  // A place that is none is refused before the stream begins: after it there is no status to say it with.
  const items = tailEvents(gateway, callerOf(request), { ...asked, signal: AbortSignal.any([gone.signal, request.server.closing.signal]) })
  const stream = openEventStream(reply)
  try {
    for await (const value of items) {
      if ('reset' in value) stream.send({ event: 'reset', id: value.cursor, data: JSON.stringify(resetJson(value)) })
      else stream.send({ event: value.fact.type, id: value.cursor, data: JSON.stringify(eventJson(value)) })
      await stream.drained()
    }
  } catch (error) {
    gateway.log.failure('events.stream_failed', error)
  }
  stream.end()
  return reply
}

function eventJson({ fact, cursor }: Delivery): z.output<typeof event> {
  return { ...asCloudEvent(fact), cursor }
}

function resetJson({ cursor, oldest }: Reset): z.output<typeof reset> {
  return { cursor, ...(oldest === undefined ? {} : { oldest: oldest.toISOString() }) }
}
