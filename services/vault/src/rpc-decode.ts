import { type CapabilityMode, isId, MODES, SECURITY_LEVELS, type SecurityLevel } from '@credence/credential'
import { kindOfFact } from '@credence/credential/facts'
import { CodedError } from '@credence/errors'
import type { AccessFence } from '@credence/proto/credential'
import type { CapabilityGate, GateLookup as LookupMessage, SetCapabilityRequest } from '@credence/proto/vault-capability'
import type { Asked, CapabilityDoc, GateLookup } from './capability/capability.ts'
import type { FenceFields } from './credential/envelope.ts'

/** What the registry pushes, as the domain has it. Throws INVALID_REQUEST for words that are none. */
export function fenceOf(access: AccessFence | undefined): FenceFields {
  if (access === undefined) throw new CodedError('INVALID_REQUEST', 'A fence belongs to it.')
  const { generation, state, reason, owner, shares, gates, capabilities, channels } = access
  if (state !== 'active' && state !== 'expired' && state !== 'disabled')
    throw new CodedError('INVALID_REQUEST', 'A state is active, expired or disabled.')
  return {
    generation,
    state,
    reason,
    owner: [owner?.user ?? '', ...(owner?.names ?? [])].filter((name) => name !== ''),
    shares: shares.map((share) => ({ names: [share.subject, ...share.names], permission: share.permission })),
    ...(gates.length === 0 ? {} : { gates }),
    ...(capabilities.length === 0 ? {} : { capabilities }),
    ...(channels.length === 0 ? {} : { channels: channels.map(({ consumer, channel, nativeId }) => ({ consumer, channel, nativeId })) }),
  }
}

/** A gate that is not known must not stand open. */
export function capabilityFields(request: SetCapabilityRequest): Omit<CapabilityDoc, 'v' | 'project' | 'mac'> {
  const { capabilityId: id, generation, state, mode, methods, paths, credentialId, recipeId: recipe, gate } = request
  const level = gate?.level ?? ''
  const isKnown = isId('cap', id) && (MODES as readonly string[]).includes(mode) && Object.hasOwn(SECURITY_LEVELS, level)
  if (!isKnown || gate === undefined || (state !== 'active' && state !== 'deleted'))
    throw new CodedError('INVALID_REQUEST', 'A capability has an id, a state, a mode and a gate.')
  const { facts, consent } = gate
  return {
    id,
    generation,
    state,
    mode: mode as CapabilityMode,
    methods,
    paths,
    credentialId,
    recipe,
    gate: { level: level as SecurityLevel, facts, consent, asked: askedOf(gate) },
  }
}

function askedOf({ facts, kinds, securityVersion: version, pageOnly, lookup, purpose, scopes }: CapabilityGate): Asked {
  if (lookup !== undefined && lookup.pointers.length !== facts.length)
    throw new CodedError('INVALID_REQUEST', 'A lookup has a pointer for every fact.')
  return {
    version,
    kinds: facts.map((name, i) => kindOfFact(name, kinds[i])),
    pageOnly,
    purpose,
    scopes,
    ...(lookup === undefined ? {} : { lookup: lookupOf(lookup) }),
  }
}

/** Only what is known of it: a message may bring more. */
function lookupOf({ credentialId, method, path, body, records, pointers }: LookupMessage): GateLookup {
  return { credentialId, method, path, body, records, pointers }
}
