import type { Doc } from '@credence/store'

/**
 * Which credential a customer granted to a capability (`registry_capability_claims`, id: hash of capability and user): one of
 * each, however many conversations there are at once. It is there from the first reservation on; until a secret is in force
 * the vault answers CONNECT_REQUIRED.
 */
export interface CustomerClaim extends Doc {
  readonly project: string
  readonly capability: string
  readonly user: string
  readonly names: readonly string[]
  readonly credentialId: string
  readonly generation: number
  readonly at: Date
  readonly pendingSince?: Date | undefined
}
