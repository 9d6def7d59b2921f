import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, actorName } from '../caller/actor.ts'
import { change } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import { findSetup, noSetup } from './find-setup.ts'
import { mayMove, moved, needStep, wrongStep } from './move.ts'
import type { SetupDoc } from './setup.ts'

export interface SessionReport {
  readonly id: string
  readonly sessionId: string
  /** `session`: one was made for it. `verify`: what was entered is being tried. `back`: it was refused, or the session ended. */
  readonly event: string
  readonly cause: string
  readonly sentence: string
}

/** What the gateway says of the session that connects a setup. Idempotent; S3 what another session tells changes nothing. */
export async function reportSession(registry: Registry, actor: Actor, report: SessionReport): Promise<SetupDoc> {
  const found = await findSetup(registry, actor, report.id)
  const by = actorName(actor)
  const written = await change(registry.docs.setups, found.id, (doc) => {
    if (report.event === 'session') return withSession(registry, doc, report, by)
    if (doc.sessionId !== report.sessionId) return undefined
    if (report.event === 'verify')
      return doc.state === 'connect' ? moved(registry, doc, { to: 'verify', actor: by, change: { back: undefined } }) : undefined
    if (report.event !== 'back') throw new CodedError('INVALID_REQUEST')
    if (doc.state !== 'verify' && doc.state !== 'connect') return undefined
    const { cause, sentence } = report
    const isSame = doc.state === 'connect' && doc.back?.cause === cause && doc.back.sentence === sentence
    const tries = doc.tries + (doc.state === 'verify' ? 1 : 0)
    return isSame ? undefined : moved(registry, doc, { to: 'connect', actor: by, change: { back: { cause, sentence }, tries } })
  })
  registry.nudge()
  if (written === undefined) throw noSetup()
  return written
}

function withSession(registry: Registry, doc: SetupDoc, { sessionId }: SessionReport, actor: string): SetupDoc | undefined {
  needStep(doc, 'connect', 'verify')
  if (doc.sessionId === sessionId) return undefined
  return moved(registry, doc, { to: 'connect', actor, change: { sessionId } })
}

/**
 * S4 One credential of a setup is put in force: whose reservation is written here goes on, every other one is refused with
 * SETUP_STEP, and so is the session of a setup that was cancelled. A reservation that came to nothing gives way.
 */
export async function claimSetup(registry: Registry, sessionId: string, credentialId: string): Promise<void> {
  const setup = await setupOf(registry, sessionId)
  if (setup === undefined) return
  for (let before = setup.connecting; ; ) {
    const seen = before
    const isTaken = seen !== undefined && seen !== credentialId && (await becameOf(registry, seen)) !== 'nothing'
    const written = await change(registry.docs.setups, setup.id, (doc) => {
      if (doc.sessionId !== sessionId || doc.credentialId === credentialId || doc.connecting === credentialId) return undefined
      if (!mayMove(doc.state, 'done')) throw wrongStep(doc.state)
      if (doc.connecting !== seen) return undefined
      if (isTaken) throw wrongStep('verify')
      return { ...doc, connecting: credentialId }
    })
    if (written?.sessionId !== sessionId || [written.connecting, written.credentialId].includes(credentialId)) return
    before = written.connecting
  }
}

async function becameOf(registry: Registry, credentialId: string): Promise<'nothing' | 'under way' | 'in force'> {
  const doc = await registry.docs.credentials.get(credentialId, { fresh: true })
  if (doc === undefined || doc.deletedAt !== undefined) return 'nothing'
  if (doc.hiddenSince === undefined) return 'in force'
  return doc.promoting === undefined ? 'nothing' : 'under way'
}

async function setupOf(registry: Registry, sessionId: string): Promise<Stored<SetupDoc> | undefined> {
  if (sessionId === '') return undefined
  return (await registry.docs.setups.find('session', { prefix: [sessionId], limit: 1 })).docs[0]
}

/** The session has connected its credential: told by the registry itself, in the call that did it, so that it cannot be lost. */
export async function completeSetup(registry: Registry, sessionId: string, credentialId: string): Promise<void> {
  const setup = await setupOf(registry, sessionId)
  if (setup === undefined) return
  await change(registry.docs.setups, setup.id, (doc) => {
    if (doc.sessionId !== sessionId || !mayMove(doc.state, 'done')) return undefined
    return moved(registry, doc, { to: 'done', actor: 'service:registry', change: { credentialId, back: undefined } })
  })
  registry.nudge()
}

/**
 * A setup that stands at verify longer than any session lives has lost whoever was to tell the outcome: it is done where its
 * credential came into force after all, and else at connect again.
 */
export async function bringBack(registry: Registry, setup: Stored<SetupDoc>): Promise<void> {
  const { connecting, sessionId = '' } = setup
  if (connecting !== undefined && (await becameOf(registry, connecting)) === 'in force')
    return completeSetup(registry, sessionId, connecting)
  const back = { cause: 'interrupted', sentence: 'The last try was interrupted. Try again.' }
  await change(registry.docs.setups, setup.id, (doc) =>
    doc.state === 'verify' && doc.movedAt.getTime() === setup.movedAt.getTime()
      ? moved(registry, doc, { to: 'connect', actor: 'service:registry', change: { back } })
      : undefined,
  )
  registry.nudge()
}
