import { CodedError, type Fault } from '@credence/errors'
import type { Capability } from '@credence/proto/capability'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope, orderOf } from '../caller/actor.ts'
import { recordCapability } from '../credential/history-entry.ts'
import { insertOnce, replaced } from '../documents/change.ts'
import { claimRequest } from '../documents/request-claim.ts'
import { freshId, withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { asksTheSame, type CapabilityDoc, type CapabilityFields, listedCapability, whose } from './capability.ts'
import { readCapability } from './check-capability.ts'
import { type Settled, settleWhose } from './check-whose.ts'
import { capabilityFact } from './facts.ts'
import { NO_PROOF, type Proof } from './proof-port.ts'
import { settleCapability } from './push-capability.ts'
import { type CapabilityView, findCapability, viewOf } from './read-capability.ts'

/** What was saved, absent when it was only tried, and what one call with its credential said. */
export interface SavedCapability {
  readonly capability?: CapabilityView
  readonly proof: Proof
}

interface Wanted {
  readonly given: Capability
  readonly validateOnly: boolean
}

const MAX_TRIES = 20

/** Throws INVALID_REQUEST with every fault at once. Idempotent by request id. */
export async function createCapability(
  registry: Registry,
  actor: Actor,
  { given, validateOnly, requestId }: Wanted & { readonly requestId: string },
): Promise<SavedCapability> {
  needScope(actor, 'providers')
  const { fields, settled } = await settle(registry, actor, given)
  const proof = await prove(registry, actor, settled)
  if (validateOnly) return { proof }
  const id = await claimRequest(registry, actor, {
    method: 'CreateCapability',
    requestId,
    body: [JSON.stringify([fields, settled.provider.id, given.pattern, settled.mode])],
    fresh: freshId(registry, 'cap'),
  })
  const now = registry.now()
  const blank = {
    id,
    v: 1,
    project: settled.provider.project,
    generation: 1,
    createdAt: now,
    updatedAt: now,
    pendingSince: now,
    outbox: [],
    factSeq: 0,
  }
  const fresh = listedCapability({ ...blank, securityVersion: 1, ...fields, ...members(settled, given.pattern) })
  const { doc, inserted } = await insertOnce(registry.docs.capabilities, told(registry, actor, fresh, 'capability.created'))
  if (inserted) await recordCapability(registry, doc, actor, 'capability_created')
  return { capability: await inForce(registry, actor, doc), proof }
}

/** The whole capability in place of the one before. Mode, provider and whose credential it uses stay: a customer granted to that. */
export async function updateCapability(registry: Registry, actor: Actor, { given, validateOnly }: Wanted): Promise<SavedCapability> {
  needScope(actor, 'providers')
  await findCapability(registry, actor, given.id)
  const { fields, settled } = await settle(registry, actor, given)
  const proof = await prove(registry, actor, settled)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = await findCapability(registry, actor, given.id)
    const next = { ...before, ...fields, ...members(settled, given.pattern) }
    refuseOther(before, next)
    if (validateOnly) return { proof }
    const now = registry.now()
    const changed = listedCapability({
      ...next,
      generation: before.generation + 1,
      securityVersion: (before.securityVersion ?? 0) + (asksTheSame(before.security, next.security) ? 0 : 1),
      updatedAt: now,
      pendingSince: before.pendingSince ?? now,
    })
    const written = await replaced(registry.docs.capabilities, told(registry, actor, changed, 'capability.updated'), before)
    if (written === undefined) continue
    await recordCapability(registry, written, actor, 'capability_updated')
    return { capability: await inForce(registry, actor, written), proof }
  }
  throw new CodedError('CONFLICT')
}

async function settle(registry: Registry, actor: Actor, given: Capability): Promise<{ fields: CapabilityFields; settled: Settled }> {
  const { fields, faults } = readCapability(given)
  const settled = await settleWhose(registry, actor, { given, faults })
  if (settled === undefined || faults.length > 0) throw invalid(faults)
  return { fields, settled }
}

function members({ provider, authType, mode, recipeId }: Settled, pattern: number) {
  const { id, version, displayName: name } = provider
  return { provider: { id, version, pattern, name }, authType, mode, recipeId }
}

/** One call, so that a credential that the provider refuses is seen now and not by the first customer. */
async function prove(registry: Registry, actor: Actor, { credential }: Settled): Promise<Proof> {
  if (credential === undefined) return NO_PROOF
  if (credential.status !== 'active') {
    const sentence = `The credential is ${credential.status}: calls are refused until that is mended.`
    return { verdict: 'failed', cause: `credential_${credential.status}`, sentence, httpStatus: 0 }
  }
  const { id, provider } = credential
  const order = { id, providerId: provider.id, providerVersion: provider.version, pattern: provider.pattern }
  return registry.proofs.prove(orderOf(actor, credential.project), order)
}

function refuseOther(before: CapabilityDoc, next: CapabilityDoc): void {
  const faults: Fault[] = []
  const refuse = (pointer: string): void => {
    faults.push({ pointer, code: 'NOT_ALLOWED', detail: 'This stays as it was: make another capability.' })
  }
  if (next.mode !== before.mode) refuse('/mode')
  if (next.provider.id !== before.provider.id) refuse('/provider_id')
  if ((whose(before) === 'customer') !== (whose(next) === 'customer')) refuse('/credential_id')
  if (faults.length > 0) throw invalid(faults)
}

function told(registry: Registry, actor: Actor, doc: CapabilityDoc, type: 'capability.created' | 'capability.updated'): CapabilityDoc {
  return withFacts(registry, doc, [capabilityFact(type, doc, actorName(actor))])
}

async function inForce(registry: Registry, actor: Actor, doc: Stored<CapabilityDoc>): Promise<CapabilityView> {
  registry.nudge()
  const held = doc.pendingSince === undefined ? doc : await settleCapability(registry, doc, orderOf(actor, doc.project))
  return viewOf(registry, held)
}

function invalid(faults: readonly Fault[]): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults })
}
