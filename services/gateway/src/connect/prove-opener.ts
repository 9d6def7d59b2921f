import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import type { Browser } from './browser.ts'
import { same, sha256 } from './digest.ts'
import { type Flow, requireState } from './flow.ts'
import type { ConnectSession } from './session.ts'

/**
 * Binds a widget's session to the browser that shows the widget's proof. Only the widget has it, and gives it to a window that
 * asks from our own origin: who merely was sent the link has no page behind his window that could answer. So the browser in
 * which the session goes on is the one in which the widget's person is, also where the provider's page cuts `opener` later.
 * Throws SESSION_REFUSED for a wrong proof and for another browser.
 */
export async function proveOpener(
  flow: Pick<Flow, 'sessions' | 'clock'>,
  session: Stored<ConnectSession>,
  { browser, proof }: { readonly browser: Browser; readonly proof: string },
): Promise<Stored<ConnectSession>> {
  const { opener } = session
  requireState(flow, session, ['open'])
  if (opener === undefined || !same(sha256(proof), opener.proofHash)) throw new CodedError('SESSION_REFUSED')
  if (session.browser !== undefined && session.browser !== browser.hash) throw new CodedError('SESSION_REFUSED')
  if (opener.proven) return session
  return flow.sessions.change(session, { browser: browser.hash, opener: { ...opener, proven: true } })
}
