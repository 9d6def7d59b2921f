import { foldUserName } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Credential } from '@credence/proto/credential'
import type { CompleteSessionRequest } from '@credence/proto/gateway'
import { callAs, type Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { present, userOf } from '../services.ts'
import { codeHash, MAX_TRIES, tidyCode } from './confirm-code.ts'
import { requireScope } from './create-session.ts'
import { same } from './digest.ts'
import { reportConnect } from './fail-session.ts'
import { connectNow } from './finish.ts'
import type { Flow } from './flow.ts'
import { getSession } from './follow-session.ts'
import { actingFor, type ConnectSession, hasEnded, stateAt } from './session.ts'
import { noSuchSession } from './session-store.ts'

type Completion = Pick<CompleteSessionRequest, 'sessionId' | 'code' | 'user' | 'confirmAccountChange'>

/**
 * Confirms that the person at the end is the person of the start, and connects. Throws CONFIRMATION_WRONG for a wrong code
 * or user; the third ends the session and its candidate. A repetition after success answers the same.
 */
export async function completeSession(
  flow: Flow,
  principal: Principal,
  request: Completion,
): Promise<{ session: ConnectSession; credential: Credential }> {
  if (request.sessionId === '') return completeWaiting(flow, principal, request)
  const session = await getSession(flow, principal, request.sessionId)
  const state = stateAt(session, flow.clock.now())
  if (session.confirm !== 'host' && session.confirm !== 'code') throw new CodedError('CONFIRMATION_WRONG', 'This session needs no code.')
  if (state === 'connected' && isRight(session, principal, request)) return { session, credential: await connected(flow, session) }
  if (hasEnded(state)) throw new CodedError('SESSION_EXPIRED', `The session has ended: ${state}.`, { facts: { state } })
  if (state !== 'unconfirmed' && state !== 'connecting') {
    throw new CodedError('CONFIRMATION_WRONG', 'The person has not come to the end page yet; this try does not count.')
  }
  const counted = state === 'connecting' ? session : await countTry(flow, session)
  if (!isRight(counted, principal, request)) throw await wrong(flow, counted)
  return connectNow(flow, await agreeToChange(flow, counted, request.confirmAccountChange))
}

/** A code can come back in a chat whose backend did not start the session: then it is for one of that user's that wait. */
async function completeWaiting(flow: Flow, principal: Principal, request: Completion): ReturnType<typeof completeSession> {
  const waiting = await waitingOf(flow, principal, request.user)
  const counted = await Promise.all(waiting.map((session) => countTry(flow, session)))
  const right = counted.find((session) => isRight(session, principal, request))
  if (right !== undefined) return connectNow(flow, await agreeToChange(flow, right, request.confirmAccountChange))
  const [error] = await Promise.all(counted.map((session) => wrong(flow, session)))
  throw error ?? noSuchSession()
}

async function waitingOf(flow: Flow, principal: Principal, named: string): Promise<readonly Stored<ConnectSession>[]> {
  requireScope(principal, 'sessions')
  const name = foldUserName(named || principal.user || principal.userNames[0] || '')
  if (name === undefined) throw new CodedError('USER_REQUIRED')
  if (name !== principal.user) requireScope(principal, 'act_for')
  const { user } = name.startsWith('usr_') ? { user: name } : await userOf(flow.services, principal, [name])
  return flow.sessions.unconfirmedOf(principal.project, user)
}

/**
 * C1 The try is counted before anything is compared: guesses made at the same time are as many tries, not one. C2 After the last
 * one nothing is compared, also where whoever counted it has not ended the session yet, or stopped before. Throws CONFIRMATION_WRONG.
 */
async function countTry(flow: Flow, session: Stored<ConnectSession>): Promise<Stored<ConnectSession>> {
  const { confirmation } = session
  if (confirmation === undefined) throw new TypeError('an unconfirmed session has a code')
  if (confirmation.tries >= MAX_TRIES) throw await wrong(flow, session)
  return flow.sessions.change(session, { confirmation: { ...confirmation, tries: confirmation.tries + 1 } })
}

function isRight(session: ConnectSession, principal: Principal, { user, code }: Completion): boolean {
  const name = foldUserName(user || principal.user || principal.userNames[0] || '')
  const known = name !== undefined && (name === session.user || session.creator.userNames.includes(name))
  const right = same(codeHash(session.id, tidyCode(session, code)), session.confirmation?.hash ?? '')
  return known && right
}

async function wrong(flow: Flow, session: Stored<ConnectSession>): Promise<CodedError> {
  const left = MAX_TRIES - (session.confirmation?.tries ?? MAX_TRIES)
  const error = new CodedError('CONFIRMATION_WRONG', undefined, { facts: { tries_left: String(Math.max(left, 0)) } })
  // The caller reads what to send; the person, who waits before the end page, reads how it ended.
  const told = 'The code that came back was wrong three times. Nothing was connected; ask for a new link.'
  if (left <= 0 && session.state === 'unconfirmed') await flow.ending.fail(session, new CodedError('CONFIRMATION_WRONG', told))
  await reportConnect(flow, session, 'CONFIRMATION_WRONG')
  return error
}

async function agreeToChange({ sessions }: Flow, session: Stored<ConnectSession>, agreed: boolean): Promise<Stored<ConnectSession>> {
  const { candidate, confirmation } = session
  if (candidate === undefined || confirmation === undefined) throw new TypeError('an unconfirmed session has a candidate and a code')
  if (session.state === 'connecting') return session
  // The code was right: what may still be refused has nothing to do with guessing.
  const rest = { confirmation: { ...confirmation, tries: 0 } }
  return sessions.change(session, agreed ? { ...rest, candidate: { ...candidate, changeConfirmed: true } } : rest)
}

async function connected({ services }: Flow, session: ConnectSession): Promise<Credential> {
  const answer = await services.registry.get({ credentialId: session.reserved?.credentialId ?? '' }, callAs(actingFor(session)))
  return present(answer.credential, 'credential')
}
