import type { Session } from '@credence/proto/gateway'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { requireScope } from './create-session.ts'
import { followDevice } from './device.ts'
import type { Ending } from './fail-session.ts'
import type { Flow } from './flow.ts'
import { type ConnectSession, hasEnded, type SessionState, stateAt } from './session.ts'
import { noSuchSession } from './session-store.ts'

export const MAX_WAIT_MS = 60_000
const WAIT_MS = 30_000
/** Another replica may end the session: it is read again this often. */
const LOOK_AGAIN_MS = 1000

/** The session, for its creator, its user, and who acts for users. To everybody else it does not exist. */
export async function getSession({ sessions }: Pick<Flow, 'sessions'>, principal: Principal, id: string): Promise<Stored<ConnectSession>> {
  requireScope(principal, 'sessions')
  const session = await sessions.get(id)
  if (session === undefined || !maySee(principal, session)) throw noSuchSession()
  return session
}

function maySee(principal: Principal, session: ConnectSession): boolean {
  if (principal.project !== session.project) return false
  const forAll = principal.user === '' && principal.userNames.length === 0 && principal.scopes.includes('act_for')
  return principal.subject === session.creator.subject || isUserOf(principal, session) || forAll
}

/** True when the caller acts for the session's user, by id or by one of his names. */
export function isUserOf({ user, userNames }: Principal, session: ConnectSession): boolean {
  return user === session.user || userNames.some((name) => name === session.user || session.creator.userNames.includes(name))
}

/** Answers when the session has ended, or after `timeoutMs` (0: 30 s; at most 60 s) with the state it is in. */
export async function waitSession(
  flow: Flow,
  principal: Principal,
  wait: { readonly id: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<ConnectSession> {
  const { sessions, clock } = flow
  const end = clock.monotonicMs() + Math.min(wait.timeoutMs || WAIT_MS, MAX_WAIT_MS)
  for (;;) {
    const session = await followDevice(flow, await getSession(flow, principal, wait.id))
    const left = end - clock.monotonicMs()
    if (hasEnded(stateAt(session, clock.now())) || left <= 0 || wait.signal?.aborted) return session
    await sessions.changed(wait.id, Math.min(left, LOOK_AGAIN_MS), wait.signal)
  }
}

/** Ends the session and destroys what it sealed. A session that has ended stays as it ended. */
export async function cancelSession(
  parts: Pick<Flow, 'sessions'>,
  ending: Ending,
  caller: { principal: Principal; id: string },
): Promise<ConnectSession> {
  const session = await getSession(parts, caller.principal, caller.id)
  return ending.end(session, { state: 'cancelled', code: 'cancelled', detail: 'The session was cancelled.' })
}

/** The words of the API: fewer than ours, because `checking` and `question` are matters of the page. */
const PUBLIC_STATES: Partial<Record<SessionState, string>> = {
  choosing: 'at_provider',
  checking: 'open',
  question: 'open',
  connecting: 'unconfirmed',
}

/** The session as callers see it. */
export function sessionMessage(session: ConnectSession, now: number): Session {
  const state = stateAt(session, now)
  return {
    id: session.id,
    state: PUBLIC_STATES[state] ?? state,
    providerId: session.providerId,
    credentialId: session.credentialId ?? (state === 'connected' ? (session.reserved?.credentialId ?? '') : ''),
    confirm: session.confirm,
    expiresAt: session.expiresAt,
    code: session.failure?.code ?? (state === 'timed_out' ? 'SESSION_EXPIRED' : ''),
    detail: session.failure?.detail ?? '',
    user: session.user,
    capabilityId: session.capabilityId ?? '',
    device: state === 'at_provider' ? deviceMessage(session) : undefined,
  }
}

function deviceMessage({ device }: ConnectSession): Session['device'] {
  if (device === undefined) return undefined
  const { userCode, verificationUri, verificationUriComplete, until: expiresAt } = device
  return { userCode, verificationUri, verificationUriComplete, expiresAt }
}
