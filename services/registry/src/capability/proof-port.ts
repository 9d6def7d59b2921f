import type { Principal } from '@credence/rpc'

/** What one call with a credential said. */
export interface Proof {
  /** `ok`, `failed`, `undecided`, `no_probe`; empty: nothing was tried. */
  readonly verdict: string
  readonly cause: string
  readonly sentence: string
  readonly httpStatus: number
}

export const NO_PROOF: Proof = { verdict: '', cause: '', sentence: '', httpStatus: 0 }

/** Proves the secret in force by one read-only call. A verifier that is away is `undecided`. */
export interface ProofPort {
  prove(by: Principal, credential: { id: string; providerId: string; providerVersion: number; pattern: number }): Promise<Proof>
}
