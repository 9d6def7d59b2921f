/** For a backend that the platform calls on behalf of people: who signed this call, for whom it is, and that it is no replay. */

export type { ExpressLikeRequest } from './node-adapter.ts'
export type { OnBehalfOf } from './on-behalf-of.ts'
export type { NonceStore } from './seen-nonces.ts'
export { CredenceSignatureError, type SignatureErrorCode } from './signature-error.ts'
export type { VerifiedCall } from './verified-call.ts'
export { type CredenceVerifier, type VerifyOptions, verifyCredence } from './verify-credence.ts'
