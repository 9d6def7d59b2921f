import { type Collection, MongoNetworkTimeoutError, MongoServerError } from 'mongodb'
import type { CollectionSpec, IndexSpec } from '../document-store.ts'
import type { MongoConnection } from './connection.ts'
import { type Row, reindexed, slotOf } from './row.ts'

/**
 * Every index that was ever asked for, in the order of asking, one document per collection. It only grows, so `n` of a row
 * (how many its writer knew) says which entries the row lacks.
 */
interface IndexList {
  readonly _id: string
  readonly n: number
  readonly indexes: readonly IndexSpec[]
}

const LISTS = 'store_indexes'
const DUPLICATE = 11_000
/** Rows per round: a round must end in the time that one operation has. */
const BATCH = 100

/**
 * Makes a collection and its indexes ready and returns all of its indexes. Any number of processes may do it at once, and
 * one that dies in the middle is finished by the next: (1) the list, so that every writer that opens from now on makes the
 * entries, (2) the indexes, which MongoDB builds without stopping reads and writes, (3) the entries that rows still lack.
 */
export async function ensureIndexes(connection: MongoConnection, spec: CollectionSpec): Promise<readonly IndexSpec[]> {
  const indexes = await listIndexes(connection, spec)
  const rows = connection.collection<Row>(spec.name)
  await createIndexes(connection, rows, indexes)
  while (await healRows(connection, rows, { indexes, below: indexes.length }));
  return indexes
}

/**
 * Writes the entries that a writer of another version did not know, for some rows; true while there may be more. The rev
 * stays: for the readers of the document nothing has changed.
 */
export async function healRows(
  connection: MongoConnection,
  rows: Collection<Row>,
  { indexes, below }: { readonly indexes: readonly IndexSpec[]; readonly below: number },
): Promise<boolean> {
  const lacking = await rows.find(lackingEntries(below), { ...connection.read(), limit: BATCH, batchSize: BATCH }).toArray()
  if (lacking.length === 0) return false
  const operations = lacking.map((row) => ({
    replaceOne: {
      filter: { _id: row._id, 'rev.n': row.rev.n, 'rev.nonce': row.rev.nonce, 'keys.n': row.keys.n },
      replacement: reindexed(row, indexes),
    },
  }))
  await rows.bulkWrite(operations, { ordered: false })
  return true
}

/** The rows whose writers knew fewer than so many indexes. */
export function lackingEntries(below: number): { readonly 'keys.n': { readonly $lt: number } } {
  return { 'keys.n': { $lt: below } }
}

async function listIndexes(connection: MongoConnection, spec: CollectionSpec): Promise<readonly IndexSpec[]> {
  const lists = connection.collection<IndexList>(LISTS)
  for (;;) {
    const list = await lists.findOne({ _id: spec.name }, connection.read(true))
    const known = list?.indexes ?? []
    const missing = spec.indexes.filter((index) => isMissing(index, known, spec.name))
    if (list && missing.length === 0) return known
    const indexes = [...known, ...missing.map(({ name, members }) => ({ name, members: [...members] }))]
    const next = { n: (list?.n ?? 0) + 1, indexes }
    if (list ? await replaced(lists, list, next) : await inserted(lists, { _id: spec.name, ...next })) return indexes
  }
}

/** Names differ in more than case, as in SQLite. Throws TypeError when they do not. */
function isMissing(index: IndexSpec, known: readonly IndexSpec[], collection: string): boolean {
  const twin = known.find(({ name }) => name !== index.name && name.toLowerCase() === index.name.toLowerCase())
  if (twin) throw new TypeError(`index ${collection}.${index.name} is already there as ${twin.name}`)
  return !known.some((other) => slotOf(other) === slotOf(index))
}

async function replaced(lists: Collection<IndexList>, { _id, n }: IndexList, next: Omit<IndexList, '_id'>): Promise<boolean> {
  return (await lists.replaceOne({ _id, n }, next)).matchedCount === 1
}

async function inserted(lists: Collection<IndexList>, list: IndexList): Promise<boolean> {
  try {
    await lists.insertOne(list)
    return true
  } catch (error) {
    if (isDuplicate(error)) return false
    throw error
  }
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE
}

/** Waits as long as the build takes: the server goes on with it when our connection has run out of time, so ask again. */
async function createIndexes(connection: MongoConnection, rows: Collection<Row>, indexes: readonly IndexSpec[]): Promise<void> {
  const slots = indexes.map((index) => {
    const slot = slotOf(index)
    // Sparse: most documents are in few of their indexes.
    return { name: slot, key: { [`keys.${slot}.h`]: 1, [`keys.${slot}.t`]: 1 }, sparse: true } as const
  })
  for (;;) {
    try {
      await rows.createIndexes([{ name: 'lacking', key: { 'keys.n': 1 } }, ...slots])
      return
    } catch (error) {
      if (!(error instanceof MongoNetworkTimeoutError)) throw error
      await rows.findOne({ _id: '' }, connection.read())
    }
  }
}
