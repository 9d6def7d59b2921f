import type { Doc } from '@credence/store'

/** A change of a credential, or a connect that ended here (`registry_history`); uses are in the vault's audit. */
export interface HistoryDoc extends Doc {
  readonly project: string
  /** Empty: it is about a capability alone. */
  readonly credentialId: string
  readonly at: Date
  readonly action: 'connect' | 'change' | 'identity' | 'consent'
  /** `key_…`, `usr_…` or `service:<name>`. */
  readonly actor: string
  readonly user: string
  /** `ok`, an error code, or for a change what was done: `disabled`, `shared`, … */
  readonly outcome: string
  /** That it belongs to. Absent: none. */
  readonly capabilities?: readonly string[]
}
