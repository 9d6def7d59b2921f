/** Why a call was not accepted. */
export type SignatureErrorCode =
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_MALFORMED'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_EXPIRED'
  | 'SIGNATURE_REPLAYED'
  | 'AUDIENCE_MISMATCH'
  | 'DIGEST_MISMATCH'
  | 'KEY_UNKNOWN'
  | 'PROJECT_MISMATCH'
  | 'BODY_TOO_LARGE'
  | 'KEYS_UNAVAILABLE'
  | 'MEMORY_FULL'

const STATUSES: Readonly<Partial<Record<SignatureErrorCode, number>>> = { BODY_TOO_LARGE: 413, KEYS_UNAVAILABLE: 503, MEMORY_FULL: 503 }

/**
 * A call that is not the platform's, or cannot be told to be. Decide by `code`. `status` (Express) and `statusCode` (Fastify)
 * are what to answer: 401, 413 for a body that is too large, 503 while the keys cannot be had.
 */
export class CredenceSignatureError extends Error {
  readonly code: SignatureErrorCode
  readonly status: number
  readonly statusCode: number

  constructor(code: SignatureErrorCode, detail: string) {
    super(`${code}: ${detail}`)
    this.name = 'CredenceSignatureError'
    this.code = code
    this.status = STATUSES[code] ?? 401
    this.statusCode = this.status
  }
}
