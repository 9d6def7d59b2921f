import { CodedError } from '@credence/errors'
import type { Browser } from './browser.ts'
import { confirmationCode } from './confirm-code.ts'
import type { ConnectSession } from './session.ts'

/**
 * The return address with what the host needs: the session, the one-time code while it is unconfirmed, the error code when it
 * has failed. Only the session's own browser can make it. The address was on the project's list when the session was made. Throws NOT_FOUND where there is none.
 */
export function onwardUrl(session: ConnectSession, browser: Browser | undefined): string {
  const { returnUrl, candidate } = session
  if (returnUrl === undefined || browser === undefined || session.browser !== browser.hash) throw new CodedError('NOT_FOUND')
  const url = new URL(returnUrl)
  url.searchParams.set('credence_session', session.id)
  if (session.state === 'unconfirmed' && session.confirm === 'host' && candidate !== undefined) {
    url.searchParams.set('credence_code', confirmationCode(browser, session, candidate))
  }
  if (session.failure !== undefined) url.searchParams.set('credence_error', session.failure.code)
  return url.href
}
