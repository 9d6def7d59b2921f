import type { RefreshTimes } from '@credence/refresh-protocol'
import type { Logger, Random } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { ClientLimits } from './client-limits.ts'
import type { Clients } from './clients.ts'
import type { Plans } from './plans.ts'
import type { RefreshResult, TokenFacts } from './token-facts.ts'

/** What is asked of the vault, always under the credential's own project. */
export interface VaultPort {
  /** Of those that exist; a deleted credential is there as such, or not at all. */
  tokens(ids: readonly string[]): Promise<readonly TokenFacts[]>
  /** All that end some day, page by page. */
  page(pageToken: string): Promise<{ readonly tokens: readonly TokenFacts[]; readonly nextPageToken: string }>
  /** Throws NOT_FOUND when it is gone. */
  refresh(order: { readonly credentialId: string; readonly version: number; readonly project: string }): Promise<RefreshResult>
}

/** Whom a sentence to the registry is about. */
export interface About {
  readonly credentialId: string
  readonly project: string
  readonly version: number
}

export interface RegistryPort {
  /** Resolves when no vault starts a use any more. CONFLICT: the version moved. ILLEGAL_MOVE: disabled. */
  markExpired(about: About, reason: string): Promise<{ readonly reconnectUrl: string }>
  /** `health` empty: as it was. */
  reportHealth(
    about: About,
    report: {
      readonly health: string
      readonly expiresAt?: Date | undefined
      readonly lastError?: { readonly code: string; readonly at: Date } | undefined
    },
  ): Promise<void>
}

/** Everything the use cases work with. */
export interface Refresher {
  readonly plans: Plans
  readonly clients: Clients
  readonly limits: ClientLimits
  readonly vault: VaultPort
  readonly registry: RegistryPort
  readonly times: RefreshTimes
  /** Without a slash at its end. */
  readonly publicUrl: string
  /** Credentials whose refresh is under way in this process. */
  readonly inFlight: Set<string>
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  /** Wall clock, ms. */
  now(): number
}
