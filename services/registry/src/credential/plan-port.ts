import type { Principal } from '@credence/rpc'

/** What the registry asks of the token-refresher. */
export interface PlanPort {
  /** Whether the credential is being refreshed at this moment; false where nobody can say. Never throws, and takes a second at most. */
  /** Declares a version of a credential lost: it becomes `expired`, and everybody who needs to know is told. Idempotent. */
  giveUp(by: Principal, order: { readonly credentialId: string; readonly version: number; readonly reason: string }): Promise<void>
  isRefreshing(by: Principal, credentialId: string): Promise<boolean>
}
