import type { Authenticate, RpcMount } from '@credence/rpc'

/** A service that has started on its host. */
export interface StandingService {
  readonly addresses: Readonly<Record<string, string>>
  readonly mounts: readonly RpcMount[]
  /** Present: it has methods for callers, who are recognised by this. */
  readonly authenticate?: Authenticate
  /** What is missing although the service can do its work, beyond what the host looks at itself: the code of each. */
  readonly without?: () => Promise<readonly string[]>
  stop(): Promise<void>
}
