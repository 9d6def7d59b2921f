import { CodedError, isCoded } from '@credence/errors'
import { fillUrl } from '@credence/provider'
import { decideStart } from '@credence/refresh-protocol'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import type { Stored } from '@credence/store'
import { refreshView } from '../grant/grant-secret.ts'
import { postToken, type TokenPostResult } from '../grant/token-endpoint.ts'
import { renewalParameters, renewedBy } from '../renewal/by-token.ts'
import { exchangeAgain } from '../renewal/exchange-again.ts'
import type { Child } from './child.ts'
import { countTokenAnswer } from './measure.ts'
import { openSecret } from './open.ts'
import { auditBase, usedBy } from './record-change.ts'
import { type RefreshAttempt, type RefreshCause, refuseLate } from './refresh-attempt.ts'
import { type RefreshContext, type RefreshOutcome, withRefreshState } from './refresh-context.ts'
import { type SaveFacts, saveAnswer, saveParsed, saveUnanswered } from './save-refresh.ts'

export interface RefreshOrder {
  readonly credentialId: string
  /** Refresh only while this is the version; absent: whichever is in force. */
  readonly expectedVersion?: number
  readonly cause: RefreshCause
}

/** Refreshes a grant. Callers of one credential in this process share one refresh and its outcome (REFRESH 4.3 step 1). */
export type Refresh = (principal: Principal, order: RefreshOrder) => Promise<RefreshOutcome>

/** A conflict means that somebody else wrote; after so many the caller is told to come back. */
const MOST_STARTS = 10

export interface Refreshing {
  readonly refresh: Refresh
  /** Resolves when no refresh is under way: a stop must not cut one whose token is spent. */
  settled(): Promise<void>
}

export function createRefresh(vault: RefreshContext): Refreshing {
  const flights = new Map<string, Promise<RefreshOutcome>>()
  function flight(principal: Principal, order: RefreshOrder): Promise<RefreshOutcome> {
    const joined = flights.get(order.credentialId)
    if (joined !== undefined) return joined
    const started = span('vault.refresh', { credential_id: order.credentialId }, () => start(vault, principal, order))
    const shared = started.finally(() => flights.delete(order.credentialId))
    flights.set(order.credentialId, shared)
    return shared
  }
  return {
    async refresh(principal, order) {
      const child = await vault.children.need(order.credentialId)
      if (principal.project !== '' && child.project !== principal.project) throw new CodedError('NOT_FOUND')
      return flight(principal, order)
    },
    async settled() {
      await Promise.allSettled(flights.values())
    },
  }
}

async function start(vault: RefreshContext, principal: Principal, order: RefreshOrder): Promise<RefreshOutcome> {
  for (let tries = 1; tries <= MOST_STARTS; tries++) {
    const child = await vault.children.need(order.credentialId)
    const recipe = await vault.recipes.get(child.recipe)
    if ((recipe.oauth ?? recipe.renewal) === undefined || child.access === undefined) return { outcome: 'no_refresh_token', child }
    if (child.access.state !== 'active') return { outcome: child.access.state === 'disabled' ? 'disabled' : 'not_active', child }
    const clientGeneration = recipe.oauth === undefined ? 0 : await vault.clients.generation(recipe.oauth.clientId)
    const senders = await vault.instances.senders(
      child.intent?.senders ?? [],
      !vault.spill.open().some((record) => record.credential === child.id),
    )
    const takenMs = vault.clock.monotonicMs()
    const view = refreshView(child, recipe, vault.restoredAt)
    const decision = decideStart(view, {
      now: vault.clock.now(),
      me: vault.instances.me,
      times: vault.refreshTimes,
      clientGeneration,
      expectedVersion: order.expectedVersion,
      accessTokenRefused: order.cause === 'unauthorized',
      asked: order.cause === 'enable' || order.cause === 'operator',
      senders,
    })
    if (decision.do === 'return') return { outcome: decision.because, child }
    if (decision.do === 'refuse') return { outcome: decision.because, child }
    if (decision.do === 'wait') return { outcome: 'waiting', child, waitUntilMs: decision.untilMs }
    if (decision.do === 'in_doubt')
      return { outcome: 'in_doubt', child, openIntent: true, askUser: decision.askUser, restored: view.restored ?? false }
    const taken = await take(vault, child, decision)
    if (taken !== undefined)
      return attempt(vault, principal, { child: taken, recipe, sent: decision.sent, clientGeneration, takenMs, cause: order.cause })
  }
  return { outcome: 'waiting', waitUntilMs: vault.clock.now() + vault.refreshTimes.leaseMs }
}

