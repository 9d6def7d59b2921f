/**
 * The steps of one refresh as decisions over plain data. The vault adds only reading, compare-and-set, the POST and the
 * spill; the exhaustive model of the tests searches through these same functions.
 *
 *     2 read         decideStart(child, here)      → return | refuse | wait | in_doubt | take
 *     3 take         replace the child by `change` at the rev that was read; a conflict starts again at 2
 *     4 POST         mayWrite(sent, at)            in the tick that writes the first byte
 *     5 spill        `sent` and the answer's bytes, durable before they are parsed
 *     6 save         decideSave(child, sent, …)    → save | close | keep | discard, on a fresh read; a conflict reads again
 *     7 delete spill unless the decision keeps it
 *     8 restart      each spill record through 5's parser and 6, before the first decideStart of its credential
 *
 * P1 No token leaves before an intent for it is durable.
 * P2 While an intent is open only `openIntentRule` lets the same token leave again.
 * P3 A new token is saved by the intent's `rtId`, never by the term: whoever comes late still moves the store forward.
 * P4 An intent is closed only when it is known what became of its token, and nobody can come late.
 * P5 An answer that finds another intent, or none, belongs to a secret that was replaced: it is never saved.
 */
import { refusesGrant, spentness, type TokenAnswer } from './answer.ts'
import { openIntentRule } from './open-intent.ts'
import type { Attempt, Change, Intent, Lease, RefreshChild, Sent } from './record.ts'
import { REPLAY_MARGIN_MS, type RefreshTimes } from './times.ts'

/** Where and when, and for what, a refresh is about to start. */
export interface Here {
  readonly now: number
  /** The id of this vault instance: one per spill volume. */
  readonly me: string
  readonly times: Pick<RefreshTimes, 'leaseMs' | 'deadlineMs'>
  /** Of the OAuth client that would be used. */
  readonly clientGeneration: number
  /** Refresh only this version; absent: whichever is in force. */
  readonly expectedVersion?: number | undefined
  /** A token that lives beyond this is fresh enough; absent: refresh it anyhow, ahead of its end. */
  readonly neededUntil?: number | undefined
  /** The API answered 401 with this version's access token. */
  readonly accessTokenRefused?: boolean | undefined
  /** Somebody wants this refresh although the token may have been spent. */
  readonly asked?: boolean | undefined
  /** What is known of the `senders` of an open intent, oneself included (`gone` is ignored there). Unknown counts as alive. */
  readonly senders?: Readonly<Record<string, { readonly gone: boolean; readonly spillReplayed: boolean }>> | undefined
}

export type StartDecision =
  | { readonly do: 'return'; readonly because: 'moved' | 'fresh' }
  | { readonly do: 'refuse'; readonly because: 'no_refresh_token' }
  /** A last resort was refused before: judge it as an `invalid_grant` on a replay without open intent. */
  | { readonly do: 'refuse'; readonly because: 'grant_dead' }
  /** Read again at `untilMs`. */
  | { readonly do: 'wait'; readonly untilMs: number }
  /** Send nothing. `askUser`: the access token has ended too, so only a person can help now. */
  | { readonly do: 'in_doubt'; readonly askUser: boolean }
  /** `taken`: the child's new value, where there is a budget. */
  | { readonly do: 'take'; readonly change: Change; readonly sent: Sent; readonly taken?: readonly number[] }

