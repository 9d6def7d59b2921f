import { MODES, SECURITY_LEVELS } from '@credence/credential'
import { FACT_KINDS } from '@credence/credential/facts'
import type { Capability, CapabilityVerdict, Lookup } from '@credence/proto/capability'
import { z } from 'zod'
import { startSession } from '../../connect/conversation.ts'
import { sessionMessage } from '../../connect/follow-session.ts'
import type { Gateway } from '../../gateway.ts'
import { present } from '../../services.ts'
import { callerOf, requestIdOf } from '../caller.ts'
import { answers, as, PAGE_QUERY, pageOf, pageRequest, type RestScope } from './route.ts'
import { optional, session, sessionJson, times } from './schemas.ts'

const tags = ['capabilities']
const id = z.object({ id: z.string() })
const texts = z.array(z.string().max(500)).max(1000)
const fact = z.strictObject({
  name: z.string(),
  question: z.string(),
  kind: z
    .string()
    .optional()
    .describe(`How its forms are made alike: ${FACT_KINDS.join(', ')}; absent: by its name`),
})
const lookup = z.strictObject({
  credential_id: z.string().optional().describe('Of the whole project; absent: that of the capability'),
  method: z.string().optional().describe('GET (unless given) or POST'),
  path: z.string().describe('Below `proxy_url`, with {{user.id}}, {{user.email}} and {{<fact>}} as single segments or query values'),
  body: z.string().optional().describe('Of a POST: JSON in which texts may hold the same'),
  records: z.string().optional().describe('JSON pointer to a record or a list of them; absent: the whole answer'),
  match: z
    .array(z.strictObject({ fact: z.string(), pointer: z.string() }))
    .max(100)
    .describe('Where each fact stands in a record'),
})
const security = z.strictObject({
  level: z.string().describe(Object.keys(SECURITY_LEVELS).join(', ')),
  facts: z.array(fact).max(100).optional(),
  lookup: lookup.optional().describe('One call to your own API; absent: the records that you push'),
  page_only: z.boolean().optional().describe('Answers are taken from the customer himself at the page alone'),
})
const fields = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  provider_id: z.string(),
  pattern: z.number().int().min(0).optional().describe('The auth pattern of the provider; the first unless given'),
  mode: z.string().describe(`Whose credential: ${MODES.join(', ')}`),
  credential_id: z.string().optional().describe("The one credential of all customers; absent: each customer's own, or none"),
  methods: texts.optional().describe('Absent or empty: every method'),
  paths: texts.optional().describe('`/orders`, `/orders/*`, `/orders/**`, below `proxy_url`; absent or empty: every path'),
  security: security.optional(),
  consent: z
    .strictObject({
      required: z.boolean(),
      purpose: z.string().optional(),
      scopes: texts.optional().describe('What it extends to, in your words; absent: `scopes`'),
    })
    .optional(),
  exclusive: z.boolean().optional().describe('Its credentials are used through it alone'),
  scopes: texts.optional().describe('What a conversation asks for'),
})
const verification = z.object({
  verdict: z.enum(['ok', 'failed', 'undecided', 'no_probe']),
  cause: z.string().optional(),
  sentence: z.string().optional(),
  upstream_status: z.number(),
})
const capability = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    provider_id: z.string(),
    provider_name: z.string(),
    provider_version: z.number(),
    pattern: z.number(),
    auth_type: z.string(),
    mode: z.enum(MODES),
    credential_id: z.string().optional(),
    methods: z.array(z.string()),
    paths: z.array(z.string()),
    security,
    consent: z.object({ required: z.boolean(), purpose: z.string(), scopes: z.array(z.string()).optional() }),
    exclusive: z.boolean(),
    scopes: z.array(z.string()),
    customers: z.number(),
    created_at: z.string().optional(),
    updated_at: z.string().optional(),
  })
  .meta({ id: 'Capability' })
