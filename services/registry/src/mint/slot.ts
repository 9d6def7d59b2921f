import { createHash } from 'node:crypto'
import type { CredentialId } from '@credence/credential'
import type { Stored } from '@credence/store'
import type { Parent, UserRef } from '../credential/parent.ts'
import { insertOnce, replaced } from '../documents/change.ts'
import { scan } from '../documents/scan.ts'
import { freshId } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import type { SlotDoc } from './slot-doc.ts'

/** Whose slot, and at which provider. */
export interface SlotKey {
  readonly project: string
  readonly owner: UserRef
  readonly provider: string
}

const MAX_TRIES = 100

/**
 * The credential in the slot: the one that the claim names, else one that the user connected elsewhere. Undefined when he has
 * none there; a claim whose credential was deleted or given away holds nothing.
 */
export async function inSlot(registry: Registry, key: SlotKey): Promise<Stored<Parent> | undefined> {
  const claim = await registry.docs.slots.get(slotId(key), { fresh: true })
  const claimed = claim === undefined ? undefined : await held(registry, key, claim.credentialId)
  return claimed ?? connectedElsewhere(registry, key)
}

/** The same, claimed: the id of what is in the slot, or a fresh one that is now to be filled. One for however many ask at once. */
export async function claimSlot(registry: Registry, key: SlotKey): Promise<CredentialId> {
  const id = slotId(key)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const claim = await registry.docs.slots.get(id, { fresh: true })
    if (claim !== undefined && (await isPromised(registry, key, claim.credentialId))) return claim.credentialId
    const credentialId = (await connectedElsewhere(registry, key))?.id ?? freshId(registry, 'cred')
    const next: SlotDoc = { id, v: 1, project: key.project, user: key.owner.id, provider: key.provider, credentialId }
    if (claim !== undefined) {
      if ((await replaced(registry.docs.slots, next, claim)) !== undefined) return credentialId
    } else if ((await insertOnce(registry.docs.slots, next)).inserted) return credentialId
  }
  throw new TypeError('a slot that cannot be claimed')
}

/** A claim whose parent is not written yet is one that somebody is about to fill. */
async function isPromised(registry: Registry, key: SlotKey, credentialId: CredentialId): Promise<boolean> {
  const doc = await registry.docs.credentials.get(credentialId, { fresh: true })
  return doc === undefined || fits(doc, key)
}

async function held(registry: Registry, key: SlotKey, credentialId: CredentialId): Promise<Stored<Parent> | undefined> {
  const doc = await registry.docs.credentials.get(credentialId, { fresh: true })
  return doc !== undefined && fits(doc, key) ? doc : undefined
}

function fits(doc: Parent, { owner, provider }: SlotKey): boolean {
  return doc.deletedAt === undefined && doc.owner.id === owner.id && doc.provider.id === provider && doc.level === 'user'
}

/** The newest that works, else the newest. */
async function connectedElsewhere(registry: Registry, key: SlotKey): Promise<Stored<Parent> | undefined> {
  const prefix = [key.owner.id, key.provider]
  const options = { index: 'visible_there', prefix, timeOf: (doc: Parent) => doc.createdAt, reverse: true }
  let newest: Stored<Parent> | undefined
  for await (const doc of scan(registry.docs.credentials, options)) {
    if (!fits(doc, key)) continue
    if (doc.status === 'active') return doc
    newest ??= doc
  }
  return newest
}

function slotId({ project, owner, provider }: SlotKey): string {
  return createHash('sha256')
    .update(JSON.stringify([project, owner.id, provider]))
    .digest('hex')
}
