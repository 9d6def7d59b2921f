import type { AccessFence } from '@credence/proto/credential'
import type { RefreshResponse } from '@credence/proto/refresh'
import type { ListUsesResponse } from '@credence/proto/uses'
import type { PromoteResponse, SetCallerRequest } from '@credence/proto/vault'
import type { SetCapabilityRequest, SetClaimRequest } from '@credence/proto/vault-capability'
import type { SetConsentRequest } from '@credence/proto/vault-identity'
import type { Principal } from '@credence/rpc'

/**
 * What the registry asks of the vault. Every order names its principal: the person behind it for the audit, or the
 * registry itself; its project is the credential's. Errors are CodedErrors; a vault that does not answer in time is
 * DEADLINE_EXCEEDED.
 */
export interface VaultPort {
  /**
   * CONFLICT when the vault holds a newer generation; NOT_FOUND when it has no such child. With a recipe the secret goes under
   * it in the same write: HOST_REFUSED or FIELD_REFUSED when that needs the person again.
   */
  setAccess(by: Principal, order: { credentialId: string; access: AccessFence; recipeId?: string }): Promise<void>
  /** CONFLICT when the vault holds a newer generation. */
  setCapability(by: Principal, capability: SetCapabilityRequest): Promise<void>
  /** CONFLICT when the vault holds a newer generation. */
  setClaim(by: Principal, claim: SetClaimRequest): Promise<void>
  /** CONFLICT when the vault holds a newer generation. */
  setConsent(by: Principal, consent: SetConsentRequest): Promise<void>
  setCaller(by: Principal, caller: Caller): Promise<void>
  promote(by: Principal, order: { credentialId: string; candidateId: string; access: AccessFence }): Promise<PromoteResponse>
  destroy(by: Principal, order: { credentialId: string; consumers: readonly string[]; generation: number }): Promise<void>
  putRecipe(by: Principal, recipe: { id: string; bytes: Uint8Array }): Promise<void>
  /**
   * One of `revoked`, `not_declared`, `left_shared_grant`, `nothing_to_revoke`, `failed`. `sharedGrant`: another live
   * credential would lose its grant by it.
   */
  revoke(by: Principal, order: { credentialId: string; sharedGrant: boolean }): Promise<string>
  refresh(by: Principal, order: { credentialId: string; expectedVersion: number; cause: string }): Promise<RefreshResponse>
  /** Of one credential, or of one capability. */
  listUses(
    by: Principal,
    query: { credentialId: string; capabilityId: string; pageSize: number; pageToken: string },
  ): Promise<ListUsesResponse>
}

/** One secret of a caller's key, as the vault keeps it. */
export type Caller = Omit<SetCallerRequest, '_unknownFields' | 'keySha256'> & { readonly keySha256: Uint8Array }
