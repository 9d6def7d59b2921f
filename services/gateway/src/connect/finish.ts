import { isCoded } from '@credence/errors'
import type { Credential } from '@credence/proto/credential'
import { callAs } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { present } from '../services.ts'
import type { Flow } from './flow.ts'
import { actingFor, type Candidate, type ConnectSession, type Reservation } from './session.ts'

/** A call to the registry that is not answered by then is taken up by the sweeper. */
const CONNECTING_MS = 60_000

type FinishFlow = Pick<Flow, 'services' | 'sessions' | 'addresses' | 'ending' | 'clock' | 'log'>

/** The session after the registry has put its confirmed candidate in force. See `connectNow` for what it throws. */
export async function finish(flow: FinishFlow, session: Stored<ConnectSession>): Promise<Stored<ConnectSession>> {
  return (await connectNow(flow, session)).session
}

/**
 * Puts a confirmed candidate in force. Throws ACCOUNT_MISMATCH, with the session as it was; a failure of the world leaves it
 * `connecting`, where the sweeper finishes it; any other refusal ends it, and is thrown.
 */
export async function connectNow(
  flow: FinishFlow,
  session: Stored<ConnectSession>,
): Promise<{ session: Stored<ConnectSession>; credential: Credential }> {
  const { candidate, reserved } = session
  if (candidate === undefined || reserved === undefined) throw new TypeError('only a session with a candidate can be connected')
  const sweepAt = new Date(flow.clock.now() + CONNECTING_MS)
  const connecting =
    session.state === 'connecting'
      ? session
      : await flow.sessions.change(session, { state: 'connecting', question: undefined, lastTry: undefined, sweepAt })
  const { credentialId } = reserved
  try {
    await flow.addresses.remember({ id: credentialId, project: session.project, user: session.user, providerId: session.providerId })
    const credential = await promote(flow, session, { candidate, reserved })
    return { session: await end(flow, connecting), credential }
  } catch (error) {
    throw await stepBack(flow, connecting, error)
  }
}

async function promote(
  { services }: FinishFlow,
  session: ConnectSession,
  { candidate, reserved }: { candidate: Candidate; reserved: Reservation },
): Promise<Credential> {
  const { accountId, accountName } = candidate
  const account = accountId === undefined && accountName === undefined ? undefined : { id: accountId ?? '', name: accountName ?? '' }
  const answer = await services.registry.connect(
    {
      credentialId: reserved.credentialId,
      candidateId: candidate.id,
      sessionId: session.id,
      account,
      verified: candidate.verified,
      confirmAccountChange: candidate.changeConfirmed ?? false,
      providerVersion: reserved.providerVersion,
      pattern: reserved.pattern,
    },
    callAs(actingFor(session)),
  )
  return present(answer.credential, 'credential')
}

async function end({ sessions }: FinishFlow, session: Stored<ConnectSession>): Promise<Stored<ConnectSession>> {
  const { candidate, reserved, confirm } = session
  const data = {
    actor: session.creator.subject,
    credential_id: reserved?.credentialId,
    provider_id: session.providerId,
    candidate_id: candidate?.id,
    confirm,
  }
  return sessions.change(session, { state: 'connected' }, [{ type: 'session.completed', data }])
}

/** The error to throw, after the session was put where it belongs. */
async function stepBack({ sessions, ending }: FinishFlow, session: Stored<ConnectSession>, error: unknown): Promise<unknown> {
  if (!isCoded(error) || isWorldly(error.code)) return error
  const back = await sessions.change(session, { state: 'unconfirmed', sweepAt: session.expiresAt })
  if (error.code !== 'ACCOUNT_MISMATCH') await ending.fail(back, error)
  return error
}

/** Codes after which the same call may succeed: `Connect` is idempotent by candidate, so it is simply made again. */
const WORLDLY: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'STORE_UNAVAILABLE',
  'AUDIT_UNAVAILABLE',
  'CONFLICT',
  'INTERNAL',
  'THROTTLED',
])

function isWorldly(code: string): boolean {
  return WORLDLY.has(code)
}
