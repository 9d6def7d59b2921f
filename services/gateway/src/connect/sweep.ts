import type { Stored } from '@credence/store'
import type { Claims } from './claims.ts'
import { followDevice, watchAgain } from './device.ts'
import { connectNow } from './finish.ts'
import { askAgain, type Flow } from './flow.ts'
import { type ConnectSession, hasEnded, stateAt } from './session.ts'

const EVERY_MS = 15_000
const PAGE = 50
const RETRY_MS = 60_000

/** Looks after sessions that nobody moves any more, until the signal aborts. A session that fails is told of and tried again later. */
export async function sweepSessions(flow: Flow, others: readonly Pick<Claims, 'sweep'>[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sweepOnce(flow).catch((error: unknown) => flow.log.failure('sessions.sweep_failed', error))
    for (const other of others) await other.sweep().catch((error: unknown) => flow.log.failure('sessions.sweep_failed', error))
    await flow.clock.sleep(EVERY_MS, signal).catch(() => undefined)
  }
}

/** One round; returns how many sessions it moved. */
export async function sweepOnce(flow: Flow): Promise<number> {
  const due = await flow.sessions.due(flow.clock.now(), PAGE)
  const swept = await Promise.all(
    due.map((session) =>
      sweep(flow, session).then(
        () => 1,
        async (error: unknown) => {
          flow.log.failure('session.sweep_failed', error, { session_id: session.id })
          return 0
        },
      ),
    ),
  )
  return swept.reduce((sum, one) => sum + one, 0)
}

/** Finished what was confirmed, ended what is late, opened again what was left in the middle, removed what is old. */
async function sweep(flow: Flow, session: Stored<ConnectSession>): Promise<void> {
  if (hasEnded(session.state)) return flow.sessions.collection.remove(session.id, session.rev)
  if (session.state === 'connecting') {
    const sweepAt = new Date(flow.clock.now() + RETRY_MS)
    await connectNow(flow, await flow.sessions.change(session, { sweepAt }))
    return
  }
  if (stateAt(session, flow.clock.now()) === 'timed_out') {
    await flow.ending.end(session, { state: 'timed_out', code: 'SESSION_EXPIRED', detail: 'The session was not finished in time.' })
    return
  }
  if (session.state === 'at_provider' && session.device !== undefined) {
    await followDevice(flow, await flow.sessions.change(session, { sweepAt: watchAgain(flow, session) }))
    return
  }
  const problem = 'The last try was interrupted. Try again.'
  if (session.state === 'checking') await askAgain(flow, session, { ...(session.lastTry ?? { plain: {} }), problem })
}
