import type { Egress } from '@credence/egress'
import type { NewFact } from '@credence/events'
import { addFacts } from '@credence/events'
import type { Clock, Random } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Capabilities } from '../capability/capability.ts'
import type { Challenges } from '../identity/challenges.ts'
import type { FactRecords } from '../identity/fact-records.ts'
import type { ProjectKeys } from '../keys/project-keys.ts'
import type { Child } from './child.ts'
import type { Children } from './children.ts'
import type { Clients } from './client.ts'
import type { Envelope } from './envelope.ts'
import type { Floors } from './floors.ts'
import type { Recipes } from './recipes.ts'

/** What the use cases of the vault work with; built once in service.ts. */
export interface VaultContext {
  readonly children: Children
  readonly recipes: Recipes
  readonly clients: Clients
  readonly capabilities: Capabilities
  readonly challenges: Challenges
  readonly factRecords: FactRecords
  readonly envelope: Envelope
  readonly keys: ProjectKeys
  readonly floors: Floors
  readonly audit: AuditLog
  readonly egress: Egress
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  /** HMAC key for digests and fingerprints; never leaves the vault. */
  readonly digestKey: Uint8Array
  readonly reconnectUrl: (credentialId: string) => string
  /** How old a fence that was read may be when a use begins; 0: this is the only replica, its memory is the fence. */
  readonly fenceMaxAgeMs: number
  /** Dies here in crash tests. */
  readonly failpoint: (name: string) => void
  /** Wakes the relay after a write that put facts into an outbox. */
  readonly nudge: () => void
}

/** The child with facts of the vault about it, for the same write as the change they tell of. */
export function withFacts(vault: Pick<VaultContext, 'clock' | 'random'>, child: Child, facts: readonly NewFact[]): Child {
  const { clock, random } = vault
  return addFacts(child, facts, { source: 'vault', project: child.project, subject: child.id, now: clock.now(), random })
}
