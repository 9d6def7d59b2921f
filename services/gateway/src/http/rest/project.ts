import type { Project } from '@credence/proto/registry'
import { callAs } from '@credence/rpc'
import { z } from 'zod'
import { requireScope } from '../../connect/create-session.ts'
import type { Gateway } from '../../gateway.ts'
import { present } from '../../services.ts'
import { callerOf } from '../caller.ts'
import { openEventStream } from '../event-stream.ts'
import { answers, as, type RestScope, streams } from './route.ts'

const tags = ['project']
const url = z.string().max(2000)
const issuer = z.strictObject({ issuer: url, client_id: z.string() })
const settings = z.strictObject({
  name: z.string().optional(),
  return_urls: z.array(url).optional(),
  origins: z.array(url).optional(),
  confirm: z.enum(['host', 'code', 'login', 'none']).optional(),
  reconnect_url: url.optional(),
  console_issuer: issuer.nullish(),
})
const project = z
  .object({
    id: z.string(),
    name: z.string(),
    return_urls: z.array(z.string()),
    origins: z.array(z.string()),
    confirm: z.string(),
    reconnect_url: z.string(),
    console_issuer: z.object({ issuer: z.string(), client_id: z.string() }).optional(),
  })
  .meta({ id: 'Project' })
const rotation = z.strictObject({ retire: z.boolean().optional().describe('Destroy the former keys: older backups die with them') })

/** A rotation of a large project takes minutes. */
const ROTATION_TIMEOUT_MS = 3_600_000

/** `/v1/project`: the caller's own. */
export function serveProject(app: RestScope, { flow }: Gateway): void {
  const { registry, vault } = flow.services
  app.get('/v1/project', {
    schema: { tags, summary: 'Read the settings', response: answers(200, project) },
    handler: async (request) => projectJson(present((await registry.getProject({}, as(request))).project, 'project')),
  })
  app.patch('/v1/project', {
    schema: { tags, summary: 'Change settings; a list that is given is taken whole', body: settings, response: answers(200, project) },
    handler: async (request) => {
      const before = present((await registry.getProject({}, as(request))).project, 'project')
      const answer = await registry.updateProject({ project: merged(before, request.body) }, as(request))
      return projectJson(present(answer.project, 'project'))
    },
  })
  app.post('/v1/project/rotate-keys', {
    schema: {
      tags,
      summary: 'Wrap every data key anew, online; progress as server-sent events',
      body: rotation.nullish(),
      response: streams(['text/event-stream'], 'Events `progress`, then `done` or `failed`'),
    },
    handler: async (request, reply) => {
      const principal = callerOf(request)
      requireScope(principal, 'project')
      const stream = openEventStream(reply)
      const options = callAs(principal, { timeoutMs: ROTATION_TIMEOUT_MS, signal: stream.signal })
      try {
        for await (const step of vault.rotateKeys({ project: principal.project, retire: request.body?.retire ?? false }, options)) {
          const { projectKeyId: project_key_id, done, total } = step
          stream.send({ event: 'progress', data: JSON.stringify({ project_key_id, done, total }) })
        }
        stream.send({ event: 'done', data: '{}' })
      } catch (error) {
        const { code } = flow.log.failure('keys.rotation_failed', error)
        stream.send({ event: 'failed', data: JSON.stringify({ code }) })
      }
      stream.end()
      return reply
    },
  })
}

function merged(before: Project, body: z.output<typeof settings>): Project {
  const { console_issuer: console } = body
  const consoleIssuer =
    console === undefined ? before.consoleIssuer : console === null ? undefined : { issuer: console.issuer, clientId: console.client_id }
  return {
    id: before.id,
    name: body.name ?? before.name,
    returnUrls: body.return_urls ?? before.returnUrls,
    origins: body.origins ?? before.origins,
    confirm: body.confirm ?? before.confirm,
    reconnectUrl: body.reconnect_url ?? before.reconnectUrl,
    consoleIssuer,
  }
}

function projectJson({ id, name, returnUrls, origins, confirm, reconnectUrl, consoleIssuer }: Project): object {
  return {
    id,
    name,
    return_urls: returnUrls,
    origins,
    confirm,
    reconnect_url: reconnectUrl,
    ...(consoleIssuer === undefined ? {} : { console_issuer: { issuer: consoleIssuer.issuer, client_id: consoleIssuer.clientId } }),
  }
}
