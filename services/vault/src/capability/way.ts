import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { VaultContext } from '../credential/vault-context.ts'
import { type CapabilityDoc, type ClaimDoc, claimId } from './capability.ts'
import { checkGate, type Passed } from './gate.ts'
import { checkRules, type RuledCall } from './rules.ts'

/** By which way a call comes to its credential. */
export interface Way {
  /** Empty: this capability needs none. */
  readonly credentialId: string
  readonly capability?: CapabilityDoc
  /** Where the credential is the customer's own. */
  readonly claim?: ClaimDoc
  /** Where a gate stood before it. */
  readonly passed?: Passed
}

export interface AskedWay extends RuledCall {
  /** `cred_…`, or `cap_…`. */
  readonly credentialId: string
  /** As the `Credence-Capability` header; absent or empty: none. */
  readonly capability?: string
}

/** The capability that a call names, in either place; undefined for a call by the credential's own id. */
export function capabilityOf({ credentialId, capability = '' }: Pick<AskedWay, 'credentialId' | 'capability'>): string | undefined {
  if (isId('cap', credentialId)) return credentialId
  return capability === '' ? undefined : capability
}

/**
 * The credential that this call is to use. Throws NOT_FOUND for a capability that the caller's project does not have and for
 * a credential that is not the capability's, METHOD_REFUSED, PATH_REFUSED, CONNECT_REQUIRED, and what the gate throws.
 */
export async function wayOf(vault: VaultContext, principal: Principal, asked: AskedWay): Promise<Way> {
  const named = capabilityOf(asked)
  if (named === undefined) return { credentialId: asked.credentialId }
  const other = (asked.capability ?? '') !== '' && asked.capability !== named
  const capability = isId('cap', named) && !other ? await vault.capabilities.records.read(named) : undefined
  if (capability === undefined || capability.project !== principal.project || capability.state !== 'active') throw noCapability()
  checkRules(capability, asked)
  const passed = await checkGate(vault, capability, principal)
  const way = await credentialOf(vault, principal, capability)
  if (isId('cap', asked.credentialId) || asked.credentialId === way.credentialId) return { ...way, passed }
  throw new CodedError('NOT_FOUND', 'This capability does not use that credential: call the capability by its own id.')
}

async function credentialOf(vault: VaultContext, principal: Principal, capability: CapabilityDoc): Promise<Way> {
  const { id, credentialId, recipe, project } = capability
  if (credentialId !== '' || recipe !== '') return { credentialId, capability }
  const [name] = principal.user === '' ? principal.userNames : [principal.user]
  if (name === undefined)
    throw new CodedError('USER_REQUIRED', 'This capability uses the own credential of each customer: send `Credence-User`.')
  const claim = await vault.capabilities.claims.read(claimId(project, id, name))
  if (claim === undefined) throw connectRequired(id)
  return { credentialId: claim.credentialId, capability, claim }
}

/** The customer has granted nothing, or what he granted is gone. */
export function connectRequired(capability: string): CodedError {
  return new CodedError('CONNECT_REQUIRED', undefined, {
    facts: { capability_id: capability, start: `POST /v1/capabilities/${capability}/connect` },
  })
}

function noCapability(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such capability in this project.')
}
