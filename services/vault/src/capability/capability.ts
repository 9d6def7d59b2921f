import { createHash } from 'node:crypto'
import type { CapabilityMode, SecurityLevel } from '@credence/credential'
import type { FactKind } from '@credence/credential/facts'
import type { DocumentStore } from '@credence/store'
import type { Floors } from '../credential/floors.ts'
import { type FencedDoc, type FencedDocs, openFencedDocs } from './fenced-docs.ts'

/** What must be so before a secret is opened. */
export interface Gate {
  readonly level: SecurityLevel
  /** Names of the facts asked. */
  readonly facts: readonly string[]
  readonly consent: boolean
  /** Absent in a gate from before there were passes: nobody has one there. */
  readonly asked?: Asked
}

/** How it is opened. */
export interface Asked {
  /** Passes of another version are over. */
  readonly version: number
  /** In the order of the facts. */
  readonly kinds: readonly FactKind[]
  readonly pageOnly: boolean
  /** Absent: what the team has pushed. */
  readonly lookup?: GateLookup
  /** What is consented to. */
  readonly purpose: string
  readonly scopes: readonly string[]
}

/** The one call that finds the records. */
export interface GateLookup {
  readonly credentialId: string
  readonly method: string
  readonly path: string
  readonly body: string
  readonly records: string
  /** In the order of the facts. */
  readonly pointers: readonly string[]
}

/** A capability as the vault enforces it (`vault_capabilities`). */
export interface CapabilityDoc extends FencedDoc {
  readonly state: 'active' | 'deleted'
  readonly mode: CapabilityMode
  /** Upper case; none: every method. */
  readonly methods: readonly string[]
  /** Patterns of libs/credential; none: every path. */
  readonly paths: readonly string[]
  readonly gate: Gate
  /** The one credential of all customers; empty: each customer's own, or none. */
  readonly credentialId: string
  /** Where a call goes that needs no credential; empty otherwise. */
  readonly recipe: string
}

/** Which credential a customer granted to a capability, under one of his names (`vault_capability_claims`). */
export interface ClaimDoc extends FencedDoc {
  readonly capability: string
  readonly name: string
  readonly credentialId: string
}

/** That a customer was verified for a capability, under one of his names (`vault_passes`). */
export interface PassDoc extends FencedDoc {
  readonly passId: string
  readonly capability: string
  readonly name: string
  readonly state: 'active' | 'revoked'
  /** Of what was asked. */
  readonly version: number
  readonly expiresAt: Date
}

/** What a customer has consented to, under one of his names (`vault_consents`). */
export interface ConsentDoc extends FencedDoc {
  readonly capability: string
  readonly name: string
  readonly state: 'given' | 'withdrawn'
  readonly purpose: string
  readonly scopes: readonly string[]
}

export interface Capabilities {
  readonly records: FencedDocs<CapabilityDoc>
  readonly claims: FencedDocs<ClaimDoc>
  readonly passes: FencedDocs<PassDoc>
  readonly consents: FencedDocs<ConsentDoc>
}

export const CAPABILITY_COLLECTION = 'vault_capabilities'
export const CLAIM_COLLECTION = 'vault_capability_claims'
export const PASS_COLLECTION = 'vault_passes'
export const CONSENT_COLLECTION = 'vault_consents'

export async function openCapabilities(options: {
  readonly store: DocumentStore
  readonly macKey: Uint8Array
  readonly floors: Floors
}): Promise<Capabilities> {
  return {
    records: await openFencedDocs<CapabilityDoc>({
      ...options,
      collection: CAPABILITY_COLLECTION,
      canonical: ({ id, project, generation, state, mode, methods, paths, gate, credentialId, recipe }) => [
        id,
        project,
        generation,
        state,
        mode,
        methods,
        paths,
        [gate.level, gate.facts, gate.consent, ...askedMembers(gate.asked)],
        credentialId,
        recipe,
      ],
    }),
    claims: await openFencedDocs<ClaimDoc>({
      ...options,
      collection: CLAIM_COLLECTION,
      canonical: ({ id, project, generation, capability, name, credentialId }) => [id, project, generation, capability, name, credentialId],
    }),
    passes: await openFencedDocs<PassDoc>({
      ...options,
      collection: PASS_COLLECTION,
      canonical: ({ id, project, generation, passId, capability, name, state, version, expiresAt }) => [
        ...[id, project, generation, passId, capability, name],
        ...[state, version, expiresAt.getTime()],
      ],
    }),
    consents: await openFencedDocs<ConsentDoc>({
      ...options,
      collection: CONSENT_COLLECTION,
      canonical: ({ id, project, generation, capability, name, state, purpose, scopes }) => [
        ...[id, project, generation, capability, name],
        ...[state, purpose, scopes],
      ],
    }),
  }
}

function askedMembers(asked: Asked | undefined): readonly unknown[] {
  if (asked === undefined) return []
  const { version, kinds, pageOnly, lookup, purpose, scopes } = asked
  const call = lookup === undefined ? [] : [lookup.credentialId, lookup.method, lookup.path, lookup.body, lookup.records, lookup.pointers]
  return [[version, kinds, pageOnly, call, purpose, scopes]]
}

export interface OfCustomer {
  readonly project: string
  readonly capability: string
  readonly name: string
}

/** One read by key finds it: a customer is known by the one name that the call gives. */
export function claimId(project: string, capability: string, name: string): string {
  return customerKey('claim', { project, capability, name })
}

export function customerKey(kind: 'claim' | 'pass' | 'consent', { project, capability, name }: OfCustomer): string {
  return `${kind}_${createHash('sha256')
    .update(JSON.stringify([project, capability, name]))
    .digest('hex')}`
}
