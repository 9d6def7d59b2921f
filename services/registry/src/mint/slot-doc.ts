import type { CredentialId } from '@credence/credential'
import type { Doc } from '@credence/store'

/** The one credential of a user at a server that a panel shows and a mint replaces (`registry_slots`, id: hash of the three). */
export interface SlotDoc extends Doc {
  readonly project: string
  readonly user: string
  readonly provider: string
  readonly credentialId: CredentialId
}
