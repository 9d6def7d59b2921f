import { createHash } from 'node:crypto'
import type { CapabilityMode, SecurityLevel } from '@credence/credential'
import type { DocumentStore } from '@credence/store'
import type { Floors } from '../credential/floors.ts'
import { type FencedDoc, type FencedDocs, openFencedDocs } from './fenced-docs.ts'

/** What must be so before a secret is opened. */
export interface Gate {
  readonly level: SecurityLevel
  /** Names of the facts asked. */
  readonly facts: readonly string[]
  readonly consent: boolean
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

export interface Capabilities {
  readonly records: FencedDocs<CapabilityDoc>
  readonly claims: FencedDocs<ClaimDoc>
}

export const CAPABILITY_COLLECTION = 'vault_capabilities'
export const CLAIM_COLLECTION = 'vault_capability_claims'

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
        [gate.level, gate.facts, gate.consent],
        credentialId,
        recipe,
      ],
    }),
    claims: await openFencedDocs<ClaimDoc>({
      ...options,
      collection: CLAIM_COLLECTION,
      canonical: ({ id, project, generation, capability, name, credentialId }) => [id, project, generation, capability, name, credentialId],
    }),
  }
}

/** One read by key finds it: a customer is known by the one name that the call gives. */
export function claimId(project: string, capability: string, name: string): string {
  return `claim_${createHash('sha256')
    .update(JSON.stringify([project, capability, name]))
    .digest('hex')}`
}
