import type { AuthType, CapabilityMode, SecurityLevel } from '@credence/credential'
import type { HasOutbox } from '@credence/events'

export interface AskedFact {
  readonly name: string
  readonly question: string
}

/**
 * A capability (`registry_capabilities`): what agents may do with a provider, and with whose credential.
 *
 *     there      listedIn, usesProvider, usesCredential     what puts it into lists and counts
 *     changed    pendingSince                               until credentials and vault hold this generation
 *     deleted    deletedAt                                  kept for ever, so that its id never comes back
 */
export interface CapabilityDoc extends HasOutbox {
  readonly project: string
  readonly name: string
  readonly description: string
  readonly provider: { readonly id: string; readonly version: number; readonly pattern: number; readonly name: string }
  readonly authType: AuthType
  readonly mode: CapabilityMode
  /** The one credential of all customers; empty: each customer's own, or none. */
  readonly credentialId: string
  /** Where calls go that need no credential; empty otherwise. */
  readonly recipeId: string
  readonly methods: readonly string[]
  readonly paths: readonly string[]
  readonly security: { readonly level: SecurityLevel; readonly facts: readonly AskedFact[] }
  readonly consent: { readonly required: boolean; readonly purpose: string }
  readonly exclusive: boolean
  readonly scopes: readonly string[]
  readonly generation: number
  readonly pendingSince?: Date | undefined
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deletedAt?: Date | undefined
  readonly listedIn?: string | undefined
  readonly usesProvider?: string | undefined
  readonly usesCredential?: string | undefined
}

/** What a team writes of a capability; the rest follows from it. */
export type CapabilityFields = Pick<
  CapabilityDoc,
  'name' | 'description' | 'methods' | 'paths' | 'security' | 'consent' | 'exclusive' | 'scopes' | 'credentialId'
>

/** Whose credential a call uses: one of the team for everybody, each customer's own, or nobody's. */
export function whose({
  mode,
  credentialId,
  authType,
}: Pick<CapabilityDoc, 'mode' | 'credentialId' | 'authType'>): 'team' | 'customer' | 'nobody' {
  if (credentialId !== '') return 'team'
  return mode === 'external_oauth' || (mode === 'custom' && authType !== 'none') ? 'customer' : 'nobody'
}

/** Whether its credentials may be used through it alone. */
export function isGate({ security, consent, exclusive }: Pick<CapabilityDoc, 'security' | 'consent' | 'exclusive'>): boolean {
  return exclusive || consent.required || security.level !== 'none'
}

/** The capability with the index members that follow from it. */
export function listedCapability(doc: CapabilityDoc): CapabilityDoc {
  if (doc.deletedAt !== undefined) return { ...doc, listedIn: undefined, usesProvider: undefined, usesCredential: undefined }
  const usesCredential = doc.credentialId === '' ? undefined : doc.credentialId
  return { ...doc, listedIn: doc.project, usesProvider: doc.provider.id, usesCredential }
}
