import { CodedError } from '@credence/errors'
import type { Recipe } from '@credence/provider'
import { mayWrite, type Sent } from '@credence/refresh-protocol'
import type { Stored } from '@credence/store'
import type { Child } from './child.ts'
import type { RefreshContext } from './refresh-context.ts'

export type RefreshCause = 'schedule' | 'unauthorized' | 'enable' | 'operator'

/** One refresh whose lease and intent are written. */
export interface RefreshAttempt {
  readonly child: Stored<Child>
  readonly recipe: Recipe
  readonly sent: Sent
  readonly clientGeneration: number
  readonly cause: RefreshCause
  /** Monotonic time of the decision: the write, the audit and the connect all count against the deadline. */
  readonly takenMs: number
}

/** In the tick that writes: throws when the deadline has passed by either clock, or the fence has closed meanwhile. */
export function refuseLate(
  vault: Pick<RefreshContext, 'clock' | 'floors'>,
  { sent, takenMs, child }: Pick<RefreshAttempt, 'sent' | 'takenMs' | 'child'>,
): void {
  if (!mayWrite(sent, { now: vault.clock.now(), elapsedMs: vault.clock.monotonicMs() - takenMs })) throw new CodedError('DEADLINE_EXCEEDED')
  if ((vault.floors.state(child.id) ?? 'active') !== 'active') throw new CodedError('CREDENTIAL_DISABLED')
}
