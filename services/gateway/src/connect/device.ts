import { CodedError, ERRORS, isCoded } from '@credence/errors'
import type { DeviceCode, PollGrantResponse } from '@credence/proto/grant'
import { callAs } from '@credence/rpc'
import type { Stored } from '@credence/store'
import type { Browser } from './browser.ts'
import { spent } from './fail-session.ts'
import { type Flow, startChecking } from './flow.ts'
import { judge } from './judge.ts'
import { actingFor, type ConnectSession, type LastTry, stateAt } from './session.ts'
import { unlessChanged } from './session-store.ts'

/** How often a session that nobody looks at is moved on, ms; who waits for it moves it faster. */
const UNWATCHED_MS = 5_000
const POLL_TIMEOUT_MS = 60_000
const MOST_TRIES = 5

/** Keeps what the person is shown: which code to enter where. */
export function keepDevice(
  flow: Pick<Flow, 'sessions' | 'clock'>,
  session: Stored<ConnectSession>,
  begun: { readonly device: DeviceCode; readonly grant: string; readonly until: Date | undefined; readonly tried: LastTry },
): Promise<Stored<ConnectSession>> {
  const { userCode, verificationUri, verificationUriComplete } = begun.device
  const until = begun.until ?? session.expiresAt
  const sweepAt = session.confirm === 'none' ? new Date(flow.clock.now() + UNWATCHED_MS) : session.expiresAt
  return flow.sessions.change(session, {
    state: 'at_provider',
    stateHash: undefined,
    spentStates: spent(session),
    lastTry: begun.tried,
    device: { grant: begun.grant, userCode, verificationUri, verificationUriComplete, until },
    sweepAt,
  })
}

/**
 * Moves a sign-in on another device on, if the person has decided there. Without the browser only a session that needs no
 * confirmation goes on: what the end page shows is made from the browser's cookie. The vault keeps the pace of the server.
 */
export async function followDevice(flow: Flow, session: Stored<ConnectSession>, browser?: Browser): Promise<Stored<ConnectSession>> {
  const { device } = session
  if (stateAt(session, flow.clock.now()) !== 'at_provider' || device === undefined) return session
  if (browser === undefined && session.confirm !== 'none') return session
  let polled: PollGrantResponse
  try {
    const order = { sessionId: session.id, stateSha256: device.grant }
    polled = await flow.services.vault.pollGrant(order, callAs(actingFor(session), { timeoutMs: POLL_TIMEOUT_MS }))
  } catch (error) {
    return ended(flow, session, error)
  }
  if (polled.completed === undefined) return session
  return decided(flow, session, { candidateId: polled.completed.candidateId, browser })
}

/** A code that was refused or has run out ends the session; a service that is away is asked again. */
async function ended(flow: Flow, session: Stored<ConnectSession>, error: unknown): Promise<Stored<ConnectSession>> {
  if (!isCoded(error)) throw error
  if (ERRORS[error.code].kind === 'world' && error.code !== 'TOKEN_ANSWER_UNUSABLE') return session
  const current = (await flow.sessions.get(session.id)) ?? session
  // Another replica has the answer, or the person has begun anew.
  if (current.state !== 'at_provider' || current.device?.grant !== session.device?.grant) return current
  return flow.ending.fail(current, error)
}

async function decided(
  flow: Flow,
  session: Stored<ConnectSession>,
  { candidateId, browser }: { candidateId: string; browser: Browser | undefined },
): Promise<Stored<ConnectSession>> {
  const tried: LastTry = session.lastTry ?? { plain: {} }
  const checking = await toChecking(flow, session, candidateId)
  if (checking === undefined) return (await flow.sessions.get(session.id)) ?? session
  const judged = await judge(flow, checking, { browser, tried })
  const asks = judged.state === 'question' || judged.state === 'open'
  if (browser !== undefined || !asks) return judged
  // Nobody is at a page who could answer.
  return flow.ending.fail(judged, new CodedError('VERIFY_FAILED', judged.lastTry?.problem))
}

/** The tokens are in the hand: whatever else was written beside them, this is written. */
async function toChecking(flow: Flow, session: Stored<ConnectSession>, candidateId: string): Promise<Stored<ConnectSession> | undefined> {
  let current: Stored<ConnectSession> | undefined = session
  for (let tries = 0; current !== undefined && tries < MOST_TRIES; tries++) {
    if (current.state !== 'at_provider' || current.device?.grant !== session.device?.grant) return undefined
    const candidate = { id: candidateId, verified: false }
    const written = await unlessChanged(startChecking(flow, current, { candidate, device: undefined }))
    if (written !== undefined) return written
    current = await flow.sessions.get(session.id)
  }
  return undefined
}

/** When the sweeper looks at it again. */
export function watchAgain(flow: Pick<Flow, 'clock'>, session: ConnectSession): Date {
  return new Date(Math.min(flow.clock.now() + UNWATCHED_MS, session.expiresAt.getTime()))
}
