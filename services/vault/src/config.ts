import type { EgressSettings } from '@credence/egress'
import { CodedError } from '@credence/errors'
import { checkRefreshTimes, type RefreshTimes } from '@credence/refresh-protocol'

/** What the vault is told at start; frozen. */
export interface VaultConfig {
  readonly host: string
  /** Service gRPC. 0: any free port. */
  readonly port: number
  /** `/v1/proxy`. 0: any free port. */
  readonly dataPort: number
  /** The volume of this replica: audit, spill, instance.json. */
  readonly folder: string
  /** The root key: a file. */
  readonly keyFile: string
  readonly publicUrl: string
  readonly egress: EgressSettings
  readonly maxRequestBytes: number
  /** 0: this is the only replica. */
  readonly fenceMaxAgeMs: number
  readonly acceptRestore: boolean
  /** How long the disk may take for an audit record before the call is refused. Default 250. */
  readonly auditDeadlineMs?: number
  /** How long a stop waits for the next request on each connection of the proxy that is kept alive. Default 0. */
  readonly lingerMs?: number
  readonly refreshTimes: RefreshTimes
}

/** What the operator may say of the vault in either profile. */
export const LIMIT_SETTINGS = {
  maxRequestBytes: { name: 'MAX_REQUEST_BYTES', kind: 'bytes', default: 33_554_432, doc: 'Longest body of a proxied request.' },
  auditDeadlineMs: {
    name: 'AUDIT_DEADLINE_MS',
    kind: 'ms',
    default: 250,
    doc: 'How long the disk may take for an audit record before the call is refused.',
  },
} as const

/** Throws INVALID_SETTING with every conflict. */
export function checkVaultConfig(config: VaultConfig): void {
  const faults = checkRefreshTimes(config.refreshTimes)
  if (faults.length > 0) throw new CodedError('INVALID_SETTING', undefined, { faults })
}