const saved = z.object({ capability: capability.optional(), verification: verification.optional() })
const trial = z.object({ validate_only: z.enum(['true', 'false']).optional().describe('Check and verify, and save nothing') })
const deletion = z.object({ customers: z.number(), credential_id: z.string().optional() })
const conversation = z.strictObject({
  user: z.string().max(400).optional().describe("The customer: `usr_…`, `id:…` or `email:…`; absent: the caller's own user"),
  confirm: z.enum(['host', 'code', 'login', 'none']).optional().describe('`code` unless given: six digits that come back in the chat'),
  return_url: z.string().optional(),
  label: z.string().optional(),
  scopes: z.array(z.string()).max(200).optional(),
})
const started = z.object({ session, link: z.string().optional().describe('To show. Absent: he has granted it before') })

/** `/v1/capabilities`: what agents may do with a provider, and with whose credential. */
export function serveCapabilities(app: RestScope, gateway: Gateway): void {
  const { registry } = gateway.flow.services
  app.post('/v1/capabilities', {
    schema: { tags, summary: 'Make a capability, or only try it', body: fields, querystring: trial, response: answers([201, 200], saved) },
    handler: async (request, reply) => {
      const validateOnly = request.query.validate_only === 'true'
      const order = { capability: messageOf(request.body), validateOnly, requestId: requestIdOf(request) }
      return reply.status(validateOnly ? 200 : 201).send(savedJson(await registry.createCapability(order, as(request))))
    },
  })
  app.put('/v1/capabilities/:id', {
    schema: {
      tags,
      summary: 'Save it whole in place of the one before',
      params: id,
      body: fields,
      querystring: trial,
      response: answers(200, saved),
    },
    handler: async (request) => {
      const order = {
        capability: { ...messageOf(request.body), id: request.params.id },
        validateOnly: request.query.validate_only === 'true',
      }
      return savedJson(await registry.updateCapability(order, as(request)))
    },
  })
  app.get('/v1/capabilities/:id', {
    schema: { tags, summary: 'Read a capability', params: id, response: answers(200, capability) },
    handler: async (request) =>
      capabilityJson(present((await registry.getCapability({ capabilityId: request.params.id }, as(request))).capability, 'capability')),
  })
  app.get('/v1/capabilities', {
    schema: {
      tags,
      summary: 'List capabilities',
      querystring: z.object({ ...PAGE_QUERY, provider_id: z.string().optional() }),
      response: answers(200, pageOf('capabilities', capability)),
    },
    handler: async (request) => {
      const { provider_id: providerId = '', ...page } = request.query
      const answer = await registry.listCapabilities({ ...pageRequest(page), providerId }, as(request))
      return { capabilities: answer.capabilities.map(capabilityJson), ...optional({ next_page_token: answer.nextPageToken }) }
    },
  })
  app.delete('/v1/capabilities/:id', {
    schema: {
      tags,
      summary: 'Delete; says what used it',
      params: id,
      querystring: z.object({ force: z.enum(['true', 'false']).optional().describe('Although customers have granted it something') }),
      response: answers(200, deletion),
    },
    handler: async (request) => {
      const order = { capabilityId: request.params.id, force: request.query.force === 'true' }
      const { customers, credentialId } = await registry.deleteCapability(order, as(request))
      return { customers, ...optional({ credential_id: credentialId }) }
    },
  })
  serveConversations(app, gateway)
}

function serveConversations(app: RestScope, { creation, flow }: Gateway): void {
  app.post('/v1/capabilities/:id/connect', {
    schema: {
      tags,
      summary: 'Start a conversation: ask a customer for what the capability uses',
      params: id,
      body: conversation.nullish(),
      response: answers(201, started),
    },
    handler: async (request, reply) => {
      const { user = '', confirm = '', return_url: returnUrl = '', label = '', scopes = [] } = request.body ?? {}
      const asked = { user, confirm, returnUrl, label, scopes, capabilityId: request.params.id, requestId: requestIdOf(request) }
      const made = await startSession(creation, callerOf(request), { ...asked, providerId: '', credentialId: '', level: '' })
      const shown = sessionJson(sessionMessage(made.session, flow.clock.now()))
      return reply.status(201).send({ session: shown, ...optional({ link: made.link }) })
    },
  })
}

