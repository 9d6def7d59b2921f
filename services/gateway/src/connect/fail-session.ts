import { ERRORS, isCoded } from '@credence/errors'
import { callAs } from '@credence/rpc'
import type { Clock, Logger } from '@credence/service'
import type { Stored } from '@credence/store'
import type { Services } from '../services.ts'
import { actingFor, type ConnectSession, hasEnded } from './session.ts'
import { type SessionStore, unlessChanged } from './session-store.ts'

interface Parts {
  readonly services: Services
  readonly sessions: SessionStore
  readonly clock: Clock
  readonly log: Logger
}

/** Why a session ends without a credential. */
export interface End {
  readonly state: 'failed' | 'cancelled' | 'timed_out'
  readonly code: string
  readonly detail: string
}

/** How sessions end without a credential. */
export interface Ending {
  /** Writes the end, says `session.failed`, destroys the candidate. A session that has ended stays as it ended. */
  end(session: Stored<ConnectSession>, end: End): Promise<Stored<ConnectSession>>
  /** `end` with the code and sentence of an error. */
  fail(session: Stored<ConnectSession>, error: unknown): Promise<Stored<ConnectSession>>
  /** Destroys the candidate of a session that goes on without it. */
  drop(session: ConnectSession): Promise<void>
}

export function endingOf({ services, sessions, clock, log }: Parts): Ending {
  /** A candidate that cannot be reached now dies by its own `until`: the session's end must not wait for the vault. */
  const drop = async (session: ConnectSession): Promise<void> => {
    const { candidate, reserved } = session
    if (candidate === undefined || reserved === undefined) return
    const order = { credentialId: reserved.credentialId, candidateId: candidate.id }
    await services.vault
      .destroy(order, callAs(actingFor(session)))
      .catch((error: unknown) => log.failure('session.drop_failed', error, { session_id: session.id, candidate_id: candidate.id }))
  }
  const end = async (session: Stored<ConnectSession>, { state, code, detail }: End): Promise<Stored<ConnectSession>> => {
    let current = session
    while (!hasEnded(current.state) && current.state !== 'connecting') {
      const written = await unlessChanged(
        sessions.change(
          current,
          {
            state,
            failure: { code, detail },
            candidate: undefined,
            handed: undefined,
            stateHash: undefined,
            spentStates: spent(current),
            lastTry: undefined,
          },
          [{ type: 'session.failed', data: failureData(current, code) }],
        ),
      )
      if (written !== undefined) {
        await Promise.all([drop(current), ...(TOLD_ELSEWHERE.has(code) ? [] : [reportConnect({ services, log }, current, code)])])
        return written
      }
      current = (await sessions.get(current.id)) ?? current
    }
    return current
  }
  return {
    end,
    drop,
    fail(session, error) {
      const told = isCoded(error) ? error : undefined
      if (told === undefined) log.failure('session.failed', error, { session_id: session.id })
      const code = told?.code ?? 'INTERNAL'
      const detail = told?.message ?? ERRORS.INTERNAL.title
      return end(session, { state: clock.now() >= session.expiresAt.getTime() ? 'timed_out' : 'failed', code, detail })
    },
  }
}

/** Recorded by the vault that redeemed the answer, or at each try. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  'GRANT_DENIED',
  'SCOPE_MISSING',
  'TOKEN_ENDPOINT_REFUSED',
  'TOKEN_ANSWER_UNUSABLE',
  'CONFIRMATION_WRONG',
])

/** Puts a connect that came to nothing into the history of its credential and its capability; nobody waits for a registry that is away. */
export async function reportConnect(
  { services, log }: Pick<Parts, 'services' | 'log'>,
  session: ConnectSession,
  outcome: string,
): Promise<void> {
  const { user, capabilityId = '' } = session
  const credentialId = session.credentialId ?? session.reserved?.credentialId ?? ''
  if (credentialId === '' && capabilityId === '') return
  await services.registry
    .reportConnect({ credentialId, capabilityId, user, outcome }, callAs(actingFor(session)))
    .catch((error: unknown) => log.failure('session.report_failed', error, { session_id: session.id }))
}

function failureData(
  session: ConnectSession,
  reason: string,
): Record<'actor' | 'provider_id' | 'confirm' | 'reason', string> & {
  credential_id: string | undefined
} {
  const credential_id = session.credentialId ?? session.reserved?.credentialId
  return { actor: session.creator.subject, credential_id, provider_id: session.providerId, confirm: session.confirm, reason }
}

/** The states of a session with the one under way counted as spent. */
export function spent(session: ConnectSession): readonly string[] {
  return session.stateHash === undefined ? session.spentStates : [...session.spentStates, session.stateHash]
}
