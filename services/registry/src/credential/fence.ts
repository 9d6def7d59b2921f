import { CodedError, isCoded } from '@credence/errors'
import type { NewFact } from '@credence/events'
import type { AccessFence } from '@credence/proto/credential'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { type Actor, orderOf } from '../caller/actor.ts'
import { change, replaced } from '../documents/change.ts'
import { withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { notHeldYet } from '../vault/not-held-yet.ts'
import { record } from './history-entry.ts'
import { listed, type Parent } from './parent.ts'
import { findVisible, type Permission } from './visibility.ts'

/**
 * Every change of who may use a credential takes this way:
 *
 * F1 The change and its facts are one write, which raises the generation and sets `pendingSince`.
 * F2 The vault is told before the caller is answered; a vault that could not be told is an error to the caller.
 * F3 `pendingSince` is cleared only for the generation that the vault took: whatever stops between is pushed again.
 * F4 A fence is derived from the newest parent, so a newer generation holds whatever an older one took away.
 */
const MAX_PUSHES = 5
const MAX_TRIES = 100

/** What the vault is to know of a parent. */
export function fenceOf(doc: Parent): AccessFence {
  return {
    generation: doc.access.generation,
    state: doc.status,
    reason: doc.reason ?? '',
    owner: { user: doc.owner.id, names: [...doc.owner.names] },
    shares: doc.shares.map(({ subject, names, permission }) => ({ subject, names: [...names], permission })),
    gates: (doc.capabilities ?? []).filter(({ gate }) => gate).map(({ id }) => id),
    capabilities: (doc.capabilities ?? []).map(({ id }) => id),
    channels: (doc.channels ?? []).map((binding) => ({ ...binding })),
  }
}

/** F1: the parent with the next generation of its fence, waiting for the vault. */
export function withNextFence(doc: Parent, now: Date): Parent {
  const { generation, pendingSince } = doc.access
  return listed({ ...doc, access: { generation: generation + 1, pendingSince: pendingSince ?? now } })
}

/** What a use case decides on the newest parent: the new one, its facts, and the word for the history. */
export interface FenceChange {
  readonly doc: Parent
  readonly facts: readonly NewFact[]
  readonly outcome: string
}

/**
 * Finds the credential, decides, writes, tells the vault. `decide` may be called several times; undefined means that it is so
 * already, and then nothing is written, but a fence that the vault was not told yet is pushed again (F2 for a repeated request).
 */
export async function changeFence(
  registry: Registry,
  by: { readonly actor: Actor; readonly id: string; readonly need: Permission },
  decide: (doc: Stored<Parent>) => FenceChange | undefined,
): Promise<Stored<Parent>> {
  const { actor, id, need } = by
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const doc = await findVisible(registry, actor, id, need, { fresh: true })
    const decided = decide(doc)
    if (decided === undefined) return heldFence(registry, doc, orderOf(actor, doc.project))
    const next = withFacts(registry, withNextFence(decided.doc, registry.now()), decided.facts)
    const written = await replaced(registry.docs.credentials, next, doc)
    if (written === undefined) continue
    await record(registry, written, actor, { action: 'change', outcome: decided.outcome })
    registry.nudge()
    return heldFence(registry, written, orderOf(actor, doc.project))
  }
  throw new CodedError('CONFLICT', undefined, { credentialId: id })
}

/** Pushes the fence if the vault was not told of this generation yet. Throws as `pushFence` does. */
export async function heldFence(registry: Registry, doc: Stored<Parent>, order: Principal): Promise<Stored<Parent>> {
  return doc.access.pendingSince === undefined ? doc : pushFence(registry, doc, order)
}

/** Tells the vault the fence and marks that it holds. Repeating it is safe. Throws what `notHeldYet` makes of a failure. */
export async function pushFence(registry: Registry, changed: Stored<Parent>, order: Principal): Promise<Stored<Parent>> {
  let doc = changed
  for (let pushes = 1; ; pushes++) {
    try {
      await setAccess(registry, doc, order)
      break
    } catch (error) {
      if (!isCoded(error, 'CONFLICT') || pushes === MAX_PUSHES) throw notHeldYet(error)
      // The vault holds a newer generation: F4 says it suffices, and pushing the newest once more says whether it holds.
      doc = await newerThan(registry, doc, Number(error.details.facts?.generation ?? 0))
    }
  }
  const { generation } = doc.access
  const marked = await change(registry.docs.credentials, doc.id, (newest) => {
    const holds = newest.access.generation === generation && newest.access.pendingSince !== undefined
    return holds ? { ...newest, access: { generation, pendingSince: undefined } } : undefined
  })
  return marked ?? doc
}

/** A newer parent where there is one; else this one, past the generation that the vault holds: a mint that stopped half-way left it ahead. */
async function newerThan(registry: Registry, doc: Stored<Parent>, held: number): Promise<Stored<Parent>> {
  const newer = await change(registry.docs.credentials, doc.id, (newest) => {
    const { generation, pendingSince } = newest.access
    if (generation > doc.access.generation || generation > held) return undefined
    return { ...newest, access: { generation: held + 1, pendingSince: pendingSince ?? registry.now() } }
  })
  return newer ?? doc
}

async function setAccess(registry: Registry, doc: Parent, order: Principal): Promise<void> {
  try {
    await registry.vault.setAccess(order, { credentialId: doc.id, access: fenceOf(doc) })
  } catch (error) {
    // Without a child there is nothing that anybody could use.
    if (!isCoded(error, 'NOT_FOUND') && !isCoded(error, 'CREDENTIAL_DELETED')) throw error
    registry.log.warn('fence.without_child', { credential_id: doc.id, generation: doc.access.generation })
  }
}
