/** Wraps and unwraps project keys, nothing else. The unwrapped key is kept as a `KeyObject`, which does not print. */
export interface KeyProvider {
  /** Names the root key without telling anything of it: two keys with one name are one key. */
  readonly keyId: string
  wrap(projectKey: Uint8Array, context: string): Promise<Uint8Array>
  /** Throws KEY_MISMATCH when the bytes were wrapped by another key or for another context. */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>
}
