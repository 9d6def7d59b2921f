import type { CredentialFamily, CredentialHealth, CredentialId, CredentialStatus } from '@credence/credential'
import type { HasOutbox } from '@credence/events'

/** Who a user is, as parent and fence hold him: his id and the names he is known by. */
export interface UserRef {
  readonly id: string
  /** Folded: `id:…`, `email:…`. */
  readonly names: readonly string[]
}

export type SharePermission = 'use' | 'manage'

export interface ParentShare {
  /** `project` or `usr_…`. */
  readonly subject: string
  readonly names: readonly string[]
  readonly permission: SharePermission
}

/**
 * The parent of a credential (`registry_credentials`): everything about it except the secret, which is the vault's.
 *
 *     reserved      hiddenSince
 *     connecting    promoting                      the candidate that the vault was asked to put in force
 *     there         visibleTo, usesProvider        what puts it into lists and counts
 *     changed       access.pendingSince            until the vault holds this generation of the fence
 *     deleted       deletedAt (+ destroying)       kept for ever, so that its id never comes back
 */
export interface Parent extends HasOutbox {
  readonly id: CredentialId
  readonly project: string
  readonly label: string
  readonly owner: UserRef
  readonly level: 'user' | 'project'
  readonly family: CredentialFamily
  readonly provider: { readonly id: string; readonly version: number; readonly pattern: number; readonly name: string }
  readonly status: CredentialStatus
  readonly reason?: string | undefined
  /** Of a disabled credential that had expired before: enabling it leads back there. */
  readonly expiredBefore?: { readonly reason: string } | undefined
  readonly health: CredentialHealth
  /** The newest version of the secret that was heard of; 0 before the first. */
  readonly version: number
  readonly access: { readonly generation: number; readonly pendingSince?: Date | undefined }
  readonly account: { readonly id: string; readonly name: string }
  readonly accountFields: Readonly<Record<string, string>>
  /** What a platform's own sign-in handed over. */
  readonly assets?: readonly ParentAsset[] | undefined
  /** Consumers that stand on a native channel each: part of the fence. */
  readonly channels?: readonly { readonly consumer: string; readonly channel: string; readonly nativeId: string }[] | undefined
  readonly scopes: readonly string[]
  readonly expiresAt?: Date | undefined
  readonly lastUsedAt?: Date | undefined
  readonly lastVerifiedAt?: Date | undefined
  readonly lastError?: { readonly code: string; readonly at: Date } | undefined
  readonly shares: readonly ParentShare[]
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: Date
  /** When the secret in force was connected, replaced or minted. Absent on documents of before it was kept. */
  readonly connectedAt?: Date | undefined
  /** Absent once the first secret is in force. */
  readonly hiddenSince?: Date | undefined
  readonly promoting?: Promoting | undefined
  readonly lastCandidateId?: string | undefined
  /** A backend gave the secret in force header by header: it follows every change of the server's headers. */
  readonly minted?: boolean | undefined
  readonly deletedAt?: Date | undefined
  readonly destroying?: Destroying | undefined
  /** Users and, for a project share, the project: the entries of the list index. */
  readonly visibleTo?: readonly string[] | undefined
  readonly usesProvider?: string | undefined
  /** The capabilities that use it; behind a `gate` it is used through a capability alone. */
  readonly capabilities?: readonly UsedBy[] | undefined
  /** Their ids, while it is not deleted: the entries of an index. */
  readonly usedBy?: readonly string[] | undefined
}

/** A capability that uses a credential. */
export interface UsedBy {
  readonly id: string
  readonly gate: boolean
}

/** A number, an account or a page at the provider: ids and names. */
export interface ParentAsset {
  readonly channel: string
  readonly id: string
  readonly name: string
  readonly label: string
  readonly parent: string
}

/** A Connect under way: all that its end needs, so that a sweeper can finish it. */
export interface Promoting {
  readonly candidateId: string
  readonly sessionId: string
  readonly generation: number
  /** The vault may have been asked for this candidate before, with an older fence. */
  readonly repeated: boolean
  readonly since: Date
  readonly actor: string
  readonly account: { readonly id: string; readonly name: string }
  readonly verified: boolean
  readonly family: CredentialFamily
  readonly provider: Parent['provider']
}

/** A Delete under way. */
export interface Destroying {
  readonly since: Date
  readonly actor: string
  /** Set when the provider was asked: asking twice could revoke what a later grant needs. */
  readonly revocation?: string
}

/** A credential that was connected and not deleted: the only ones that exist for the outside. */
export function isThere(doc: Parent): boolean {
  return doc.hiddenSince === undefined && doc.deletedAt === undefined
}

/** The parent with the index members that follow from its owner and shares. */
export function listed(doc: Parent): Parent {
  const used = doc.deletedAt === undefined ? doc.capabilities?.map(({ id }) => id) : undefined
  const usedBy = used === undefined || used.length === 0 ? undefined : used
  if (!isThere(doc)) return { ...doc, visibleTo: undefined, usesProvider: undefined, usedBy }
  const shared = doc.shares.map(({ subject }) => (subject === 'project' ? doc.project : subject))
  return { ...doc, visibleTo: [...new Set([doc.owner.id, ...shared])], usesProvider: doc.provider.id, usedBy }
}
