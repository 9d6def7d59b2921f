import { type Id, type IdPrefix, newId } from '@credence/credential'
import { addFacts, type HasOutbox, type NewFact } from '@credence/events'
import type { Registry } from '../registry.ts'

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
  })
}
