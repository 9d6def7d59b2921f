import type { RefreshTimes, TokenAnswer } from '@credence/refresh-protocol'
import type { Instances } from '../grant/instances.ts'
import type { Spill } from '../grant/spill.ts'
import type { Child } from './child.ts'
import type { VaultContext } from './vault-context.ts'

/** How one order ended. `failed` says what came back; what it means for the credential the token-refresher judges. */
export interface RefreshOutcome {
  readonly outcome:
    | 'refreshed'
    | 'grant_dead'
    | 'fresh'
    | 'moved'
    | 'failed'
    | 'in_doubt'
    | 'waiting'
    | 'no_refresh_token'
    | 'disabled'
    | 'not_active'
  readonly child?: Child
  readonly answer?: TokenAnswer
  readonly openIntent?: boolean
  readonly replay?: boolean
  readonly clientChanged?: boolean
  readonly askUser?: boolean
  /** With `in_doubt`: because the token came back from a backup. */
  readonly restored?: boolean
  readonly waitUntilMs?: number
}

export interface RefreshContext extends VaultContext {
  readonly spill: Spill
  readonly instances: Instances
  readonly refreshTimes: RefreshTimes
  /** When a backup was put back last. */
  readonly restoredAt?: Date | undefined
}

/** The child with this lease and intent; `undefined` removes. */
export function withRefreshState(child: Child, state: { lease: Child['lease'] | undefined; intent: Child['intent'] | undefined }): Child {
  const { lease: _lease, intent: _intent, ...rest } = child
  return {
    ...rest,
    ...(state.lease === undefined ? {} : { lease: state.lease }),
    ...(state.intent === undefined ? {} : { intent: state.intent }),
  }
}