/** Steps 2 and 3: whether this refresh starts, and what to write before it does. */
export function decideStart(child: RefreshChild, here: Here): StartDecision {
  if (here.expectedVersion !== undefined && child.version !== here.expectedVersion) return { do: 'return', because: 'moved' }
  const { rtId, expiresAt } = child.token
  if (here.neededUntil !== undefined && here.accessTokenRefused !== true && expiresAt !== undefined && expiresAt > here.neededUntil) {
    return { do: 'return', because: 'fresh' }
  }
  if (rtId === undefined) return { do: 'refuse', because: 'no_refresh_token' }
  if (child.restored === true && child.refreshClass === 'strict' && here.asked !== true) {
    return { do: 'in_doubt', askUser: hasEnded(child, here) }
  }
  if (child.lease !== undefined && here.now < child.lease.until) return { do: 'wait', untilMs: child.lease.until }
  const { intent } = child
  if (intent === undefined || intent.rtId !== rtId) return take(child, here, { rtId, attempt: 'first', senders: [] })
  if (intent.dead === true) return { do: 'refuse', because: 'grant_dead' }

  const outstanding = intent.senders.filter((sender) => !holdsNothing(sender, here))
  const rule = openIntentRule({
    refreshClass: child.refreshClass,
    intent: {
      attempt: intent.attempt,
      deadline: intent.deadline,
      ownerGone: outstanding.length === 0,
      spillReplayed: outstanding.length === 0,
    },
    accessTokenExpiresAt: expiresAt,
    accessTokenRefused: here.accessTokenRefused,
    now: here.now,
  })
  switch (rule) {
    case 'take_over':
      return take(child, here, { rtId, attempt: 'replay', senders: outstanding })
    case 'last_resort':
      return take(child, here, { rtId, attempt: 'last_resort', senders: [] })
    case 'wait':
      return { do: 'wait', untilMs: intent.deadline + REPLAY_MARGIN_MS }
    case 'in_doubt':
    case 'ask_user':
      return { do: 'in_doubt', askUser: rule === 'ask_user' }
  }
}

function hasEnded({ token: { expiresAt } }: RefreshChild, { accessTokenRefused, now }: Here): boolean {
  return accessTokenRefused === true || (expiresAt !== undefined && expiresAt <= now)
}

/**
 * Step 4, in the connector's write hook: `now` by the wall clock, `elapsedMs` since the take by the monotonic one. True
 * only before the deadline by both, and the lease outlasts the deadline, so no later term can exist while it is true.
 */
export function mayWrite(sent: Sent, at: { readonly now: number; readonly elapsedMs: number }): boolean {
  return at.now < sent.deadline && at.elapsedMs < sent.deadline - sent.startedAt
}

export type SaveDecision =
  /** Seal the new token as `change.version`, keep the blob before as `prev`, write both with `change`. */
  | { readonly do: 'save'; readonly change: Change }
  /** No doubt is left: the token was not spent, or is dead; `change.intent` then stays as its mark. For `judge` the intent is closed. */
  | { readonly do: 'close'; readonly change: Change }
  /** The outcome stays open: in doubt, unless a later sender is at work. `keepSpill`: its bytes may hold a token. */
  | { readonly do: 'keep'; readonly change: Change; readonly keepSpill: boolean }
  /** Nothing to write. `gone`: deleted, so a new token is revoked at the provider; otherwise it is dropped and audited. */
  | { readonly do: 'discard'; readonly because: 'gone' | 'replaced' | 'saved_before' }

/** Step 6, also for spill records (step 8). `child` is a fresh read, undefined for a tombstone; `newRtId` of the token received. */
export function decideSave(
  child: RefreshChild | undefined,
  sent: Sent,
  received: { readonly answer: TokenAnswer; readonly newRtId?: string | undefined },
): SaveDecision {
  if (child === undefined) return { do: 'discard', because: 'gone' }
  const { answer, newRtId } = received
  const { intent } = child
  if (intent === undefined || intent.rtId !== sent.rtId) {
    return { do: 'discard', because: newRtId !== undefined && newRtId === child.token.rtId ? 'saved_before' : 'replaced' }
  }
  const spent = spentness(answer, child.refreshClass)
  const lease = released(child.lease, sent)
  const keepSpill = answer.kind === 'unreadable' && answer.mayHoldToken
  const senders = keepSpill ? intent.senders : leaving(intent, sent)
  if (spent === 'rotated') return { do: 'save', change: { version: child.version + 1, lease, intent: undefined } }
  if (spent === 'same') {
    // The token is good, but another sender's answer may carry its successor: that one must still find its intent.
    const stillOpen = child.refreshClass !== 'static' && senders.length > 0
    const left: Intent | undefined = stillOpen ? { ...intent, attempt: 'first', senders } : undefined
    return { do: 'save', change: { version: child.version + 1, lease, intent: left } }
  }
  if (intent.term !== sent.term) {
    return { do: 'keep', keepSpill, change: { version: child.version, lease, intent: { ...intent, senders } } }
  }
  if (spent !== 'unknown' && settles(child, sent, { answer })) {
    const dead: Intent | undefined = sent.attempt === 'last_resort' && refusesGrant(answer) ? { ...intent, senders, dead: true } : undefined
    return { do: 'close', change: { version: child.version, lease, intent: child.refreshClass === 'static' ? undefined : dead } }
  }
  const looked = spent === 'unknown' || refusesGrant(answer)
  // By what was sent, not by what stands there: a spill record that is read twice must come to the same end.
  const attempt = looked ? sent.attempt : before(sent.attempt)
  return { do: 'keep', keepSpill, change: { version: child.version, lease, intent: { ...intent, attempt, senders } } }
}

