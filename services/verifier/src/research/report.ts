import type { Fact, Missing } from './assemble.ts'
import type { GuidedStep } from './guide.ts'
import type { Visit } from './reader.ts'

export interface ResearchReport {
  /** `found`: a payload that can be saved. `incomplete`: `missing` says what to ask. `unknown`: a name that leads nowhere. */
  readonly outcome: 'found' | 'incomplete' | 'unknown'
  readonly source: 'catalogue' | 'documentation'
  readonly catalogSlug?: string
  readonly name: string
  readonly site: string
  /** As a person would write it, or the catalogue's own bytes. */
  readonly payload?: Uint8Array
  readonly facts: readonly Fact[]
  readonly missing: readonly Missing[]
  readonly steps: readonly GuidedStep[]
  /** Where a client can register itself (RFC 7591). */
  readonly registrationUri?: string
  readonly suggestions: readonly string[]
  readonly visits: readonly Visit[]
  /** `used`: something of its answer held. `refused`: nothing did. */
  readonly model: 'none' | 'used' | 'refused'
}
