import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { VaultContext } from '../credential/vault-context.ts'
import { type CapabilityDoc, type ConsentDoc, customerKey, type PassDoc } from './capability.ts'
import type { FencedDoc } from './fenced-docs.ts'

/** By what a customer passed. */
export interface Passed {
  readonly fences: readonly Pick<FencedDoc, 'id' | 'generation'>[]
  /** Wall clock, milliseconds: from then on he does not. Absent: nothing ends by itself. */
  readonly until?: number
}

/**
 * Whether the customer may pass. The gate is shut for everybody who holds neither a pass nor a consent here: a capability
 * that asks for them never runs on the word of a caller. Throws USER_REQUIRED, IDENTITY_REQUIRED with what is to be asked,
 * IDENTITY_LOCKED, CONSENT_REQUIRED with what is to be consented to.
 */
export async function checkGate(vault: VaultContext, capability: CapabilityDoc, principal: Principal): Promise<Passed> {
  const { id, gate, project } = capability
  if (gate.level === 'none' && !gate.consent) return { fences: [] }
  const [name] = principal.user === '' ? principal.userNames : [principal.user]
  if (name === undefined) throw new CodedError('USER_REQUIRED', 'This capability asks who the customer is: send `Credence-User`.')
  const customer = { project, capability: id, name }
  const pass = gate.level === 'none' ? undefined : await passOf(vault, capability, customer)
  const consent = gate.consent ? await consentOf(vault, capability, customer) : undefined
  const fences = [pass, consent].flatMap((doc) => (doc === undefined ? [] : [{ id: doc.id, generation: doc.generation }]))
  return { fences, ...(pass === undefined ? {} : { until: pass.expiresAt.getTime() }) }
}

interface Customer {
  readonly project: string
  readonly capability: string
  readonly name: string
}

async function passOf(vault: VaultContext, { gate }: CapabilityDoc, customer: Customer): Promise<PassDoc> {
  const pass = await vault.capabilities.passes.read(customerKey('pass', customer))
  const isGood = pass?.state === 'active' && pass.version === gate.asked?.version && pass.expiresAt.getTime() > vault.clock.now()
  if (isGood) return pass
  const { project, capability, name } = customer
  const { lockedUntil, ...identity } = await vault.challenges.open({ project, capability, user: name })
  if (lockedUntil === undefined) throw new CodedError('IDENTITY_REQUIRED', undefined, { identity })
  throw new CodedError('IDENTITY_LOCKED', undefined, {
    retryAfterMs: Math.max(lockedUntil.getTime() - vault.clock.now(), 1),
    facts: { capability_id: capability, level: gate.level },
  })
}

/** One that was given for something else, or for less than is asked now, is none. */
async function consentOf(vault: VaultContext, { id, gate }: CapabilityDoc, customer: Customer): Promise<ConsentDoc> {
  const consent = await vault.capabilities.consents.read(customerKey('consent', customer))
  const { purpose = '', scopes = [] } = gate.asked ?? {}
  const covers = consent?.purpose === purpose && scopes.every((scope) => consent.scopes.includes(scope))
  if (consent?.state === 'given' && covers) return consent
  throw new CodedError('CONSENT_REQUIRED', undefined, { consent: { capabilityId: id, purpose, scopes } })
}
