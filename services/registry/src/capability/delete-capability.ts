import { CodedError } from '@credence/errors'
import { type Actor, actorName, needScope, orderOf } from '../caller/actor.ts'
import { recordCapability } from '../credential/history-entry.ts'
import { replaced } from '../documents/change.ts'
import { withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { type CapabilityDoc, listedCapability } from './capability.ts'
import { capabilityFact } from './facts.ts'
import { settleCapability } from './push-capability.ts'
import { customersOf, findCapability } from './read-capability.ts'

const MAX_TRIES = 20

/**
 * No call goes through it when this resolves. What customers granted to it stays theirs, and behind its gate: nothing else may
 * use it. Throws CAPABILITY_IN_USE with their number, unless forced.
 */
export async function deleteCapability(
  registry: Registry,
  actor: Actor,
  { id, force }: { readonly id: string; readonly force: boolean },
): Promise<{ customers: number; credentialId: string }> {
  needScope(actor, 'providers')
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = await findCapability(registry, actor, id)
    const customers = await customersOf(registry, before)
    if (customers > 0 && !force) throw inUse(before, customers)
    const now = registry.now()
    const gone: CapabilityDoc = { ...before, deletedAt: now, generation: before.generation + 1, pendingSince: before.pendingSince ?? now }
    const facts = [capabilityFact('capability.deleted', gone, actorName(actor))]
    const written = await replaced(registry.docs.capabilities, withFacts(registry, listedCapability(gone), facts), before)
    if (written === undefined) continue
    registry.nudge()
    await recordCapability(registry, written, actor, 'capability_deleted')
    await settleCapability(registry, written, orderOf(actor, written.project))
    return { customers, credentialId: before.credentialId }
  }
  throw new CodedError('CONFLICT')
}

function inUse({ id }: CapabilityDoc, customers: number): CodedError {
  const detail = `${customers} ${customers === 1 ? 'customer has' : 'customers have'} granted it a credential. Delete with \`force\`.`
  return new CodedError('CAPABILITY_IN_USE', detail, { facts: { capability_id: id, customers: String(customers) } })
}
