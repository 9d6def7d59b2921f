import { z } from 'zod'
import { completeSession } from '../../connect/complete-session.ts'
import { startSession } from '../../connect/conversation.ts'
import { cancelSession, getSession, MAX_WAIT_MS, sessionMessage, waitSession } from '../../connect/follow-session.ts'
import type { ConnectSession } from '../../connect/session.ts'
import { startDevice } from '../../connect/start-device.ts'
import type { Gateway } from '../../gateway.ts'
import { callerOf, requestIdOf } from '../caller.ts'
import { answers, type RestScope } from './route.ts'
import { credential, credentialJson, optional, session, sessionJson } from './schemas.ts'

const tags = ['sessions']
const id = z.object({ id: z.string() })
const creation = z.strictObject({
  provider_id: z.string().optional(),
  setup_id: z.string().optional().describe('The connect step of this setup, whose provider and pattern it takes'),
  pattern: z.number().int().min(0).optional().describe('Offer this pattern alone; absent: the person picks'),
  credential_id: z.string().optional().describe('Reconnect this credential'),
  user: z.string().max(400).optional().describe("`usr_…`, `id:…` or `email:…`; absent: the caller's own"),
  label: z.string().optional(),
  level: z.enum(['user', 'project']).optional(),
  confirm: z.enum(['host', 'code', 'login', 'none']).optional().describe("Absent: the project's setting"),
  return_url: z.string().optional().describe("One of the project's `return_urls`"),
  scopes: z.array(z.string()).max(200).optional(),
  capability_id: z
    .string()
    .optional()
    .describe('Instead of a provider: ask this customer, in a conversation, for what the capability uses'),
})
const completion = z.strictObject({
  code: z.string().max(200).describe('The one-time code of the return address, or the six digits'),
  user: z.string().max(400).optional().describe('The user whom the caller knows to be at the other end'),
  confirm_account_change: z.boolean().optional(),
})
const deviceStart = z.strictObject({
  scopes: z.array(z.string()).max(200).optional().describe('Beyond the required ones'),
  plain_fields: z.record(z.string().max(64), z.string().max(2000)).optional().describe('Account fields of the pattern'),
})
const created = z.object({
  session,
  link: z.string().optional().describe('The page to open; good for one browser. Absent: nothing is to be asked'),
})
const completed = z.object({ session, credential })

/** `/v1/sessions`: one to one with the session rpcs. */
export function serveSessions(app: RestScope, gateway: Gateway): void {
  const { flow, creation: parts } = gateway
  const json = (one: ConnectSession): object => sessionJson(sessionMessage(one, flow.clock.now()))
  app.post('/v1/sessions', {
    schema: { tags, summary: 'Make a connect session and its link', body: creation, response: answers(201, created) },
    handler: async (request, reply) => {
      const { body } = request
      const { session: made, link } = await startSession(parts, callerOf(request), {
        providerId: body.provider_id ?? '',
        setupId: body.setup_id ?? '',
        pattern: body.pattern,
        credentialId: body.credential_id ?? '',
        user: body.user ?? '',
        label: body.label ?? '',
        level: body.level ?? '',
        confirm: body.confirm ?? '',
        returnUrl: body.return_url ?? '',
        scopes: body.scopes ?? [],
        requestId: requestIdOf(request),
        capabilityId: body.capability_id ?? '',
      })
      return reply.status(201).send({ session: json(made), ...optional({ link }) })
    },
  })
  app.get('/v1/sessions/:id', {
    schema: { tags, summary: 'Read a session', params: id, response: answers(200, session) },
    handler: async (request) => json(await getSession(flow, callerOf(request), request.params.id)),
  })
  app.get('/v1/sessions/:id/wait', {
    schema: {
      tags,
      summary: 'Answers when the session has ended, or at the timeout with its state',
      params: id,
      querystring: z.object({ timeout_ms: z.coerce.number().int().min(0).max(MAX_WAIT_MS).optional() }),
      response: answers(200, session),
    },
    handler: async (request, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const signal = AbortSignal.any([gone.signal, app.closing.signal])
      return json(await waitSession(flow, callerOf(request), { id: request.params.id, timeoutMs: request.query.timeout_ms ?? 0, signal }))
    },
  })
  app.post('/v1/sessions/:id/cancel', {
    schema: { tags, summary: 'End a session and destroy what it sealed', params: id, response: answers(200, session) },
    handler: async (request) => json(await cancelSession(flow, flow.ending, { principal: callerOf(request), id: request.params.id })),
  })
  app.post('/v1/sessions/:id/device', {
    schema: {
      tags,
      summary: 'Begin the sign-in on another device without a page',
      params: id,
      body: deviceStart,
      response: answers(200, session),
    },
    handler: async (request) => {
      const { scopes = [], plain_fields: plainFields = {} } = request.body
      return json(await startDevice(flow, callerOf(request), { sessionId: request.params.id, scopes, plainFields }))
    },
  })
  const complete = async (
    request: Parameters<typeof callerOf>[0],
    sessionId: string,
    body: z.output<typeof completion>,
  ): Promise<object> => {
    const { code, user = '', confirm_account_change: confirmAccountChange = false } = body
    const done = await completeSession(flow, callerOf(request), { sessionId, code, user, confirmAccountChange })
    return { session: json(done.session), credential: credentialJson(done.credential) }
  }
  app.post('/v1/sessions/:id/complete', {
    schema: { tags, summary: 'Confirm the person and connect', params: id, body: completion, response: answers(200, completed) },
    handler: async (request) => complete(request, request.params.id, request.body),
  })
  app.post('/v1/sessions/complete', {
    schema: {
      tags,
      summary: "Confirm with the six digits of a session that the user started himself: the user's newest",
      body: completion,
      response: answers(200, completed),
    },
    handler: async (request) => complete(request, '', request.body),
  })
}
