import { Readable } from 'node:stream'
import type { HistoryEntry, ListHistoryRequest } from '@credence/proto/history'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Gateway } from '../../gateway.ts'
import { csvLine, HISTORY_HEADER, historyCells } from './history-csv.ts'
import { answers, as, PAGE_QUERY, pageOf, pageRequest, type RestScope, streams } from './route.ts'
import { optional, times } from './schemas.ts'

const tags = ['history']
const id = z.object({ id: z.string() })
const moment = z.iso.datetime({ offset: true }).optional()
const filter = z.object({
  user: z.string().max(400).optional().describe('`usr_…`, `id:…` or `email:…`'),
  outcome: z.string().max(100).optional().describe('`ok`, `failed`, or an error code'),
  action: z.enum(['call', 'check', 'connect', 'refresh', 'verify', 'revoke', 'change', 'identity', 'consent']).optional(),
  from: moment.describe('From this time on'),
  to: moment.describe('Before this time'),
  search: z.string().max(400).optional().describe('Text of an actor, user, outcome, error, consumer, trace or id'),
})
const entry = z
  .object({
    id: z.string(),
    at: z.string().optional(),
    action: z.string(),
    actor: z.string(),
    user: z.string().optional(),
    consumer: z.string().optional(),
    method: z.string().optional(),
    credential_id: z.string().optional(),
    capability_id: z.string().optional(),
    outcome: z.string(),
    upstream_status: z.number().optional(),
    provider_error: z.string().optional(),
    trace_id: z.string().optional(),
  })
  .meta({ id: 'HistoryEntry' })
const exported = filter.extend({ format: z.enum(['ndjson', 'csv']).optional().describe('`ndjson` unless given') })

type Filter = z.output<typeof filter>
type Whose = Pick<ListHistoryRequest, 'credentialId' | 'capabilityId'>

const TYPES = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8; header=present' } as const
const EXPORT_PAGE = 200

/** Who did what, per credential and per capability: pages to look at, and all of it as a file. */
export function serveHistory(app: RestScope, gateway: Gateway): void {
  const lists = [
    { path: '/v1/credentials/:id/history', of: 'a credential', whose: (it: string): Whose => ({ credentialId: it, capabilityId: '' }) },
    { path: '/v1/capabilities/:id/history', of: 'a capability', whose: (it: string): Whose => ({ credentialId: '', capabilityId: it }) },
  ]
  for (const { path, of, whose } of lists) {
    app.get(path, {
      schema: {
        tags,
        summary: `The execution history of ${of}, newest first`,
        params: id,
        querystring: filter.extend(PAGE_QUERY),
        response: answers(200, pageOf('entries', entry)),
      },
      handler: async (request) => {
        const { params, query } = request
        const asked = { ...whose(params.id), filter: filterOf(query), ...pageRequest(query) }
        const answer = await gateway.flow.services.registry.listHistory(asked, as(request))
        return { entries: answer.entries.map(entryJson), ...optional({ next_page_token: answer.nextPageToken }) }
      },
    })
    app.get(`${path}/export`, {
      schema: {
        tags,
        summary: `All of the history of ${of} that the filter lets pass, as NDJSON or CSV`,
        params: id,
        querystring: exported,
        response: streams(Object.values(TYPES), 'All entries, newest first, a line for each'),
      },
      handler: async (request, reply) => {
        const { format = 'ndjson', ...asked } = request.query
        return sendAll(gateway, request, { reply, format, asked: { ...whose(request.params.id), filter: filterOf(asked) } })
      },
    })
  }
}

interface Export {
  readonly reply: FastifyReply
  readonly format: keyof typeof TYPES
  readonly asked: Omit<ListHistoryRequest, 'pageSize' | 'pageToken' | '_unknownFields'>
}

/** The first page is asked for before anything is answered: a refusal is an answer like any other. */
async function sendAll({ flow }: Gateway, request: FastifyRequest, { reply, format, asked }: Export): Promise<FastifyReply> {
  const read = (pageToken: string) => flow.services.registry.listHistory({ ...asked, pageSize: EXPORT_PAGE, pageToken }, as(request))
  const first = await read('')
  async function* lines(): AsyncGenerator<string> {
    if (format === 'csv') yield csvLine(HISTORY_HEADER)
    for (let page = first; ; page = await read(page.nextPageToken)) {
      yield page.entries.map((one) => (format === 'csv' ? csvLine(historyCells(one)) : `${JSON.stringify(entryJson(one))}\n`)).join('')
      if (page.nextPageToken === '') return
    }
  }
  const name = `history-${asked.capabilityId || asked.credentialId}.${format}`.replace(/[^\w.-]/g, '')
  reply.header('content-type', TYPES[format]).header('content-disposition', `attachment; filename="${name}"`)
  return reply.send(Readable.from(lines()))
}

function filterOf({ user = '', outcome = '', action, from, to, search = '' }: Filter): ListHistoryRequest['filter'] {
  const time = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text))
  return { user, outcome, action: action ?? '', search, from: time(from), to: time(to) }
}

function entryJson({ httpStatus, ...it }: HistoryEntry): object {
  const { id: entryId, at, action, actor, outcome, user, consumer, method, providerError, traceId, credentialId, capabilityId } = it
  return {
    id: entryId,
    ...times({ at }),
    action,
    actor,
    outcome,
    ...optional({ user, consumer, method, credential_id: credentialId, capability_id: capabilityId }),
    ...optional({ provider_error: providerError, trace_id: traceId }),
    ...(httpStatus === 0 ? {} : { upstream_status: httpStatus }),
  }
}
