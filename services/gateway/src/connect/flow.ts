import { CodedError } from '@credence/errors'
import { callAs } from '@credence/rpc'
import type { Clock, Logger, Random } from '@credence/service'
import type { Stored } from '@credence/store'
import { present, type Services } from '../services.ts'
import type { Addresses } from './addresses.ts'
import type { Browser } from './browser.ts'
import type { Ending } from './fail-session.ts'
import { type Offer, offerOf } from './offer.ts'
import { actingFor, type ConnectSession, type LastTry, type Reservation, type SessionState, stateAt } from './session.ts'
import { type SessionStore, unlessChanged } from './session-store.ts'

/** What the steps of a session work with. */
export interface Flow {
  readonly services: Services
  readonly sessions: SessionStore
  readonly addresses: Addresses
  readonly ending: Ending
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Longer than a seal, a token request and a probe take together; after it the sweeper opens the session again. */
const CHECKING_MS = 180_000

/** The offer of the provider version that the session reserved, or of the newest. */
export async function offerFor({ services }: Pick<Flow, 'services'>, session: ConnectSession): Promise<Offer> {
  const version = session.reserved?.providerVersion ?? 0
  const answer = await services.registry.getProvider({ providerId: session.providerId, version }, callAs(actingFor(session)))
  const provider = present(answer.provider, 'provider')
  return offerOf(provider.payloadJson, { providerId: session.providerId, version: provider.version })
}

/**
 * Binds the session to the first browser that starts it, and reserves the place for the credential at the registry.
 * Throws SESSION_REFUSED for another browser, with `login` before the person has signed in, and with `widget` before the browser
 * is proven; SESSION_EXPIRED when it is over.
 */
export async function begin(
  flow: Flow,
  session: Stored<ConnectSession>,
  start: { readonly browser: Browser; readonly pattern: number },
): Promise<{ session: Stored<ConnectSession>; reserved: Reservation }> {
  requireState(flow, session, ['open', 'at_provider'])
  if (session.confirm === 'login' && session.signedIn !== true) throw new CodedError('SESSION_REFUSED')
  if (session.confirm === 'widget' && session.opener?.proven !== true) throw new CodedError('SESSION_REFUSED')
  return reserve(flow, await bind(flow, session, start.browser), start.pattern)
}

/** The place for the credential at the registry, once for each pattern. */
export async function reserve(
  flow: Pick<Flow, 'sessions' | 'services'>,
  bound: Stored<ConnectSession>,
  pattern: number,
): Promise<{ session: Stored<ConnectSession>; reserved: Reservation }> {
  if (bound.reserved?.pattern === pattern) return { session: bound, reserved: bound.reserved }
  const { providerId, credentialId = '', capabilityId = '', label, level } = bound
  const answer = await flow.services.registry.reserve(
    // From a panel, where a person has one account at each service.
    {
      ...{ providerId, pattern, credentialId, capabilityId, label, level, slot: bound.opener !== undefined },
      requestId: `${bound.id}.${pattern}`,
    },
    callAs(actingFor(bound)),
  )
  const { recipeId, family, clientId, redirectUri, providerVersion } = answer
  const reserved = { pattern, credentialId: answer.credentialId, recipeId, family, clientId, redirectUri, providerVersion }
  return { session: await flow.sessions.change(bound, { reserved, lastTry: undefined }), reserved }
}

/** Binds alone: for the page that asks which pattern, and for a sign-in that comes first. */
export async function bind(
  flow: Pick<Flow, 'sessions'>,
  session: Stored<ConnectSession>,
  browser: Browser,
): Promise<Stored<ConnectSession>> {
  if (session.browser === browser.hash) return session
  if (session.browser !== undefined) throw new CodedError('SESSION_REFUSED')
  const bound = await unlessChanged(flow.sessions.change(session, { browser: browser.hash }))
  if (bound !== undefined) return bound
  const current = await flow.sessions.get(session.id)
  if (current?.browser !== browser.hash) throw new CodedError('SESSION_REFUSED')
  return current
}

/** Throws SESSION_EXPIRED unless the session is in one of `states`. */
export function requireState({ clock }: Pick<Flow, 'clock'>, session: ConnectSession, states: readonly SessionState[]): void {
  if (!states.includes(stateAt(session, clock.now()))) throw new CodedError('SESSION_EXPIRED')
}

/** One step at a time: of two equal requests only one gets here, the other meets CONFLICT. */
export async function startChecking(
  flow: Pick<Flow, 'sessions' | 'clock'>,
  session: Stored<ConnectSession>,
  change: Partial<ConnectSession> = {},
): Promise<Stored<ConnectSession>> {
  const sweepAt = new Date(Math.min(flow.clock.now() + CHECKING_MS, session.expiresAt.getTime()))
  return flow.sessions.change(session, { ...change, state: 'checking', sweepAt, question: undefined })
}

/** Back to the page that asks, with what was wrong; the candidate, if there is one, is destroyed. */
export async function askAgain(flow: Flow, session: Stored<ConnectSession>, lastTry: LastTry): Promise<Stored<ConnectSession>> {
  await flow.ending.drop(session)
  return flow.sessions.change(session, {
    state: 'open',
    lastTry,
    candidate: undefined,
    handed: undefined,
    question: undefined,
    confirmation: undefined,
    sweepAt: session.expiresAt,
  })
}
