import { CodedError } from '@credence/errors'
import type { Credential } from '@credence/proto/credential'
import { callAs } from '@credence/rpc'
import { z } from 'zod'
import { requireScope } from '../../connect/create-session.ts'
import type { Gateway } from '../../gateway.ts'
import { present } from '../../services.ts'
import { callerOf } from '../caller.ts'
import { answers, as, PAGE_QUERY, pageOf, pageRequest, type RestScope } from './route.ts'
import { consumer, consumerJson, credential, credentialJson, optional, times } from './schemas.ts'

const tags = ['credentials']
const id = z.object({ id: z.string() })
const share = z.object({ id: z.string(), with: z.string().max(400).describe('`project`, `usr_…`, `id:…` or `email:…`') })
const filter = z.object({ ...PAGE_QUERY, provider_id: z.string().optional(), status: z.enum(['active', 'expired', 'disabled']).optional() })
const relabelling = z.strictObject({ label: z.string().max(200).optional(), tags: z.record(z.string(), z.string()).optional() })
const deletion = z.object({
  revocation: z.enum(['revoked', 'not_declared', 'left_shared_grant', 'nothing_to_revoke', 'failed']),
  orphaned: z.array(consumer),
})
const verdict = z.object({
  verdict: z.enum(['ok', 'failed', 'undecided', 'no_probe']),
  cause: z.string().optional(),
  sentence: z.string().optional(),
  upstream_status: z.number(),
  account: z.object({ id: z.string(), name: z.string() }).optional(),
})

/** `/v1/credentials`, without anything that carries a secret. */
export function serveCredentials(app: RestScope, { flow }: Gateway): void {
  const { registry } = flow.services
  app.get('/v1/credentials', {
    schema: {
      tags,
      summary: 'List the credentials that the caller may see',
      querystring: filter,
      response: answers(200, pageOf('credentials', credential)),
    },
    handler: async (request) => {
      const { provider_id: providerId = '', status = '', ...page } = request.query
      const answer = await registry.list({ ...pageRequest(page), providerId, status }, as(request))
      return { credentials: answer.credentials.map(credentialJson), ...optional({ next_page_token: answer.nextPageToken }) }
    },
  })
  app.get('/v1/credentials/resolve', {
    schema: {
      tags,
      summary: "A user's credential at a server, by the server's display name",
      querystring: z.object({
        server_name: z.string().min(1).max(200),
        user_email: z.string().max(400).optional().describe('Absent: the user of `Credence-User`'),
      }),
      response: answers(200, z.object({ credential_id: z.string(), provider_id: z.string(), status: z.string() })),
    },
    handler: async (request) => {
      const { server_name: serverName, user_email: userEmail = '' } = request.query
      const found = await registry.resolve({ serverName, userEmail }, as(request))
      return { credential_id: found.credentialId, provider_id: found.providerId, status: found.status }
    },
  })
  app.get('/v1/credentials/:id', {
    schema: { tags, summary: 'Read a credential, without its secret', params: id, response: answers(200, credential) },
    handler: async (request) => shown(await registry.get({ credentialId: request.params.id }, as(request))),
  })
  app.patch('/v1/credentials/:id', {
    schema: { tags, summary: 'Change label and tags', params: id, body: relabelling, response: answers(200, credential) },
    handler: async (request) => {
      const { label = '', tags: replaced } = request.body
      const change = { credentialId: request.params.id, label, tags: replaced ?? {}, replaceTags: replaced !== undefined }
      return shown(await registry.relabel(change, as(request)))
    },
  })
  app.delete('/v1/credentials/:id', {
    schema: {
      tags,
      summary: 'Revoke at the provider where it declares how, then delete',
      params: id,
      querystring: z.object({ force: z.enum(['true', 'false']).optional().describe('Although consumers use it') }),
      response: answers(200, deletion),
    },
    handler: async (request) => {
      const order = { credentialId: request.params.id, force: request.query.force === 'true' }
      const { revocation, orphaned } = await registry.delete(order, as(request))
      return { revocation, orphaned: orphaned.map(consumerJson) }
    },
  })
  serveMoves(app, { registry })
  serveChecks(app, flow.services)
}