function messageOf(body: z.output<typeof fields>): Capability {
  return {
    id: '',
    name: body.name,
    description: body.description ?? '',
    providerId: body.provider_id,
    providerVersion: 0,
    pattern: body.pattern ?? 0,
    mode: body.mode,
    credentialId: body.credential_id ?? '',
    methods: body.methods ?? [],
    paths: body.paths ?? [],
    security: securityMessage(body.security),
    consent: { required: body.consent?.required ?? false, purpose: body.consent?.purpose ?? '', scopes: body.consent?.scopes ?? [] },
    exclusive: body.exclusive ?? false,
    scopes: body.scopes ?? [],
    createdAt: undefined,
    updatedAt: undefined,
    authType: '',
    providerName: '',
    customers: 0,
  }
}

function capabilityJson(it: Capability): object {
  const { id: capabilityId, name, description, pattern, mode, methods, paths, security: gate, consent, exclusive, scopes, customers } = it
  return {
    id: capabilityId,
    name,
    description,
    provider_id: it.providerId,
    provider_name: it.providerName,
    provider_version: it.providerVersion,
    pattern,
    auth_type: it.authType,
    mode,
    ...optional({ credential_id: it.credentialId }),
    methods,
    paths,
    security: securityJson(gate),
    consent: { required: consent?.required ?? false, purpose: consent?.purpose ?? '', ...listed({ scopes: consent?.scopes ?? [] }) },
    exclusive,
    scopes,
    customers,
    ...times({ created_at: it.createdAt, updated_at: it.updatedAt }),
  }
}

function securityMessage(given: z.output<typeof security> | undefined): Capability['security'] {
  const { level = '', facts = [], lookup: call, page_only: pageOnly = false } = given ?? {}
  return {
    level,
    facts: facts.map(({ name, question, kind = '' }) => ({ name, question, kind })),
    pageOnly,
    lookup: call === undefined ? undefined : lookupMessage(call),
  }
}

function lookupMessage(it: z.output<typeof lookup>): Lookup {
  const { credential_id: credentialId = '', method = '', path, body = '', records = '', match } = it
  return { credentialId, method, path, body, records, match }
}

function securityJson(it: Capability['security']): object {
  const { level = 'none', facts = [], lookup: call, pageOnly = false } = it ?? {}
  return {
    level,
    facts: facts.map(({ name, question, kind }) => ({ name, question, kind })),
    ...(call === undefined ? {} : { lookup: lookupJson(call) }),
    ...(pageOnly ? { page_only: true } : {}),
  }
}

function lookupJson({ credentialId, method, path, body, records, match }: Lookup): object {
  const places = match.map(({ fact: name, pointer }) => ({ fact: name, pointer }))
  return { ...optional({ credential_id: credentialId }), method, path, ...optional({ body, records }), match: places }
}

/** Lists that are absent when they are empty. */
function listed(members: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(members).filter(([, list]) => list.length > 0))
}

function savedJson(answer: { readonly capability?: Capability | undefined; readonly verdict?: CapabilityVerdict | undefined }): object {
  const { capability: made, verdict } = answer
  const { cause = '', sentence = '', httpStatus = 0 } = verdict ?? {}
  const tried = verdict === undefined || verdict.verdict === '' ? undefined : verdict.verdict
  return {
    ...(made === undefined ? {} : { capability: capabilityJson(made) }),
    ...(tried === undefined ? {} : { verification: { verdict: tried, ...optional({ cause, sentence }), upstream_status: httpStatus } }),
  }
}
