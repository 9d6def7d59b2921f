/** Where documents are kept: one port, single-document compare-and-set, and an adapter per engine. */
export type {
  Collection,
  CollectionSpec,
  Doc,
  DocumentStore,
  FindQuery,
  IndexSpec,
  IndexValue,
  Page,
  Rev,
  Stored,
} from './document-store.ts'
export { migrate } from './migrate.ts'
export type { MongoStoreOptions } from './mongodb/connection.ts'
export type { MongoCondition } from './mongodb/inspect.ts'
export type { MongoPeek } from './mongodb/peek.ts'
export { inspectMongo, openMongoStore, peekMongo } from './mongodb.ts'
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/open.ts'
