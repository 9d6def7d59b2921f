import { CodedError } from '@credence/errors'
import type { NewFact } from '@credence/events'
import { withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import type { SetupDoc, SetupState } from './setup.ts'

/** From where to where. No step is skipped; a step may be gone back. */
const MOVES: Readonly<Record<SetupState, readonly SetupState[]>> = {
  research: ['research', 'guided', 'cancelled'],
  guided: ['research', 'guided', 'connect', 'cancelled'],
  // `done` without `verify`: the person kept it unverified, or another replica was quicker to tell.
  connect: ['research', 'guided', 'connect', 'verify', 'done', 'cancelled'],
  verify: ['connect', 'verify', 'done', 'cancelled'],
  done: [],
  cancelled: [],
}

export function mayMove(from: SetupState, to: SetupState): boolean {
  return MOVES[from].includes(to)
}

/** Throws SETUP_STEP naming the step it is at, unless it may go to `to`. */
export function needMove(doc: Pick<SetupDoc, 'state'>, to: SetupState): void {
  if (mayMove(doc.state, to)) return
  throw wrongStep(doc.state)
}

/** Throws SETUP_STEP unless it is at one of the steps. */
export function needStep(doc: Pick<SetupDoc, 'state'>, ...states: readonly SetupState[]): void {
  if (!states.includes(doc.state)) throw wrongStep(doc.state)
}

const SENTENCES: Readonly<Record<SetupState, string>> = {
  research: 'The setup is still at research: wait for it, or give the address that it asks for.',
  guided: 'The setup is at the guided steps: accept them first.',
  connect: 'The setup is at connect: make a session for it, or send the values.',
  verify: 'The setup is being verified: wait for the outcome.',
  done: 'The setup is done; its credential is in force.',
  cancelled: 'The setup was cancelled; start a new one.',
}

export function wrongStep(state: SetupState): CodedError {
  return new CodedError('SETUP_STEP', SENTENCES[state], { facts: { state } })
}

/** The document after a move, with its fact; for `change`. Throws SETUP_STEP. */
export function moved(
  registry: Registry,
  doc: SetupDoc,
  move: { readonly to: SetupState; readonly actor: string; readonly change?: Partial<SetupDoc> },
): SetupDoc {
  needMove(doc, move.to)
  const now = registry.now()
  const verifyingSince = move.to === 'verify' ? (doc.verifyingSince ?? now) : undefined
  const next: SetupDoc = { ...doc, ...move.change, state: move.to, movedAt: now, verifyingSince }
  const data = {
    actor: move.actor,
    status: move.to,
    reason: next.back?.cause ?? next.needs,
    provider_id: next.provider?.id,
    session_id: next.sessionId?.startsWith('sess_') ? next.sessionId : undefined,
    credential_id: next.credentialId,
  }
  const fact: NewFact = { type: 'setup.moved', data }
  return withFacts(registry, next, [fact])
}
