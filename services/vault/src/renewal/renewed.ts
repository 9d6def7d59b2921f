import type { Egress } from '@credence/egress'
import type { ErrorCode } from '@credence/errors'
import type { Recipe } from '@credence/provider'
import type { Renewal } from '@credence/provider/renewal'
import type { Clock, Random } from '@credence/service'
import type { ParsedTokenAnswer } from '../grant/token-answer.ts'
import type { Values } from './fill.ts'

/** One exchange, from the opened fields to what was obtained for them. */
export interface Exchange<Kind extends Renewal = Renewal> {
  readonly project: string
  readonly recipe: Recipe
  readonly renewal: Kind
  readonly plain: Readonly<Record<string, string>>
  readonly hosts: readonly string[]
  readonly fields: Values
  /** From now to the last byte of the last answer. */
  readonly deadlineMs: number
  /** In the tick that writes the first byte of each call; a throw ends the exchange. */
  readonly beforeWrite?: () => void
}

/**
 * How an exchange ended. Nothing is spent by one, so that an answer that did not come is as good as a request that did not
 * leave: both are `not_sent`, and it is never in doubt.
 */
export type Renewed =
  | { readonly kind: 'answered'; readonly parsed: ParsedTokenAnswer; readonly refusal?: Refusal }
  | { readonly kind: 'not_sent'; readonly cause: string; readonly code?: ErrorCode; readonly step?: string }

/** What a person is told of a refused exchange; nothing of the answer but its status. */
export interface Refusal {
  readonly step?: string
  readonly sentence?: string
  /** The name of a result that the answer did not have. */
  readonly missing?: string
}

export interface RenewalPorts {
  readonly egress: Egress
  readonly clock: Clock
  readonly random: Random
}