function serveMoves(app: RestScope, { registry }: Pick<Gateway['flow']['services'], 'registry'>): void {
  app.put('/v1/credentials/:id/shares/:with', {
    schema: {
      tags,
      summary: 'Share',
      params: share,
      body: z.strictObject({ permission: z.enum(['use', 'manage']) }),
      response: answers(200, credential),
    },
    handler: async (request) => {
      const { id: credentialId, with: grantee } = request.params
      return shown(await registry.share({ credentialId, with: grantee, permission: request.body.permission }, as(request)))
    },
  })
  app.delete('/v1/credentials/:id/shares/:with', {
    schema: { tags, summary: 'Take a share away', params: share, response: answers(200, credential) },
    handler: async (request) => shown(await registry.unshare({ credentialId: request.params.id, with: request.params.with }, as(request))),
  })
  app.post('/v1/credentials/:id/transfer', {
    schema: {
      tags,
      summary: 'Give it to another owner',
      params: id,
      body: z.strictObject({ to: z.string().min(1) }),
      response: answers(200, credential),
    },
    handler: async (request) => shown(await registry.transfer({ credentialId: request.params.id, to: request.body.to }, as(request))),
  })
  app.post('/v1/credentials/:id/disable', {
    schema: {
      tags,
      summary: 'Stop every use at once',
      params: id,
      body: z.strictObject({ reason: z.string().max(48).optional() }).nullish(),
      response: answers(200, credential),
    },
    handler: async (request) =>
      shown(await registry.disable({ credentialId: request.params.id, reason: request.body?.reason ?? '' }, as(request))),
  })
  app.post('/v1/credentials/:id/enable', {
    schema: {
      tags,
      summary: 'Back in force',
      params: id,
      response: answers(200, z.object({ credential, refresh_outcome: z.string().optional() })),
    },
    handler: async (request) => {
      const answer = await registry.enable({ credentialId: request.params.id }, as(request))
      return { credential: shown(answer), ...optional({ refresh_outcome: answer.refreshOutcome }) }
    },
  })
}

const plan = z.object({
  kind: z.string().optional(),
  state: z.string().optional(),
  refresh_at: z.string().optional(),
  expires_at: z.string().optional(),
  failures: z.number(),
  version: z.number(),
})
function serveChecks(app: RestScope, { registry, refresher, verifier }: Gateway['flow']['services']): void {
  app.post('/v1/credentials/:id/verify', {
    schema: { tags, summary: 'Prove it now by one read-only call', params: id, response: answers(200, verdict) },
    handler: async (request) => {
      requireScope(callerOf(request), 'credentials.write')
      const found = present((await registry.get({ credentialId: request.params.id }, as(request))).credential, 'credential')
      const order = { credentialId: found.id, providerId: found.providerId, providerVersion: found.providerVersion, pattern: found.pattern }
      const answer = await verifier.verify(order, callAs(callerOf(request), { timeoutMs: 60_000 }))
      const { account } = answer
      return {
        verdict: answer.verdict,
        ...optional({ cause: answer.cause, sentence: answer.sentence }),
        upstream_status: answer.httpStatus,
        ...(account === undefined || account.id + account.name === '' ? {} : { account: { id: account.id, name: account.name } }),
      }
    },
  })
  app.get('/v1/credentials/:id/plan', {
    schema: { tags, summary: 'When it is refreshed next', params: id, response: answers(200, plan) },
    handler: async (request) => {
      // Whoever may not see the credential must not learn that it has a plan.
      await registry.get({ credentialId: request.params.id }, as(request))
      const { kind, state, refreshAt, expiresAt, failures, version } = await refresher.getPlan(
        { credentialId: request.params.id },
        as(request),
      )
      return { ...optional({ kind, state }), ...times({ refresh_at: refreshAt, expires_at: expiresAt }), failures, version }
    },
  })
}

function shown({ credential: found }: { readonly credential?: Credential | undefined }): object {
  if (found === undefined) throw new CodedError('INTERNAL', 'An answer came without its credential.')
  return credentialJson(found)
}
