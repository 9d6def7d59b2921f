import { SCOPES } from '@credence/credential'
import type { Key } from '@credence/proto/registry'
import { z } from 'zod'
import type { Gateway } from '../../gateway.ts'
import { present } from '../../services.ts'
import { answers, as, NOTHING, PAGE_QUERY, pageOf, pageRequest, type RestScope } from './route.ts'
import { optional, times } from './schemas.ts'

const tags = ['keys']
const id = z.object({ id: z.string() })
const key = z
  .object({
    id: z.string(),
    label: z.string(),
    scopes: z.array(z.string()),
    role: z.string().optional(),
    state: z.enum(['active', 'revoked']),
    created_at: z.string().optional(),
    expires_at: z.string().optional(),
  })
  .meta({ id: 'Key' })
const shownOnce = z.object({ key, secret: z.string().describe('`crd_…`, shown once and kept nowhere') })
const creation = z.strictObject({
  label: z.string().max(200).optional(),
  scopes: z.array(z.enum(SCOPES)).optional(),
  role: z.enum(['owner', 'admin', 'member', 'auditor']).optional(),
  expires_at: z.iso.datetime({ offset: true }).optional(),
})
const rotation = z.strictObject({
  overlap_s: z.number().int().min(0).max(2_592_000).optional().describe('How long the former secret stays valid; 24 h unless given'),
})

/** `/v1/keys`: API keys. The answer of create and rotate is the only place where a key stands. */
export function serveKeys(app: RestScope, { flow }: Gateway): void {
  const { registry } = flow.services
  app.post('/v1/keys', {
    schema: { tags, summary: 'Make a key', body: creation, response: answers(201, shownOnce) },
    handler: async (request, reply) => {
      const { label = '', scopes = [], role = '', expires_at: end } = request.body
      const order = { label, scopes: [...scopes], role, expiresAt: end === undefined ? undefined : new Date(end) }
      const answer = await registry.createKey(order, as(request))
      return reply.status(201).header('cache-control', 'no-store').send(onceJson(answer))
    },
  })
  app.get('/v1/keys', {
    schema: { tags, summary: 'List keys', querystring: z.object(PAGE_QUERY), response: answers(200, pageOf('keys', key)) },
    handler: async (request) => {
      const answer = await registry.listKeys(pageRequest(request.query), as(request))
      return { keys: answer.keys.map(keyJson), ...optional({ next_page_token: answer.nextPageToken }) }
    },
  })
  app.post('/v1/keys/:id/rotate', {
    schema: { tags, summary: 'A new secret for the same key', params: id, body: rotation.nullish(), response: answers(200, shownOnce) },
    handler: async (request, reply) => {
      const answer = await registry.rotateKey({ keyId: request.params.id, overlapS: request.body?.overlap_s ?? 0 }, as(request))
      return reply.header('cache-control', 'no-store').send(onceJson(answer))
    },
  })
  app.delete('/v1/keys/:id', {
    schema: { tags, summary: 'Revoke a key at once', params: id, response: answers(204, NOTHING) },
    handler: async (request, reply) => {
      await registry.revokeKey({ keyId: request.params.id }, as(request))
      return reply.status(204).send(null)
    },
  })
}

function onceJson(answer: { readonly key?: Key | undefined; readonly secret: string }): object {
  return { key: keyJson(present(answer.key, 'key')), secret: answer.secret }
}

function keyJson({ id: key_, label, scopes, role, state, createdAt, expiresAt }: Key): object {
  return { id: key_, label, scopes, ...optional({ role }), state, ...times({ created_at: createdAt, expires_at: expiresAt }) }
}
