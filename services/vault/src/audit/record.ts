/** What was asked of a credential; the audit log holds nothing of what was sent or answered. */
export type AuditAction =
  | 'send'
  | 'check'
  | 'probe'
  | 'refresh'
  | 'revoke'
  | 'seal'
  | 'promote'
  | 'destroy'
  | 'access'
  | 'connect'
  | 'rotate'
  | 'sign'
  | 'identity'
  | 'restore'

/** One record. A use has two: `began`, on the disk before anything is decrypted, and its end with the outcome. */
export interface AuditRecord {
  /** Names the use: both records of one use have the same. */
  readonly use: string
  readonly phase: 'began' | 'ended' | 'denied' | 'change'
  readonly action: AuditAction
  readonly at: number
  readonly project: string
  readonly credential: string
  readonly subject: string
  readonly user?: string
  readonly consumer?: string
  readonly method?: string
  /** `ok`, or the error code. */
  readonly outcome?: string
  readonly status?: number
  readonly providerError?: string
  readonly version?: number
  readonly generation?: number
  readonly trace?: string
  /** Through which it was asked for; of what the platform does by itself, all that use the credential. */
  readonly capabilities?: readonly string[]
}
