import type { OnBehalfOf } from './on-behalf-of.ts'

/** A call of the platform that is what it says. */
export interface VerifiedCall {
  readonly onBehalfOf: OnBehalfOf
  /** As they came; the signature covers them. */
  readonly body: Uint8Array
  readonly signedAt: Date
  readonly keyId: string
}
