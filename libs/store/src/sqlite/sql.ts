/** A document as its table has it; `n` and `nonce` are its rev. */
export interface Row {
  readonly n: number
  readonly nonce: string
  readonly body: string
}

/** The statements on the tables of one collection. Names are checked (`spec.ts`) before they come here. */
export const quoted = (name: string): string => `"${name}"`

export const indexTable = (collection: string, index: string): string => `${collection}:${index}`

export const createDocuments = (collection: string): string =>
  `CREATE TABLE IF NOT EXISTS ${quoted(collection)} (id TEXT NOT NULL UNIQUE, n INTEGER NOT NULL, nonce TEXT NOT NULL, body TEXT NOT NULL) STRICT`

export const createIndex = (collection: string, index: string): string =>
  `CREATE TABLE ${quoted(indexTable(collection, index))} (key BLOB NOT NULL PRIMARY KEY, id TEXT NOT NULL) STRICT, WITHOUT ROWID`

export const readDocument = (collection: string): string => `SELECT n, nonce, body FROM ${quoted(collection)} WHERE id = ?`

/**
 * Parameters: lower (inclusive), upper (exclusive), limit. CROSS JOIN keeps SQLite from starting at the documents: the entries are walked in
 * order and each one's document is looked up, whatever the size of the tables.
 */
export function findDocuments(collection: string, index: string, reverse: boolean): string {
  return `SELECT i.key, d.n, d.nonce, d.body FROM ${quoted(indexTable(collection, index))} AS i CROSS JOIN ${quoted(collection)} AS d ON d.id = i.id
    WHERE i.key >= ? AND i.key < ? ORDER BY i.key ${reverse ? 'DESC' : 'ASC'} LIMIT ?`
}
