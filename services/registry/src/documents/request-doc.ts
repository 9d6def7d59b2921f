import type { Doc } from '@credence/store'

/**
 * An idempotency key in use (`registry_requests`, id: hash of caller, method and key). The id of what is created comes
 * from here: a repeated request finds it or, after a crash, makes it under the same id.
 */
export interface RequestClaim extends Doc {
  readonly digest: string
  readonly target: string
  readonly expiresAt: Date
}
