import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { callAs, type Principal } from '@credence/rpc'
import { present } from '../services.ts'
import { actorFor, createSession, type NewSession, requireScope, type SessionCreation } from './create-session.ts'
import type { ConnectSession } from './session.ts'
import { SESSION_LIFE_MS } from './session-store.ts'

/** The session, and the link to show; empty where nothing is to be asked. */
export interface Started {
  readonly session: ConnectSession
  readonly link: string
}

/** A connect session for a provider, or a conversation about what a capability uses. */
export async function startSession(parts: SessionCreation, principal: Principal, request: NewSession): Promise<Started> {
  return request.capabilityId
    ? startConversation(parts, principal, { ...request, capabilityId: request.capabilityId })
    : createSession(parts, principal, request)
}

/**
 * Asks a customer, in a conversation, for the credential that a capability uses. One that he has granted is not asked for
 * again: the session is connected at once. One that has expired is connected anew, under the same id.
 */
async function startConversation(
  parts: SessionCreation,
  principal: Principal,
  request: NewSession & { readonly capabilityId: string },
): Promise<Started> {
  requireScope(principal, 'sessions')
  refuseBoth(request)
  const { capabilityId } = request
  const creator = await actorFor(parts.services, principal, request.user)
  const answer = await parts.services.registry.getClaim({ capabilityId }, callAs(creator))
  const capability = present(answer.capability, 'capability')
  const { providerId, pattern } = capability
  const { credential } = answer
  if (credential?.status === 'disabled') {
    throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId: credential.id, reconnectUrl: credential.reconnectUrl })
  }
  if (credential?.status === 'active') return connectedAtOnce(parts, creator, { capabilityId, providerId, credentialId: credential.id })
  return createSession(parts, principal, {
    ...request,
    providerId,
    pattern,
    credentialId: credential?.id ?? '',
    level: 'user',
    label: request.label,
    // Nobody stands at a return address in a chat: the six digits come back there.
    confirm: request.confirm || 'code',
    scopes: request.scopes.length === 0 ? capability.scopes : request.scopes,
  })
}

function refuseBoth({ capabilityId, providerId, credentialId, pattern }: NewSession): void {
  const told = [
    ...(providerId === '' ? [] : ['provider_id']),
    ...(credentialId === '' ? [] : ['credential_id']),
    ...(pattern === undefined ? [] : ['pattern']),
  ]
  const faults = told.map((name) => ({ pointer: `/${name}`, code: 'NOT_ALLOWED', detail: 'Leave it out: the capability says it.' }))
  if (!isId('cap', capabilityId ?? '')) faults.push({ pointer: '/capability_id', code: 'INVALID_VALUE', detail: 'Write `cap_…`.' })
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

/** A session like any other, which can be read and waited for by its id: it has only nothing left to do. */
async function connectedAtOnce(
  { sessions, clock }: SessionCreation,
  creator: Principal,
  known: { readonly capabilityId: string; readonly providerId: string; readonly credentialId: string },
): Promise<Started> {
  const now = clock.now()
  const expiresAt = new Date(now + SESSION_LIFE_MS)
  const session = await sessions.insert(
    {
      ...known,
      id: sessions.newId(),
      project: creator.project,
      creator,
      user: creator.user,
      state: 'connected',
      linkHashes: [],
      spentStates: [],
      label: '',
      level: 'user',
      confirm: 'code',
      scopes: [],
      createdAt: new Date(now),
      expiresAt,
      sweepAt: expiresAt,
    },
    [],
  )
  return { session, link: '' }
}
