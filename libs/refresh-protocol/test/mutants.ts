/** Protocols that were broken on purpose, each in one place, with the promise that must be seen to break. */
import type { RefreshClass } from '../src/answer.ts'
import type { Intent, RefreshChild } from '../src/record.ts'
import { decideSave, decideStart, type SaveDecision, type StartDecision } from '../src/steps.ts'
import type { Breach } from './landing.ts'
import { REAL } from './model.ts'
import type { Protocol } from './world.ts'

export interface Mutant {
  readonly name: string
  readonly protocol: Protocol
  readonly refreshClass: RefreshClass
  readonly budget: string
  readonly breaks: Breach
}

type Start = typeof decideStart
type Save = typeof decideSave

const withoutIntent = (child: RefreshChild): RefreshChild => ({ ...child, intent: undefined })

/** Only the lease guards the refresh, and the save compares the token in force: the shape of a Redis lock. */
const startWithoutIntent: Start = (child, here) => {
  const decision = decideStart(withoutIntent(child), here)
  return decision.do === 'take' ? { ...decision, change: { ...decision.change, intent: undefined } } : decision
}
const saveWithoutIntent: Save = (child, sent, received) => {
  if (child === undefined || child.token.rtId !== sent.rtId) return { do: 'discard', because: 'replaced' }
  const made: Intent = { ...sent, clientGeneration: 1, senders: [sent.owner] }
  const decision = decideSave({ ...child, intent: made }, sent, received)
  return decision.do === 'discard' ? decision : { ...decision, change: { ...decision.change, intent: undefined } }
}

const saveFencedByTerm: Save = (child, sent, received) => {
  if (child?.intent !== undefined && child.intent.term !== sent.term) return { do: 'discard', because: 'replaced' }
  return decideSave(child, sent, received)
}

const strictAsReject: Start = (child, here) =>
  decideStart(child.refreshClass === 'strict' ? { ...child, refreshClass: 'reject' } : child, here)

/** What closes an intent too early: given what was received, is it forgotten? */
const closing =
  (when: (decision: SaveDecision, replay: boolean, kind: string) => boolean): Save =>
  (child, sent, received) => {
    const decision = decideSave(child, sent, received)
    if (decision.do !== 'keep' || !when(decision, sent.attempt !== 'first', received.answer.kind)) return decision
    return { do: 'close', change: { ...decision.change, intent: undefined } }
  }

/** Sends again under its own lease, but leaves the sender before as the holder of the intent. */
const startWithoutTakeover: Start = (child, here) => {
  const decision: StartDecision = decideStart(child, here)
  if (decision.do !== 'take' || child.intent === undefined) return decision
  return { ...decision, change: { ...decision.change, intent: child.intent } }
}

/** Each instance is on record once, however many answers it may hold. */
const startCountingOnce: Start = (child, here) => {
  const decision = decideStart(child, here)
  if (decision.do !== 'take' || decision.change.intent === undefined) return decision
  const { intent } = decision.change
  return { ...decision, change: { ...decision.change, intent: { ...intent, senders: [...new Set(intent.senders)] } } }
}

/** Saves whatever comes back, also for a secret that was replaced meanwhile. */
const saveWithoutComparing: Save = (child, sent, received) => {
  const decision = decideSave(child, sent, received)
  if (child === undefined || decision.do !== 'discard' || received.newRtId === undefined) return decision
  return { do: 'save', change: { version: child.version + 1, lease: child.lease, intent: undefined } }
}

/** An answer without a new token counts as the end of all doubt, whoever else may still hold one. */
const senderForgotten: Save = (child, sent, received) => {
  if (child?.intent === undefined) return decideSave(child, sent, received)
  return decideSave({ ...child, intent: { ...child.intent, senders: [sent.owner] } }, { ...sent, attempt: 'first' }, received)
}

const mutant = (name: string, change: Partial<Protocol>, caught: Pick<Mutant, 'refreshClass' | 'budget' | 'breaks'>): Mutant => ({
  name,
  protocol: { ...REAL, ...change },
  ...caught,
})

export const MUTANTS: readonly Mutant[] = [
  mutant(
    'no intent row',
    { decideStart: startWithoutIntent, decideSave: saveWithoutIntent },
    { refreshClass: 'strict', budget: 'pause', breaks: 'revoked_while_held' },
  ),
  mutant(
    'the save is fenced by the term',
    { decideSave: saveFencedByTerm },
    { refreshClass: 'reject', budget: 'pause', breaks: 'dropped' },
  ),
  mutant('replay on strict', { decideStart: strictAsReject }, { refreshClass: 'strict', budget: 'pause', breaks: 'revoked_while_held' }),
  mutant(
    'invalid_grant on a replay means dead',
    { decideSave: closing((_, replay, kind) => replay && kind === 'error') },
    { refreshClass: 'reject', budget: 'pause', breaks: 'live_called_dead' },
  ),
  mutant(
    'the intent is not taken over',
    { decideStart: startWithoutTakeover },
    { refreshClass: 'reject', budget: 'crash', breaks: 'unusable_unsaid' },
  ),
  mutant(
    'check and send are two steps',
    { checkAndSend: 'two_steps' },
    { refreshClass: 'reject', budget: 'pause', breaks: 'blind_replay' },
  ),
  mutant(
    'a last resort while the owner may live',
    { gone: 'assumed' },
    { refreshClass: 'strict', budget: 'pause', breaks: 'revoked_while_held' },
  ),
  mutant(
    'a last resort while the spill of a gone owner is unread',
    { gone: 'silent' },
    { refreshClass: 'strict', budget: 'crash', breaks: 'revoked_while_held' },
  ),
  mutant(
    "a last resort over an unread spill of one's own",
    { ownSpill: 'assumed_read' },
    { refreshClass: 'strict', budget: 'savefail', breaks: 'revoked_while_held' },
  ),
  mutant(
    'a replay speaks for the unread spill of its instance',
    { decideStart: startCountingOnce, ownSpill: 'looked_at' },
    { refreshClass: 'reject', budget: 'all', breaks: 'live_called_dead' },
  ),
  mutant('the spill comes after the parser', { spill: 'after_parse' }, { refreshClass: 'reject', budget: 'crash', breaks: 'dropped' }),
  mutant('no spill', { spill: 'never' }, { refreshClass: 'reject', budget: 'savefail', breaks: 'dropped' }),
  mutant(
    'an unknown outcome closes the intent',
    { decideSave: closing((_, __, kind) => kind === 'lost') },
    { refreshClass: 'reject', budget: 'lost', breaks: 'blind_replay' },
  ),
  mutant(
    'the save compares nothing',
    { decideSave: saveWithoutComparing },
    { refreshClass: 'reject', budget: 'replaced', breaks: 'replaced_overwritten' },
  ),
  mutant(
    'a refusal forgets the other senders',
    { decideSave: senderForgotten },
    { refreshClass: 'reject', budget: 'pause', breaks: 'live_called_dead' },
  ),
  mutant(
    'the write hook does not look at the clock',
    { mayWrite: () => true },
    { refreshClass: 'reject', budget: 'pause', breaks: 'blind_replay' },
  ),
]
