import { createHash } from 'node:crypto'
import { idOf } from '@credence/credential'
import type { HasOutbox } from '@credence/events'

/** One giving of consent, and its end. */
export interface GivenConsent {
  readonly purpose: string
  readonly scopes: readonly string[]
  readonly givenAt: Date
  /** `key_…` or `usr_…`. */
  readonly givenBy: string
  readonly how: string
  readonly withdrawnAt?: Date | undefined
  readonly withdrawnBy?: string | undefined
}

/**
 * What one customer has consented to for one capability (`registry_consents`): one document, so that the vault has one fence to
 * look at. Its id is that of the two for ever.
 *
 *     given ⇄ withdrawn     entries[0] says when and by whom
 */
export interface ConsentDoc extends HasOutbox {
  readonly project: string
  readonly capability: string
  /** `usr_…` */
  readonly user: string
  /** Under each of them the vault has it. */
  readonly names: readonly string[]
  readonly state: 'given' | 'withdrawn'
  /** Newest first. */
  readonly entries: readonly GivenConsent[]
  readonly generation: number
  readonly pendingSince?: Date | undefined
  readonly createdAt: Date
}

/** Older ones stand in the history alone. */
export const MOST_ENTRIES = 50

export function consentId(project: string, capability: string, user: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([project, capability, user]))
    .digest()
  return idOf('cons', hash)
}
