import type { CollectionSpec, Doc, IndexSpec, Stored } from '../document-store.ts'
import { MongoConnection, type MongoStoreOptions } from './connection.ts'
import { type Row, storedOf } from './row.ts'
import { searchIndex } from './search.ts'

/** A look into the database of a service, which changes nothing: what is not there is not made. */
export interface MongoPeek {
  get(collection: string, id: string): Promise<Stored<Doc> | undefined>
  /** The document that the index has first. */
  first(collection: CollectionSpec['name'], index: IndexSpec): Promise<Stored<Doc> | undefined>
  close(): Promise<void>
}

/** Throws STORE_UNAVAILABLE, and TypeError for a URL or a name that is none, without repeating it. Each look throws STORE_UNAVAILABLE, too where it is refused. */
export async function peekMongo(options: Pick<MongoStoreOptions, 'url' | 'database' | 'selectionTimeoutMs'>): Promise<MongoPeek> {
  const connection = new MongoConnection(options)
  await connection.open()
  return {
    get: (collection, id) =>
      connection.run(async () => {
        const row = await connection.collection<Row>(collection).findOne({ _id: id }, connection.read())
        return row === null ? undefined : storedOf(row)
      }),
    first: (collection, index) =>
      connection.run(async () => {
        const rows = connection.collection<Row>(collection)
        const [found] = await searchIndex({ rows, index, query: { prefix: [], limit: 1 }, limit: 1, read: connection.read() })
        return found === undefined ? undefined : storedOf(found.row)
      }),
    close: () => connection.close(),
  }
}
