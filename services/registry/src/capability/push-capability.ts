import { kindOfFact } from '@credence/credential/facts'
import { isCoded } from '@credence/errors'
import type { GateLookup, SetCapabilityRequest } from '@credence/proto/vault-capability'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { heldFence, withNextFence } from '../credential/fence.ts'
import type { Parent, UsedBy } from '../credential/parent.ts'
import { change } from '../documents/change.ts'
import { findAll } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import { notHeldYet } from '../vault/not-held-yet.ts'
import { type CapabilityDoc, consentedTo, isGate, whose } from './capability.ts'

const MAX_PUSHES = 5

/**
 * Has a capability in force before its change is answered:
 *
 * P1 The credentials that it uses learn it first, so that none is open beside a new gate.
 * P2 The vault is told then; a vault that could not be told is an error to the caller.
 * P3 `pendingSince` is cleared only for the generation that was told: whatever stops between is taken up by the sweeper.
 */
export async function settleCapability(
  registry: Registry,
  changed: Stored<CapabilityDoc>,
  order: Principal,
): Promise<Stored<CapabilityDoc>> {
  let doc = changed
  for (let pushes = 1; ; pushes++) {
    try {
      await spreadGate(registry, doc, order)
      await registry.vault.setCapability(order, fenceOfCapability(doc))
      break
    } catch (error) {
      if (!isCoded(error, 'CONFLICT') || pushes === MAX_PUSHES) throw notHeldYet(error)
      doc = (await registry.docs.capabilities.get(doc.id, { fresh: true })) ?? doc
    }
  }
  const { generation } = doc
  const marked = await change(registry.docs.capabilities, doc.id, (newest) =>
    newest.generation === generation && newest.pendingSince !== undefined ? { ...newest, pendingSince: undefined } : undefined,
  )
  return marked ?? doc
}

function fenceOfCapability(doc: CapabilityDoc): SetCapabilityRequest {
  const { id, generation, mode, methods, paths, credentialId, recipeId, security, consent, deletedAt } = doc
  return {
    capabilityId: id,
    generation,
    state: deletedAt === undefined ? 'active' : 'deleted',
    mode,
    methods: [...methods],
    paths: [...paths],
    credentialId,
    recipeId,
    gate: {
      level: security.level,
      facts: security.facts.map(({ name }) => name),
      consent: consent.required,
      ...wordsOf(doc),
      securityVersion: doc.securityVersion ?? 0,
      kinds: security.facts.map(({ name, kind }) => kindOfFact(name, kind)),
      lookup: lookupOf(doc),
      pageOnly: security.pageOnly ?? false,
    },
  }
}

function wordsOf(doc: CapabilityDoc): { purpose: string; scopes: string[] } {
  if (!doc.consent.required) return { purpose: '', scopes: [] }
  const { purpose, scopes } = consentedTo(doc)
  return { purpose, scopes: [...scopes] }
}

function lookupOf({ security, credentialId }: CapabilityDoc): GateLookup | undefined {
  const { lookup, facts } = security
  if (lookup === undefined) return undefined
  const { method, path, body, records, match } = lookup
  const pointers = facts.map(({ name }) => match.find(({ fact }) => fact === name)?.pointer ?? '')
  return { credentialId: lookup.credentialId || credentialId, method, path, body, records, pointers }
}

/** Every credential that the capability uses, used before or is to use says so, and is behind it where it is a gate. */
async function spreadGate(registry: Registry, doc: CapabilityDoc, order: Principal): Promise<void> {
  const used = await findAll(registry.docs.credentials, 'used_by', [doc.id])
  const ids = new Set([...used.map(({ id }) => id), ...(doc.credentialId === '' ? [] : [doc.credentialId])])
  for (const id of ids) {
    const written = await change(registry.docs.credentials, id, (parent) => withUse(parent, doc, registry.now()))
    if (written !== undefined) await heldFence(registry, written, order)
  }
}

/** Undefined when the credential says so already. What a customer granted to a capability stays behind its gate when that is deleted. */
function withUse(parent: Parent, capability: CapabilityDoc, now: Date): Parent | undefined {
  if (parent.deletedAt !== undefined) return undefined
  const { id, deletedAt } = capability
  const before = parent.capabilities?.find((one) => one.id === id)
  const isCustomers = whose(capability) === 'customer'
  if (isCustomers && deletedAt !== undefined) return undefined
  const isUsed = deletedAt === undefined && (isCustomers || capability.credentialId === parent.id)
  const wanted = isUsed ? { id, gate: isGate(capability) } : undefined
  if (before?.gate === wanted?.gate) return undefined
  return withNextFence({ ...parent, capabilities: withOne(parent.capabilities ?? [], id, wanted) }, now)
}

function withOne(all: readonly UsedBy[], id: string, wanted: UsedBy | undefined): readonly UsedBy[] {
  const others = all.filter((one) => one.id !== id)
  return wanted === undefined ? others : [...others, wanted]
}