/** Step 3: lease and intent in one compare-and-set, which also proves that the store can be written before a token is spent. */
async function take(
  vault: RefreshContext,
  child: Stored<Child>,
  decision: Extract<ReturnType<typeof decideStart>, { do: 'take' }>,
): Promise<Stored<Child> | undefined> {
  const { lease, intent } = decision.change
  const budgeted = decision.taken === undefined ? child : { ...child, refreshesTaken: decision.taken }
  vault.failpoint('FP1')
  try {
    const taken = await vault.children.replace(withRefreshState(budgeted, { lease, intent }), child)
    vault.failpoint('FP2')
    return taken
  } catch (error) {
    if (isCoded(error, 'CONFLICT')) return undefined
    throw error
  }
}

/** Steps 4 to 7. The audit record is on the disk before the token is decrypted; without one nothing is sent. */
async function attempt(vault: RefreshContext, principal: Principal, at: RefreshAttempt): Promise<RefreshOutcome> {
  const { child } = at
  const by = { ...principal, project: child.project }
  const base = { ...auditBase(vault, by), action: 'refresh' as const, credential: child.id, ...usedBy(child) }
  const facts = { recipe: at.recipe, sent: at.sent, clientGeneration: at.clientGeneration, credentialId: at.child.id }
  try {
    await vault.audit.append({ ...base, phase: 'began' })
  } catch (error) {
    // The intent is closed again: it would say that the token may be spent.
    await saveUnanswered(vault, { ...facts, answer: { kind: 'not_sent', cause: 'audit_unavailable' } })
    throw error
  }
  const outcome = await sendAndSave(vault, at, facts)
  const { answer } = outcome
  const refused = answer?.kind === 'error' ? { providerError: answer.code } : {}
  const status = answer !== undefined && 'status' in answer ? { status: answer.status } : {}
  const code = outcome.outcome === 'refreshed' || outcome.outcome === 'moved' ? 'ok' : (answer?.kind ?? outcome.outcome)
  vault.metrics.count('credence_refresh_requests_total', { cause: at.cause, outcome: code })
  vault.metrics.record('credence_refresh_seconds', (vault.clock.monotonicMs() - at.takenMs) / 1000, {})
  countTokenAnswer(vault.metrics, answer)
  const version = outcome.child === undefined ? {} : { version: outcome.child.version }
  const ended = { ...base, at: vault.clock.now(), phase: 'ended' as const, outcome: code, ...refused, ...status, ...version }
  await vault.audit.append(ended).catch(() => undefined)
  vault.nudge()
  return outcome
}

/** What is exchanged again needs no spill: an answer that is lost can be asked for once more. */
async function sendAndSave(vault: RefreshContext, at: RefreshAttempt, facts: SaveFacts): Promise<RefreshOutcome> {
  if (at.recipe.renewal !== undefined) {
    const renewed = await exchangeAgain(vault, at, at.recipe.renewal)
    return renewed.kind === 'answered'
      ? saveParsed(vault, { ...facts, parsed: renewed.parsed })
      : saveUnanswered(vault, { ...facts, answer: { kind: 'not_sent', cause: renewed.cause } })
  }
  const posted = await post(vault, at)
  return posted.kind === 'answered'
    ? saveAnswer(vault, { ...facts, raw: posted.raw })
    : saveUnanswered(vault, { ...facts, answer: { kind: posted.kind, cause: posted.cause } })
}

/** Step 4: one POST. Term and deadline are checked by both clocks in the tick that writes, so a paused process sends nothing late. */
async function post(vault: RefreshContext, at: RefreshAttempt): Promise<TokenPostResult> {
  const { recipe, child } = at
  try {
    using secret = await openSecret(vault, child)
    using client = await vault.clients.open(recipe.oauth!.clientId, child.project)
    const refreshToken = secret.fields.get(renewedBy(recipe.oauth!))
    if (refreshToken === undefined) return { kind: 'not_sent', cause: 'no_refresh_token' }
    const result = await span('vault.token_request', { credential_id: child.id }, () =>
      postToken(
        vault.egress,
        {
          project: child.project,
          url: fillUrl(recipe, recipe.oauth!.tokenUri, child.plain),
          hosts: secret.hosts.token,
          parameters: renewalParameters(recipe.oauth!, refreshToken),
          client,
          style: recipe.oauth!,
          deadlineMs: vault.refreshTimes.deadlineMs,
          beforeWrite: () => {
            refuseLate(vault, at)
            // The bytes leave in this call stack: a microtask is the first moment in which a crash finds them gone, and too early
            // for any answer. An immediate is not: on a reused connection the loop reads sockets before it comes.
            queueMicrotask(() => vault.failpoint('FP3'))
          },
          failpoint: vault.failpoint,
        },
        vault.random,
      ),
    )
    return result
  } catch (error) {
    // Nothing above this sends: whatever failed, the token is unspent, and the intent must not say otherwise.
    return { kind: 'not_sent', cause: isCoded(error) ? error.code.toLowerCase() : 'internal' }
  }
}
