import type { Principal } from '@credence/rpc'

/** What the registry asks of the token-refresher. */
export interface PlanPort {
  /** Whether the credential is being refreshed at this moment; false where nobody can say. Never throws, and takes a second at most. */
  isRefreshing(by: Principal, credentialId: string): Promise<boolean>
}
