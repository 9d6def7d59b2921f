import type { AuthType, CapabilityMode, SecurityLevel } from '@credence/credential'
import { kindOfFact } from '@credence/credential/facts'
import type { HasOutbox } from '@credence/events'

export interface AskedFact {
  readonly name: string
  readonly question: string
  /** Of libs/credential; absent or empty: by its name. */
  readonly kind?: string
}

/** The one call that finds what the team knows of a customer; see the proto for the templates. */
export interface LookupCall {
  /** Empty: the credential of the capability. */
  readonly credentialId: string
  readonly method: string
  readonly path: string
  readonly body: string
  readonly records: string
  readonly match: readonly { readonly fact: string; readonly pointer: string }[]
}

export interface Security {
  readonly level: SecurityLevel
  readonly facts: readonly AskedFact[]
  /** Absent: the records that the team has pushed. */
  readonly lookup?: LookupCall | undefined
  readonly pageOnly?: boolean
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
  readonly security: Security
  /** Rises whenever what is asked changes: passes of before are over. Absent in documents of before there were passes: 0. */
  readonly securityVersion?: number
  readonly consent: { readonly required: boolean; readonly purpose: string; readonly scopes?: readonly string[] }
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

/** What a customer consents to. */
export function consentedTo({ consent, scopes }: Pick<CapabilityDoc, 'consent' | 'scopes'>): {
  purpose: string
  scopes: readonly string[]
} {
  const own = consent.scopes ?? []
  return { purpose: consent.purpose, scopes: own.length === 0 ? scopes : own }
}

/** Whether two gates ask the same. How they put it into words is no difference, nor whether a kind is written or follows from the name. */
export function asksTheSame(one: Security, other: Security): boolean {
  const asked = ({ level, facts, lookup, pageOnly }: Security): string =>
    JSON.stringify([level, facts.map(({ name, kind }) => [name, kindOfFact(name, kind)]), lookup ?? null, pageOnly ?? false])
  return asked(one) === asked(other)
}

/** The capability with the index members that follow from it. */
export function listedCapability(doc: CapabilityDoc): CapabilityDoc {
  if (doc.deletedAt !== undefined) return { ...doc, listedIn: undefined, usesProvider: undefined, usesCredential: undefined }
  const usesCredential = doc.credentialId === '' ? undefined : doc.credentialId
  return { ...doc, listedIn: doc.project, usesProvider: doc.provider.id, usesCredential }
}
