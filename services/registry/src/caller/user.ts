import type { UserName } from '@credence/credential'
import type { Doc } from '@credence/store'

/** A user of a project (`registry_users`), created on first mention. */
export interface UserDoc extends Doc {
  readonly project: string
  /** At most one `id:…` and one `email:…`, folded. */
  readonly names: readonly UserName[]
  readonly createdAt: Date
  /** Since when a name that was joined later has to be written into the fences that hold this user. */
  readonly spreadSince?: Date | undefined
}

/** Whose a name is (`registry_user_names`, id: hash of project and name). Written before the user himself, and never changed. */
export interface NameClaim extends Doc {
  readonly project: string
  readonly name: UserName
  readonly user: string
}
