import { CodedError } from '@credence/errors'
import type { Setup } from '@credence/proto/setup'
import { callAs, type Principal, servicePrincipal } from '@credence/rpc'
import type { Logger } from '@credence/service'
import { present, type Services } from '../services.ts'
import type { ConnectSession } from './session.ts'
import type { SessionStore } from './session-store.ts'

/** The setup at its connect step. Throws NOT_FOUND, SETUP_STEP before or after it, CLIENT_MISSING with the redirect address. */
export async function setupToConnect({ setups }: Pick<Services, 'setups'>, principal: Principal, setupId: string): Promise<Setup> {
  const setup = present((await setups.getSetup({ setupId }, callAs(principal))).setup, 'setup')
  if (setup.state !== 'connect' && setup.state !== 'verify') {
    const detail = `The setup is at ${setup.state}; it is connected after its guided steps were accepted, and once.`
    throw new CodedError('SETUP_STEP', detail, { facts: { state: setup.state } })
  }
  if (setup.needs === 'client') {
    const detail = `${setup.name} needs an OAuth client first. An administrator creates it there with the redirect address ${setup.redirectUri} and registers it here.`
    throw new CodedError('CLIENT_MISSING', detail, { facts: { provider_id: setup.providerId, redirect_uri: setup.redirectUri } })
  }
  return setup
}

export interface SetupEvent {
  readonly setupId: string
  readonly sessionId: string
  readonly event: 'session' | 'verify' | 'back'
  readonly cause?: string
  readonly sentence?: string
}

/** Tells the registry, as the gateway itself. */
export async function reportSetup({ setups }: Pick<Services, 'setups'>, project: string, event: SetupEvent): Promise<void> {
  await setups.reportSetup({ cause: '', sentence: '', ...event }, callAs(servicePrincipal('gateway', project)))
}

/**
 * A store that tells the setup of a session what became of each change: being tried, refused with its cause, ended. The
 * session is written first and is what counts; a telling that is lost is made up for by the next one, by the registry's own
 * `Connect`, or by its sweeper.
 */
export function tellingSetups(sessions: SessionStore, services: Pick<Services, 'setups'>, log: Logger): SessionStore {
  return {
    ...sessions,
    async change(session, change, facts) {
      const written = await sessions.change(session, change, facts)
      const event = eventOf(session, written)
      if (event !== undefined) {
        await reportSetup(services, written.project, event).catch((error: unknown) =>
          log.failure('session.setup_not_told', error, { session_id: session.id, setup_id: event.setupId }),
        )
      }
      return written
    },
  }
}

function eventOf(before: ConnectSession, after: ConnectSession): SetupEvent | undefined {
  const { id: sessionId, setupId, lastTry, failure, state } = after
  if (setupId === undefined || state === before.state) return undefined
  const about = { setupId, sessionId }
  if (state === 'checking') return { ...about, event: 'verify' }
  const wasTried = before.state === 'checking' || before.state === 'question'
  if (state === 'question' || (state === 'open' && wasTried)) {
    const sentence = lastTry?.problem ?? Object.values(lastTry?.fields ?? {})[0] ?? 'Enter the values again.'
    return { ...about, event: 'back', cause: lastTry?.cause ?? (lastTry?.fields === undefined ? 'interrupted' : 'field_refused'), sentence }
  }
  if (state === 'failed' || state === 'cancelled' || state === 'timed_out') {
    return {
      ...about,
      event: 'back',
      cause: causeOf(failure?.code, state),
      sentence: failure?.detail ?? 'The session has ended. Start again.',
    }
  }
  return undefined
}

function causeOf(code: string | undefined, state: string): string {
  if (code === 'SCOPE_MISSING') return 'scope_missing'
  return state === 'failed' ? 'refused' : state
}
