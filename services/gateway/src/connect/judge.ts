import type { VerifyResponse } from '@credence/proto/verifier'
import { callAs } from '@credence/rpc'
import type { Stored } from '@credence/store'
import type { Browser } from './browser.ts'
import { codeHash, confirmationCode } from './confirm-code.ts'
import { finish } from './finish.ts'
import { askAgain, type Flow } from './flow.ts'
import { actingFor, type Candidate, type ConnectSession, type LastTry } from './session.ts'

/** Verifying waits for the provider: longer than the usual deadline of a call. */
const VERIFY_TIMEOUT_MS = 60_000

/**
 * Has the candidate proven by one call and moves the session on: back to the form with the cause, to a question ("keep it
 * unverified?", "another account?"), or to the confirmation.
 */
export async function judge(
  flow: Flow,
  session: Stored<ConnectSession>,
  by: { readonly browser: Browser | undefined; readonly tried: LastTry },
): Promise<Stored<ConnectSession>> {
  const { reserved, candidate } = session
  if (reserved === undefined || candidate === undefined) throw new TypeError('judge needs a sealed candidate')
  const { verdict, cause, sentence, account } = await verify(flow, session)
  if (verdict === 'failed') return askAgain(flow, session, { ...by.tried, problem: sentence, cause })
  const judged: Candidate = {
    ...candidate,
    verified: verdict === 'ok',
    ...(account === undefined || account.id === '' ? {} : { accountId: account.id }),
    ...(account === undefined || account.name === '' ? {} : { accountName: account.name }),
  }
  if (verdict === 'undecided') {
    const lastTry = { ...by.tried, problem: sentence, cause }
    return flow.sessions.change(session, {
      state: 'question',
      question: 'unverified',
      candidate: judged,
      lastTry,
      sweepAt: session.expiresAt,
    })
  }
  return afterVerdict(flow, await flow.sessions.change(session, { candidate: judged, lastTry: by.tried }), by.browser)
}

/** A reconnect with another account is asked about; all else goes to the confirmation. */
export async function afterVerdict(
  flow: Flow,
  session: Stored<ConnectSession>,
  browser: Browser | undefined,
): Promise<Stored<ConnectSession>> {
  if (await isAnotherAccount(flow, session)) {
    return flow.sessions.change(session, { state: 'question', question: 'account', sweepAt: session.expiresAt })
  }
  return toConfirmation(flow, session, browser)
}

/**
 * Nothing is usable before the person is confirmed. With `none` the project has agreed to go without; with `widget` the
 * browser of the session is that of the widget, which was proven before anything was asked.
 */
export async function toConfirmation(
  flow: Flow,
  session: Stored<ConnectSession>,
  browser: Browser | undefined,
): Promise<Stored<ConnectSession>> {
  const { candidate } = session
  if (candidate === undefined) throw new TypeError('a confirmation needs a candidate')
  if (session.confirm === 'none' || session.opener?.proven === true) return finish(flow, session)
  if (browser === undefined) throw new TypeError('a confirmation needs the browser that it is made from')
  const confirmation =
    session.confirm === 'login' ? undefined : { hash: codeHash(session.id, confirmationCode(browser, session, candidate)), tries: 0 }
  return flow.sessions.change(session, { state: 'unconfirmed', question: undefined, confirmation, sweepAt: session.expiresAt })
}

/** The name of the account that was connected before, when the new one is another; undefined when it is not. */
export async function formerAccount(
  flow: Pick<Flow, 'services'>,
  session: ConnectSession,
): Promise<{ id: string; name: string } | undefined> {
  if (session.credentialId === undefined) return undefined
  const { credential } = await flow.services.registry.get({ credentialId: session.credentialId }, callAs(actingFor(session)))
  return credential?.account
}

async function isAnotherAccount(flow: Flow, session: ConnectSession): Promise<boolean> {
  const id = session.candidate?.accountId
  if (id === undefined || session.candidate?.changeConfirmed === true) return false
  const former = await formerAccount(flow, session)
  return former !== undefined && former.id !== '' && former.id !== id
}

async function verify({ services }: Flow, session: ConnectSession): Promise<VerifyResponse> {
  const { reserved, candidate } = session
  return services.verifier.verify(
    {
      credentialId: reserved?.credentialId ?? '',
      candidateId: candidate?.id ?? '',
      providerId: session.providerId,
      providerVersion: reserved?.providerVersion ?? 0,
      pattern: reserved?.pattern ?? 0,
    },
    callAs(actingFor(session), { timeoutMs: VERIFY_TIMEOUT_MS }),
  )
}
