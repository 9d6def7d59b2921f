import { CodedError, isCoded } from '@credence/errors'
import type { Collection, Doc, Stored } from '@credence/store'

/** So many writers of one document in one moment mean a fault, not contention. */
const MAX_TRIES = 100

/**
 * Reads, decides and writes until nobody came between. `decide` gets the newest document and gives the new one, or
 * undefined to leave it as it is; it may be called several times. Undefined when the document does not exist.
 */
export async function change<D extends Doc>(
  collection: Collection<D>,
  id: string,
  decide: (doc: Stored<D>) => D | undefined,
): Promise<Stored<D> | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const doc = await collection.get(id, { fresh: true })
    if (doc === undefined) return undefined
    const changed = decide(doc)
    if (changed === undefined) return doc
    const written = await replaced(collection, changed, doc)
    if (written !== undefined) return written
  }
  throw new CodedError('CONFLICT')
}

/** Writes if `read` is still what is stored; undefined when it is not. */
export async function replaced<D extends Doc>(collection: Collection<D>, doc: D, read: Stored<D>): Promise<Stored<D> | undefined> {
  return collection.replace(doc, read.rev).catch((error: unknown) => {
    if (isCoded(error, 'CONFLICT')) return undefined
    throw error
  })
}

/** Inserts, or gives what stands under this id already. */
export async function insertOnce<D extends Doc>(collection: Collection<D>, doc: D): Promise<{ doc: Stored<D>; inserted: boolean }> {
  try {
    return { doc: await collection.insert(doc), inserted: true }
  } catch (error) {
    if (!isCoded(error, 'ALREADY_EXISTS')) throw error
  }
  const present = await collection.get(doc.id, { fresh: true })
  if (present === undefined) throw new CodedError('CONFLICT')
  return { doc: present, inserted: false }
}
