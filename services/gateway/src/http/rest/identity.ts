import type { Pass } from '@credence/proto/identity'
import type { KnownFacts } from '@credence/proto/vault-identity'
import { Secret } from '@credence/secret'
import { z } from 'zod'
import { answerChallenge } from '../../connect/identity/answer-challenge.ts'
import { listPasses, revokePass } from '../../connect/identity/passes.ts'
import { deleteRecord, type GivenRecord, listRecords, putRecords } from '../../connect/identity/records.ts'
import type { Gateway } from '../../gateway.ts'
import { intakeJson, intakeTree, secretBytes } from '../../intake/intake.ts'
import { callerOf } from '../caller.ts'
import { bodyBytes, keepBytes } from './body-bytes.ts'
import { answers, describedBody, NOTHING, PAGE_QUERY, pageOf, pageRequest, parsed, type RestScope } from './route.ts'
import { optional, times } from './schemas.ts'

const tags = ['identity']
const time = z.string().meta({ format: 'date-time' })
const pass = z
  .object({ id: z.string(), capability_id: z.string(), user: z.string(), granted_at: time.optional(), expires_at: time.optional() })
  .meta({ id: 'Pass' })
const record = z.object({ user: z.string(), facts: z.array(z.string()), updated_at: time.optional() }).meta({ id: 'IdentityRecord' })
const whose = z.string().max(400)
const answering = z.strictObject({ challenge: z.string().max(500).describe('Of the IDENTITY_REQUIRED answer') })
const pushed = <T extends z.ZodType>(value: T) =>
  z.strictObject({
    records: z.array(z.strictObject({ user: whose, facts: z.record(z.string(), z.union([value, z.array(value).max(20)])) })).max(500),
    merge: z.boolean().optional().describe('Other facts of these customers stay; else they go'),
  })
const PUSHED = pushed(z.string().describe('Kept as a keyed digest; nobody can read it again'))
const WITH_SECRETS = pushed(z.instanceof(Secret, { error: 'Write the value as a text in quotation marks.' }))

/** What one message between services can hold. */
const MOST_BYTES = 768 * 1024
const MOST_VALUES = 50_000

/** Answers and records: bytes until the vault has them. */
export function serveIdentityValues(app: RestScope, { flow, settings }: Gateway): void {
  const { services } = flow
  const parts = { services, publicUrl: settings.publicUrl }
  keepBytes(app, MOST_BYTES)
  app.post('/v1/identity/answers', {
    ...describedBody({
      tags,
      summary: 'Answer the questions of a challenge for its customer; they are compared and forgotten',
      body: answering.extend({ answers: z.record(z.string(), z.string()).describe('By fact name') }),
      response: answers(200, z.object({ pass })),
    }),
    handler: async (request) => {
      const body = bodyBytes(request)
      try {
        using intake = intakeJson(body, { object: 'answers' })
        const { challenge } = parsed(answering, intake.beside)
        const given = { challenge, answers: intake.secretFields(intake.names) }
        return { pass: passJson(await answerChallenge(parts, callerOf(request), given)) }
      } finally {
        body.fill(0)
      }
    },
  })
  app.put('/v1/identity/records', {
    ...describedBody({
      tags,
      summary: 'Push what you know of your customers, to compare their answers with',
      body: PUSHED,
      response: answers(200, z.object({ users: z.array(z.string()).describe('`usr_…`, in the order of the records') })),
    }),
    handler: async (request) => {
      const body = bodyBytes(request)
      try {
        using tree = intakeTree(body, { under: 'facts', maxNodes: MOST_VALUES })
        const { records, merge = false } = parsed(WITH_SECRETS, tree.value)
        return { users: await putRecords(services, callerOf(request), { records: records.map(givenRecord), merge }) }
      } finally {
        body.fill(0)
      }
    },
  })
}

function givenRecord({ user, facts }: z.output<typeof WITH_SECRETS>['records'][number]): GivenRecord {
  const values = Object.entries(facts).map(([name, value]) => [name, [value].flat().map(secretBytes)] as const)
  return { user, facts: Object.fromEntries(values) }
}

/** `/v1/identity`: which facts are known, and who was verified. */
export function serveIdentity(app: RestScope, { flow }: Gateway): void {
  const { services } = flow
  const one = z.object({ user: whose })
  app.get('/v1/identity/records', {
    schema: {
      tags,
      summary: 'Whom you have records of, and of which facts',
      querystring: z.object({ ...PAGE_QUERY, user: whose.optional() }),
      response: answers(200, pageOf('records', record)),
    },
    handler: async (request) => {
      const { user = '', ...page } = request.query
      const answer = await listRecords(services, callerOf(request), { ...pageRequest(page), user })
      return { records: answer.records.map(recordJson), ...optional({ next_page_token: answer.nextPageToken }) }
    },
  })
  app.delete('/v1/identity/records/:user', {
    schema: {
      tags,
      summary: 'Forget what you know of a customer, or some facts',
      params: one,
      querystring: z.object({ facts: z.string().max(1000).optional().describe('Names, with commas between; absent: all') }),
      response: answers(200, z.object({ deleted: z.boolean() })),
    },
    handler: async (request) => {
      const facts = (request.query.facts ?? '').split(',').filter((name) => name !== '')
      return { deleted: await deleteRecord(services, callerOf(request), { user: request.params.user, facts }) }
    },
  })
  app.get('/v1/identity/passes', {
    schema: {
      tags,
      summary: 'Who was verified and still is',
      querystring: z.object({ ...PAGE_QUERY, capability_id: z.string().optional(), user: whose.optional() }),
      response: answers(200, pageOf('passes', pass)),
    },
    handler: async (request) => {
      const { user = '', capability_id: capabilityId = '', ...page } = request.query
      const answer = await listPasses(services, callerOf(request), { ...pageRequest(page), capabilityId, user })
      return { passes: answer.passes.map(passJson), ...optional({ next_page_token: answer.nextPageToken }) }
    },
  })
  app.delete('/v1/identity/passes/:id', {
    schema: {
      tags,
      summary: 'Take a pass back; no call begins under it',
      params: z.object({ id: z.string() }),
      response: answers(204, NOTHING),
    },
    handler: async (request, reply) => {
      await revokePass(services, callerOf(request), request.params.id)
      return reply.status(204).send(null)
    },
  })
}

function passJson({ id, capabilityId, user, grantedAt, expiresAt }: Pass): z.output<typeof pass> {
  return { id, capability_id: capabilityId, user, ...times({ granted_at: grantedAt, expires_at: expiresAt }) }
}

function recordJson({ user, facts, updatedAt }: KnownFacts): z.output<typeof record> {
  return { user, facts, ...times({ updated_at: updatedAt }) }
}
