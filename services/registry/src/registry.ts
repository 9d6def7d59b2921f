import { type Id, type IdPrefix, newId } from '@credence/credential'
import { addFacts, type HasOutbox, type NewFact } from '@credence/events'
import { type Logger, type Random, traceHeaders } from '@credence/service'
import type { Collections } from './store/collections.ts'
import type { PageTokens } from './store/page-token.ts'
import type { VaultPort } from './vault-port.ts'

/** What every use case works with; built once in service.ts. */
export interface Registry {
  readonly docs: Collections
  readonly vault: VaultPort
  readonly pages: PageTokens
  readonly publicUrl: string
  /** The project "default", for orders of services that name none. */
  readonly defaultProject: string
  readonly log: Logger
  readonly random: Pick<Random, 'bytes'>
  now(): Date
  /** Tells the relay that facts wait. */
  nudge(): void
}

export function freshId<P extends IdPrefix>(registry: Registry, prefix: P): Id<P> {
  return newId(prefix, (count) => registry.random.bytes(count))
}

/** The document with facts about it, to be written in the same write as the change. */
export function withFacts<D extends HasOutbox & { readonly id: string; readonly project: string }>(
  registry: Registry,
  doc: D,
  facts: readonly NewFact[],
): D {
  return addFacts(doc, facts, {
    source: 'registry',
    project: doc.project,
    subject: doc.id,
    now: registry.now().getTime(),
    random: registry.random,
    traceparent: traceHeaders().traceparent,
  })
}
