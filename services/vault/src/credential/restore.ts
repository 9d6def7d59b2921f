import { isCoded } from '@credence/errors'
import type { CollectionSpec, Doc, DocumentStore } from '@credence/store'

interface RestoreDoc extends Doc {
  readonly at: Date
}

export const RESTORE_COLLECTION: CollectionSpec = { name: 'vault_restores', indexes: [] }
const LAST = 'last'

/** Notes that everything in the store may be older than what providers know: the operator has put a backup back. */
export async function noteRestore(store: DocumentStore, at: number): Promise<void> {
  const restores = await store.collection<RestoreDoc>(RESTORE_COLLECTION)
  const doc = { id: LAST, v: 1, at: new Date(at) }
  const before = await restores.get(LAST)
  const written = before === undefined ? restores.insert(doc) : restores.replace(doc, before.rev)
  await written.catch((error: unknown) => {
    // Another replica, started with the same word a moment ago.
    if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
  })
}

/** When the last backup was put back; undefined: never. */
export async function restoredAt(store: DocumentStore): Promise<Date | undefined> {
  return (await (await store.collection<RestoreDoc>(RESTORE_COLLECTION)).get(LAST))?.at
}
