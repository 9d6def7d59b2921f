import { CodedError, isCoded } from '@credence/errors'
import { callAs } from '@credence/rpc'
import type { Stored } from '@credence/store'
import type { Browser } from './browser.ts'
import { offerAssets } from './choose-assets.ts'
import { same, sha256 } from './digest.ts'
import { spent } from './fail-session.ts'
import { type Flow, requireState, startChecking } from './flow.ts'
import { judge } from './judge.ts'
import { actingFor, type ConnectSession, type LastTry } from './session.ts'
import { unlessChanged } from './session-store.ts'
import { recover } from './submit-secret.ts'

/** What came back from a provider, as query parameters; a parameter that was given twice is an array. */
export interface GrantAnswer {
  /** `ocl_…` of the address that was called. */
  readonly clientId: string
  readonly parameters: Readonly<Record<string, unknown>>
}

/** The token request and one probe. */
const REDEEM_TIMEOUT_MS = 60_000
/** After these the person can simply try again; every other refusal ends the session. */
const TRY_AGAIN: ReadonlySet<string> = new Set([
  'SCOPE_MISSING',
  'ASSETS_MISSING',
  'TOKEN_ANSWER_UNUSABLE',
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_TIMEOUT',
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'VERIFY_FAILED',
])

/**
 * Takes the person back from the provider. G1 Nothing is sent anywhere before the state was found, unspent, and the browser
 * and the redirect address were compared with it (RFC 9700 §4.7, §4.4). G2 The state is spent before the code is redeemed.
 * Throws STATE_REFUSED where there is no session to end: for a `state` that is unknown, absent, doubled or spent.
 */
export async function completeGrant(flow: Flow, answer: GrantAnswer, browser: Browser | undefined): Promise<Stored<ConnectSession>> {
  const state = single(answer.parameters.state)
  if (state === undefined) throw new CodedError('STATE_REFUSED')
  const stateHash = sha256(state)
  const session = await flow.sessions.byState(stateHash)
  if (session === undefined || !same(session.stateHash ?? '', stateHash)) throw new CodedError('STATE_REFUSED')
  if (browser === undefined || session.browser !== browser.hash || session.reserved?.clientId !== answer.clientId) {
    await flow.ending.fail(session, new CodedError('STATE_REFUSED'))
    throw new CodedError('STATE_REFUSED')
  }
  requireState(flow, session, ['at_provider'])
  const refusal = refusalIn(answer.parameters)
  if (refusal !== undefined) return refused(flow, session, { state, parameters: answer.parameters, refusal })
  const checking = await unlessChanged(startChecking(flow, session, { stateHash: undefined, spentStates: spent(session) }))
  // The same answer came twice at once: the other one redeems it.
  if (checking === undefined) return (await flow.sessions.get(session.id)) ?? session
  return redeem(flow, checking, { state, parameters: answer.parameters, browser })
}

/** The vault spends the state and records the refusal in the history of the credential; the session ends either way. */
async function refused(
  flow: Flow,
  session: Stored<ConnectSession>,
  { state, parameters, refusal }: { state: string; parameters: GrantAnswer['parameters']; refusal: CodedError },
): Promise<Stored<ConnectSession>> {
  const order = { sessionId: session.id, state, code: '', iss: single(parameters.iss) ?? '', error: single(parameters.error) ?? 'no_code' }
  await flow.services.vault.completeGrant(order, callAs(actingFor(session))).catch((error: unknown) => {
    if (!isCoded(error)) throw error
  })
  return flow.ending.fail(session, refusal)
}

async function redeem(
  flow: Flow,
  session: Stored<ConnectSession>,
  { state, parameters, browser }: { state: string; parameters: GrantAnswer['parameters']; browser: Browser },
): Promise<Stored<ConnectSession>> {
  const tried: LastTry = session.lastTry ?? { plain: {} }
  try {
    const { candidateId, assets, account } = await flow.services.vault.completeGrant(
      { sessionId: session.id, state, code: single(parameters.code) ?? '', iss: single(parameters.iss) ?? '' },
      callAs(actingFor(session), { timeoutMs: REDEEM_TIMEOUT_MS }),
    )
    const candidate = { id: candidateId, verified: false }
    if (assets.length > 0) return await offerAssets(flow, session, { candidate, assets, account })
    const sealed = await flow.sessions.change(session, { candidate })
    return await judge(flow, sealed, { browser, tried })
  } catch (error) {
    if (isCoded(error) && !TRY_AGAIN.has(error.code)) return endUnlessMovedOn(flow, session.id, error)
    return recover(flow, session.id, { error, tried })
  }
}

async function endUnlessMovedOn(flow: Flow, id: string, error: CodedError): Promise<Stored<ConnectSession>> {
  const current = await flow.sessions.get(id)
  if (current === undefined) throw error
  return flow.ending.fail(current, error)
}

/** RFC 6749 §4.1.2.1, and answers that are none. */
function refusalIn(parameters: GrantAnswer['parameters']): CodedError | undefined {
  if (Array.isArray(parameters.iss)) return new CodedError('ISSUER_MISMATCH')
  const error = parameters.error
  if (error === 'access_denied') return new CodedError('GRANT_DENIED', 'The access was not allowed at the provider. Nothing was connected.')
  if (error !== undefined) {
    const told = typeof error === 'string' && /^[a-z_]{1,48}$/.test(error) ? error : 'other'
    return new CodedError('GRANT_DENIED', `The provider did not go on (${told}). Nothing was connected.`, {
      facts: { upstream_error: told },
    })
  }
  return single(parameters.code) === undefined
    ? new CodedError('GRANT_DENIED', 'The provider sent no code. Nothing was connected.')
    : undefined
}

/** RFC 6749 §3.1: parameters must not be included more than once. */
function single(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
