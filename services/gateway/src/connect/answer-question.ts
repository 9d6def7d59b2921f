import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import type { Browser } from './browser.ts'
import { askAgain, type Flow, requireState } from './flow.ts'
import { afterVerdict, toConfirmation } from './judge.ts'
import type { ConnectSession } from './session.ts'

/** The person's word on a question of the page: `yes` goes on with the candidate, `no` destroys it and asks again. */
export async function answerQuestion(
  flow: Flow,
  session: Stored<ConnectSession>,
  { answer, browser }: { readonly answer: unknown; readonly browser: Browser },
): Promise<Stored<ConnectSession>> {
  requireState(flow, session, ['question'])
  const { candidate } = session
  if (candidate === undefined) throw new TypeError('a question is about a candidate')
  if (answer === 'no') return askAgain(flow, session, { plain: session.lastTry?.plain ?? {}, scopes: session.lastTry?.scopes ?? [] })
  if (answer !== 'yes') throw new CodedError('INVALID_REQUEST')
  if (session.question === 'unverified') return afterVerdict(flow, session, browser)
  return toConfirmation(flow, await flow.sessions.change(session, { candidate: { ...candidate, changeConfirmed: true } }), browser)
}
