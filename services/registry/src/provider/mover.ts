import type { Stored } from '@credence/store'
import type { ProviderDoc } from './provider.ts'

/** Moves the live credentials of providers to new versions of them, behind the requests that ask for it. */
export interface Mover {
  /**
   * Whether all are there by now. False: it takes longer than a caller waits, or some could not be moved; either way it goes
   * on without him. One move at a time per provider, and for the same version it is the one under way.
   */
  move(head: Stored<ProviderDoc>): Promise<boolean>
  /** Takes up one that was left behind, without waiting for its end. */
  resume(head: Stored<ProviderDoc>): Promise<void>
  /** What is under way is left to the sweeper of the next start. */
  stop(): Promise<void>
}
