import { CodedError } from '@credence/errors'
import { callAs } from '@credence/rpc'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { createSession } from '../connect/create-session.ts'
import { newToken, sha256 } from '../connect/digest.ts'
import { cancelSession, getSession, MAX_WAIT_MS, sessionMessage, waitSession } from '../connect/follow-session.ts'
import type { ConnectSession } from '../connect/session.ts'
import type { Gateway } from '../gateway.ts'
import { parsed } from '../http/rest/route.ts'
import { present } from '../services.ts'
import type { Offers } from './list-services.ts'
import { personOf, type WidgetCaller } from './widget-caller.ts'

const start = z
  .strictObject({ provider_id: z.string().min(1).optional(), credential_id: z.string().min(1).optional() })
  .refine((one) => (one.provider_id === undefined) !== (one.credential_id === undefined), {
    path: ['provider_id'],
    error: 'Write either `provider_id`, to connect, or `credential_id`, to reconnect.',
  })
const wait = z.object({ wait_ms: z.coerce.number().int().min(0).max(MAX_WAIT_MS).optional() })

/** Connect and reconnect from a widget: a session for its person, whose window must show the proof that only the widget gets. */
export function serveWidgetSessions(app: FastifyInstance, { flow, creation, random }: Gateway, offers: Offers): void {
  const json = (session: ConnectSession): object => {
    const { id, state, providerId: provider_id, credentialId, code, detail } = sessionMessage(session, flow.clock.now())
    const credential = credentialId === '' ? {} : { credential_id: credentialId }
    return { id, state, provider_id, ...credential, ...(code === '' ? {} : { code, detail }) }
  }
  app.post('/widget/api/sessions', async (request, reply) => {
    const person = personOf(request)
    const { provider_id: providerId = '', credential_id: credentialId = '' } = parsed(start, request.body)
    await requireOwnLevel(flow.services, offers, { person, providerId, credentialId })
    const proof = newToken(random)
    const { session, link } = await createSession(creation, person.principal, {
      ...{ providerId, credentialId, user: '', label: '', level: '', confirm: '', returnUrl: '', scopes: [], requestId: '' },
      opener: { origin: person.origin, proofHash: sha256(proof), proven: false },
    })
    return reply.status(201).send({ session: json(session), link, proof })
  })
  app.get('/widget/api/sessions/:id', async (request, reply) => {
    const { id } = request.params as { readonly id: string }
    const { principal } = personOf(request)
    const { wait_ms: timeoutMs = 0 } = parsed(wait, request.query)
    if (timeoutMs === 0) return json(await getSession(flow, principal, id))
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    return json(await waitSession(flow, principal, { id, timeoutMs, signal: AbortSignal.any([gone.signal, app.closing.signal]) }))
  })
  app.post('/widget/api/sessions/:id/cancel', async (request) => {
    const { id } = request.params as { readonly id: string }
    return json(await cancelSession(flow, flow.ending, { principal: personOf(request).principal, id }))
  })
}

/** What a panel shows can be connected, and nothing else: not an account of the project, not one that is only shared. */
async function requireOwnLevel(
  { registry }: Gateway['flow']['services'],
  offers: Offers,
  { person, providerId, credentialId }: { readonly person: WidgetCaller; readonly providerId: string; readonly credentialId: string },
): Promise<void> {
  const as = callAs(person.principal)
  if (credentialId !== '') {
    const credential = present((await registry.get({ credentialId }, as)).credential, 'credential')
    if (credential.owner?.user !== person.principal.user || credential.level === 'project') throw new CodedError('NOT_FOUND')
    return
  }
  const provider = present((await registry.getProvider({ providerId, version: 0 }, as)).provider, 'provider')
  if (offers.of(provider).personal.length === 0) throw new CodedError('NOT_FOUND')
}
