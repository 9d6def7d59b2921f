import { isCoded } from '@credence/errors'
import type { Collection, Doc, Stored } from '@credence/store'
import type { Child } from '../src/credential/child.ts'
import type { Harness } from './harness.ts'

/** What a storage writer has: the rows, and no key. */
export function children(harness: Harness): Promise<Collection<Child>> {
  return harness.store.collection<Child>({ name: 'vault_credentials', indexes: [] })
}

export async function rowOf(harness: Harness, id: string): Promise<Stored<Child>> {
  return existing(await children(harness), id)
}

export async function existing<D extends Doc>(collection: Collection<D>, id: string): Promise<Stored<D>> {
  const row = await collection.get(id)
  if (row === undefined) throw new TypeError(`there is no row ${id}`)
  return row
}

/** Writes a row over the one that stands there, as it is. */
export async function overwrite(harness: Harness, row: Child): Promise<void> {
  const collection = await children(harness)
  for (;;) {
    const { rev } = await existing(collection, row.id)
    try {
      await collection.replace(row, rev)
      return
    } catch (error) {
      // The relay takes facts out of the row meanwhile.
      if (!isCoded(error, 'CONFLICT')) throw error
    }
  }
}
