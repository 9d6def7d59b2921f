import type { Consent, ConsentEntry } from '@credence/proto/consent'
import { z } from 'zod'
import type { Gateway } from '../../gateway.ts'
import { present } from '../../services.ts'
import { answers, as, PAGE_QUERY, pageOf, pageRequest, type RestScope } from './route.ts'
import { optional, times } from './schemas.ts'

const tags = ['consents']
const id = z.object({ id: z.string() })
const time = z.string().meta({ format: 'date-time' })
const entry = z.object({
  purpose: z.string(),
  scopes: z.array(z.string()),
  given_at: time.optional(),
  given_by: z.string(),
  how: z.string(),
  withdrawn_at: time.optional(),
  withdrawn_by: z.string().optional(),
})
const consent = entry
  .extend({
    id: z.string(),
    capability_id: z.string(),
    user: z.string(),
    state: z.enum(['given', 'withdrawn']),
    covers: z.boolean().describe('False where the capability asks for something else by now'),
    earlier: z.array(entry).describe('Former ones, newest first'),
  })
  .meta({ id: 'Consent' })
const giving = z.strictObject({
  purpose: z.string().max(200).optional().describe('As it was shown; CONFLICT where the capability asks for something else'),
  scopes: z.array(z.string()).max(200).optional().describe('As they were shown'),
  how: z.enum(['conversation', 'page', 'api']).optional().describe('`conversation` unless given'),
})

/** What customers consented to: by whom, when, for what, and until when. */
export function serveConsents(app: RestScope, gateway: Gateway): void {
  const { registry } = gateway.flow.services
  app.post('/v1/capabilities/:id/consent', {
    schema: {
      tags,
      summary: 'Record that the customer consents to what the capability asks for',
      params: id,
      body: giving.nullish(),
      response: answers(200, consent),
    },
    handler: async (request) => {
      const { purpose = '', scopes = [], how = '' } = request.body ?? {}
      const order = { capabilityId: request.params.id, purpose, scopes, how }
      return consentJson(present((await registry.giveConsent(order, as(request))).consent, 'consent'))
    },
  })
  app.get('/v1/consents', {
    schema: {
      tags,
      summary: 'List consents: of one customer, or of all for the team',
      querystring: z.object({ ...PAGE_QUERY, capability_id: z.string().optional(), user: z.string().max(400).optional() }),
      response: answers(200, pageOf('consents', consent)),
    },
    handler: async (request) => {
      const { capability_id: capabilityId = '', user = '', ...page } = request.query
      const answer = await registry.listConsents({ ...pageRequest(page), capabilityId, user }, as(request))
      return { consents: answer.consents.map(consentJson), ...optional({ next_page_token: answer.nextPageToken }) }
    },
  })
  app.get('/v1/consents/:id', {
    schema: { tags, summary: 'Read a consent', params: id, response: answers(200, consent) },
    handler: async (request) =>
      consentJson(present((await registry.getConsent({ consentId: request.params.id }, as(request))).consent, 'consent')),
  })
  app.post('/v1/consents/:id/withdraw', {
    schema: { tags, summary: 'Withdraw it; no use begins any more when this answers', params: id, response: answers(200, consent) },
    handler: async (request) =>
      consentJson(present((await registry.withdrawConsent({ consentId: request.params.id }, as(request))).consent, 'consent')),
  })
}

function consentJson(it: Consent): z.output<typeof consent> {
  const { id: consentId, capabilityId, user, state, latest, earlier, covers } = it
  return {
    id: consentId,
    capability_id: capabilityId,
    user,
    state: state === 'given' ? 'given' : 'withdrawn',
    covers,
    ...entryJson(present(latest, 'entry')),
    earlier: earlier.map(entryJson),
  }
}

function entryJson({ purpose, scopes, givenAt, givenBy, how, withdrawnAt, withdrawnBy }: ConsentEntry): z.output<typeof entry> {
  const ends = optional({ withdrawn_by: withdrawnBy })
  return { purpose, scopes, given_by: givenBy, how, ...times({ given_at: givenAt, withdrawn_at: withdrawnAt }), ...ends }
}
