import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope, orderOf } from '../caller/actor.ts'
import { type CapabilityDoc, consentedTo } from '../capability/capability.ts'
import { findCapability } from '../capability/read-capability.ts'
import { recordCustomer } from '../credential/history-entry.ts'
import type { UserRef } from '../credential/parent.ts'
import { change, insertOnce } from '../documents/change.ts'
import { withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { type ConsentDoc, consentId, type GivenConsent, MOST_ENTRIES } from './consent.ts'
import { pushConsent } from './push-consent.ts'
import { type ConsentView, findConsent, viewOf } from './read-consent.ts'

export interface Giving {
  readonly capabilityId: string
  /** As it was shown; empty: not compared. */
  readonly purpose: string
  readonly scopes: readonly string[]
  readonly how: string
}

const WAYS: readonly string[] = ['conversation', 'page', 'api']

/**
 * Records that the actor's user consents, and has it in force. The same again while it stands changes nothing. Throws
 * USER_REQUIRED, CONFLICT where the capability asks for something else than was shown, INVALID_REQUEST where it asks for nothing.
 */
export async function giveConsent(registry: Registry, actor: Actor, giving: Giving): Promise<ConsentView> {
  needScope(actor, 'use')
  const { user } = actor
  if (user === undefined) throw new CodedError('USER_REQUIRED')
  const capability = await findCapability(registry, actor, giving.capabilityId)
  const how = giving.how || 'conversation'
  refuseOther(capability, { ...giving, how })
  const entry = { ...consentedTo(capability), givenAt: registry.now(), givenBy: actorName(actor), how }
  const { doc, isNew } = await keep(registry, { capability, user, entry })
  if (isNew) await recordCustomer(registry, actor, { capability, user: user.id, action: 'consent', outcome: 'ok' })
  registry.nudge()
  return viewOf(registry, await inForce(registry, doc, orderOf(actor, doc.project)))
}

/** No use begins under it when this resolves. By the customer himself, or by the team. Withdrawn already: nothing changes. */
export async function withdrawConsent(registry: Registry, actor: Actor, id: string): Promise<ConsentView> {
  const found = await findConsent(registry, actor, id)
  if (actor.user?.id === found.user) needScope(actor, 'use', 'providers')
  else needScope(actor, 'providers')
  let isNew = false
  const written = await change(registry.docs.consents, id, (doc) => {
    isNew = doc.state === 'given'
    if (!isNew) return undefined
    const [latest, ...earlier] = doc.entries
    const ended = latest === undefined ? [] : [{ ...latest, withdrawnAt: registry.now(), withdrawnBy: actorName(actor) }]
    const next: ConsentDoc = { ...nextOf(registry, doc), state: 'withdrawn', entries: [...ended, ...earlier] }
    const data = { actor: actorName(actor), owner: doc.user, capability_id: doc.capability }
    return withFacts(registry, next, [{ type: 'consent.withdrawn', data }])
  })
  const doc = written ?? found
  const { project, capability, user } = doc
  if (isNew)
    await recordCustomer(registry, actor, { capability: { id: capability, project }, user, action: 'consent', outcome: 'withdrawn' })
  registry.nudge()
  return viewOf(registry, await inForce(registry, doc, orderOf(actor, project)))
}

function refuseOther(capability: CapabilityDoc, { purpose, scopes, how }: Giving): void {
  const refuse = (pointer: string, detail: string): CodedError =>
    new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer, code: 'NOT_ALLOWED', detail }] })
  if (!capability.consent.required) throw refuse('/capability_id', 'This capability asks for no consent.')
  if (!WAYS.includes(how)) throw refuse('/how', `Write one of ${WAYS.join(', ')}.`)
  const asked = consentedTo(capability)
  const isOther = (purpose !== '' && purpose !== asked.purpose) || (scopes.length > 0 && !sameWords(scopes, asked.scopes))
  if (isOther) throw new CodedError('CONFLICT', 'The capability asks for something else by now: show that to the customer.')
}

function sameWords(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((word) => others.includes(word))
}

interface Kept {
  readonly capability: CapabilityDoc
  readonly user: UserRef
  readonly entry: GivenConsent
}

async function keep(registry: Registry, { capability, user, entry }: Kept): Promise<{ doc: Stored<ConsentDoc>; isNew: boolean }> {
  const { project, id } = capability
  const now = registry.now()
  const told = (doc: ConsentDoc): ConsentDoc => {
    const data = { actor: entry.givenBy, owner: user.id, capability_id: id, kind: entry.how, count: entry.scopes.length }
    return withFacts(registry, doc, [{ type: 'consent.given', data }])
  }
  const blank = { id: consentId(project, id, user.id), v: 1, project, capability: id, user: user.id, names: user.names }
  const first = {
    ...blank,
    state: 'given' as const,
    entries: [entry],
    generation: 1,
    createdAt: now,
    pendingSince: now,
    outbox: [],
    factSeq: 0,
  }
  const { doc, inserted } = await insertOnce(registry.docs.consents, told(first))
  if (inserted) return { doc, isNew: true }
  let isNew = false
  const written = await change(registry.docs.consents, doc.id, (before) => {
    const [latest] = before.entries
    const stands = before.state === 'given' && latest?.purpose === entry.purpose && sameWords(latest.scopes, entry.scopes)
    isNew = !stands
    if (stands) return undefined
    // One that stands for something else ends with the one that takes its place.
    const ended = before.state === 'given' && latest !== undefined ? [{ ...latest, withdrawnAt: now, withdrawnBy: entry.givenBy }] : []
    const earlier = [...ended, ...before.entries.slice(ended.length)]
    const names = [...new Set([...before.names, ...user.names])]
    return told({ ...nextOf(registry, before), names, state: 'given', entries: [entry, ...earlier].slice(0, MOST_ENTRIES) })
  })
  return { doc: written ?? doc, isNew }
}

function nextOf(registry: Registry, doc: ConsentDoc): ConsentDoc {
  return { ...doc, generation: doc.generation + 1, pendingSince: doc.pendingSince ?? registry.now() }
}

async function inForce(registry: Registry, doc: Stored<ConsentDoc>, order: Principal): Promise<ConsentDoc> {
  if (doc.pendingSince !== undefined) await pushConsent(registry, doc, order)
  return doc
}