/** Whether a refusal of the current sender ends all doubt about the token (P4). */
function settles(child: RefreshChild, sent: Sent, { answer }: { readonly answer: TokenAnswer }): boolean {
  // On a first attempt, and on the last resort, there is no other sender by construction; on a replay an invalid_grant
  // may only say that the one before us won. A static token is never spent, so whoever asks hears the truth.
  if (child.refreshClass === 'static' || sent.attempt === 'first') return true
  return sent.attempt === 'last_resort' && refusesGrant(answer)
}

/** The provider never looked at the token, so the attempt does not count. */
function before(attempt: Attempt): Attempt {
  return attempt === 'last_resort' ? 'replay' : 'first'
}

function take(
  child: RefreshChild,
  here: Here,
  open: { readonly rtId: string; readonly attempt: Attempt; readonly senders: readonly string[] },
): StartDecision {
  const { now, me, times } = here
  const counted = (child.taken ?? []).filter((at) => at > now - (child.budget?.windowMs ?? 0))
  const freeAt = budgetFreeAt(child, counted)
  if (freeAt !== undefined) return { do: 'wait', untilMs: freeAt }
  const term = (child.lease?.term ?? 0) + 1
  const sent: Sent = { rtId: open.rtId, term, owner: me, attempt: open.attempt, startedAt: now, deadline: now + times.deadlineMs }
  const intent: Intent = { ...sent, clientGeneration: here.clientGeneration, senders: [...open.senders, me] }
  const change = { version: child.version, lease: { owner: me, term, until: now + times.leaseMs }, intent }
  return { do: 'take', sent, change, ...(child.budget === undefined ? {} : { taken: [...counted, now] }) }
}

/** When the budget has room again; undefined while it has. One more request than it allows may cost the provider's patience for hours. */
function budgetFreeAt({ budget }: RefreshChild, counted: readonly number[]): number | undefined {
  if (budget === undefined || counted.length < budget.requests) return undefined
  return counted[counted.length - budget.requests]! + budget.windowMs
}

/** Without this POST's entry. An older POST of the instance that sent last has left before, unless it still has its own entry. */
function leaving({ senders, owner, term }: Intent, sent: Sent): readonly string[] {
  const first = senders.indexOf(sent.owner)
  const leftBefore = term !== sent.term && owner === sent.owner && senders.lastIndexOf(sent.owner) === first
  return leftBefore ? senders : senders.filter((_, index) => index !== first)
}

/** A later holder's lease is not ours to end. */
function released(lease: Lease | undefined, sent: Sent): Lease | undefined {
  return lease?.term === sent.term ? { ...lease, until: 0 } : lease
}

/** An earlier life of this instance is over, since it would still hold the spill volume: only the spill counts for oneself. */
function holdsNothing(sender: string, here: Here): boolean {
  const known = here.senders?.[sender]
  return known?.spillReplayed === true && (sender === here.me || known.gone)
}
