import { checkSpec } from './document/spec.ts'
import type { CollectionSpec, DocumentStore } from './document-store.ts'

/**
 * Makes every collection and index ready, one after another in the order given, and fills what is new from the documents
 * that are there: the same work that each service does for itself at start, done beforehand, so that a start is short.
 * Idempotent, on any engine; several may run at once, and beside running services where the engine takes more than one
 * process. `ready` is told of each collection when it is. Throws TypeError, before anything is touched, for a spec that no
 * store takes.
 */
export async function migrate(
  store: DocumentStore,
  specs: readonly CollectionSpec[],
  ready: (spec: CollectionSpec) => void = () => undefined,
): Promise<void> {
  const joined = joinSpecs(specs)
  for (const spec of joined) checkSpec(spec)
  for (const spec of joined) {
    await store.collection(spec)
    ready(spec)
  }
}

/** Readers of one collection may each name the indexes that they use. */
function joinSpecs(specs: readonly CollectionSpec[]): readonly CollectionSpec[] {
  const joined = new Map<string, CollectionSpec>()
  for (const { name, indexes } of specs) {
    const before = joined.get(name)?.indexes ?? []
    const isNew = (index: CollectionSpec['indexes'][number]): boolean =>
      !before.some((other) => other.name === index.name && other.members.join() === index.members.join())
    joined.set(name, { name, indexes: [...before, ...indexes.filter(isNew)] })
  }
  return [...joined.values()]
}
