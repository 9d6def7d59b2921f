import type { Logger, Random } from '@credence/service'
import type { ProofPort } from './capability/proof-port.ts'
import type { PlanPort } from './credential/plan-port.ts'
import type { PageTokens } from './documents/page-token.ts'
import type { Mover } from './provider/mover.ts'
import type { Collections } from './store/collections.ts'
import type { VaultPort } from './vault/vault-port.ts'

/** What every use case works with; built once in service.ts. */
export interface Registry {
  readonly docs: Collections
  readonly vault: VaultPort
  readonly plans: PlanPort
  readonly proofs: ProofPort
  readonly mover: Mover
  readonly pages: PageTokens
  readonly publicUrl: string
  /** The project "default", for orders of services that name none. */
  readonly defaultProject: string
  readonly log: Logger
  readonly random: Pick<Random, 'bytes'>
  now(): Date
  /** Tells the relay that facts wait. */
  nudge(): void
  /** Has what waits for the sweeper taken up at once. */
  sweepSoon(): void
  /** Has research that is due taken up at once. */
  researchSoon(): void
}
