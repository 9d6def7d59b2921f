import type { HasOutbox } from '@credence/events'

export const CONSUMER_KINDS = ['tool', 'channel', 'agent'] as const
export type ConsumerKind = (typeof CONSUMER_KINDS)[number]

/** Somebody who uses a credential by its id (`registry_consumers`): answers "where is it used?". */
export interface ConsumerDoc extends HasOutbox {
  readonly project: string
  readonly credentialId: string
  readonly kind: ConsumerKind
  readonly externalRef: string
  readonly label: string
  readonly boundAt: Date
  readonly boundBy: string
  /** Present while it is bound: the first member of the list index. */
  readonly boundTo?: string | undefined
  /** Of a consumer that stands on a native channel. */
  readonly native?: { readonly channel: string; readonly nativeId: string; readonly agent: string } | undefined
  /** Unbound, and its channel is not free yet: the first member of the sweeper's index. */
  readonly freeingSince?: Date | undefined
  /** When its credential was deleted. */
  readonly orphanedAt?: Date | undefined
}
