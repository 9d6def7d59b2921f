import type { Authenticate, RpcMount } from '@credence/rpc'

/** A service that has started on its host. */
export interface StandingService {
  readonly addresses: Readonly<Record<string, string>>
  readonly mounts: readonly RpcMount[]
  /** Present: it has methods for callers, who are recognised by this. */
  readonly authenticate?: Authenticate
  /** What it can do its work without, beyond the bus, by the code that says so: each rejects while that is away. */
  readonly engines?: Readonly<Record<string, () => Promise<unknown>>>
  stop(): Promise<void>
}
