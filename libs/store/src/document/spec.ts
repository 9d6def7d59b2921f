import type { CollectionSpec, FindQuery, IndexSpec } from '../document-store.ts'

const COLLECTION = /^[a-z]+(_[a-z]+)+$/
const INDEX = /^[A-Za-z][A-Za-z0-9_-]*$/
const MEMBER = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/
/** `store_*` are the adapter's own tables, `sqlite_*` the engine's. */
const RESERVED = /^(store|sqlite)_/
const MAX_NAME = 60
const MAX_LIMIT = 500

/** Names become names of tables, so nothing else gets through. Throws TypeError. */
export function checkSpec(spec: CollectionSpec): void {
  if (!COLLECTION.test(spec.name) || RESERVED.test(spec.name) || spec.name.length > MAX_NAME) {
    throw new TypeError('a collection is named <service>_<noun>: lower-case letters and underscores, 60 at most')
  }
  const names = new Set(spec.indexes.map((index) => index.name.toLowerCase()))
  if (names.size !== spec.indexes.length) throw new TypeError(`collection ${spec.name}: two indexes have one name`)
  for (const index of spec.indexes) checkIndex(spec.name, index)
}

function checkIndex(collection: string, index: IndexSpec): void {
  if (!INDEX.test(index.name) || index.name.length > MAX_NAME) {
    throw new TypeError(`collection ${collection}: an index name has letters, digits, _ and -, 60 at most`)
  }
  if (index.members.length === 0 || !index.members.every((member) => MEMBER.test(member))) {
    throw new TypeError(`index ${collection}.${index.name} needs member paths like owner.user`)
  }
}

/** Throws TypeError for a query that the index cannot answer. */
export function checkQuery(index: IndexSpec, query: FindQuery): void {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > MAX_LIMIT) throw new TypeError(`limit must be 1 to ${MAX_LIMIT}`)
  const ranged = query.from !== undefined || query.to !== undefined
  // The id is the implied last member: it can be the range, or the end of the prefix.
  if (query.prefix.length + (ranged ? 1 : 0) > index.members.length + 1) {
    throw new TypeError(`index ${index.name} has fewer members than the query`)
  }
}

const MAX_ID_BYTES = 512

/** Throws TypeError: ids are made by our own code. */
export function checkId(id: string): void {
  const usable = typeof id === 'string' && id !== '' && id.isWellFormed() && !id.includes('\0') && Buffer.byteLength(id) <= MAX_ID_BYTES
  if (!usable) throw new TypeError(`an id is 1 to ${MAX_ID_BYTES} bytes of text`)
}
