import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { indexKeys } from '../document/index-entries.ts'
import type { CollectionSpec, IndexSpec, Rev } from '../document-store.ts'
import { decodeBody } from './body.ts'
import { DONE, type Outcome, type Write } from './protocol.ts'
import { createDocuments, createIndex, indexTable, quoted, type Row, readDocument } from './sql.ts'

interface WriteIndex {
  readonly spec: IndexSpec
  readonly add: StatementSync
  readonly drop: StatementSync
}

/** The writer's side of one collection: its documents and the entries of every index it ever had. */
export class WriteTable {
  readonly #db: DatabaseSync
  readonly #name: string
  readonly #indexes = new Map<string, WriteIndex>()
  /** Asked for since the process started: their members cannot change under the one who asked. */
  readonly inUse: ReadonlySet<string>
  readonly #read: StatementSync
  readonly #insert: StatementSync
  readonly #update: StatementSync
  readonly #delete: StatementSync

  /**
   * Opens the collection inside the caller's transaction and makes what is missing. Indexes add up: one that this spec
   * does not name is still kept right, because another reader of the collection may have asked for it.
   * Throws TypeError when an index that is in use is asked for with other members.
   */
  constructor(db: DatabaseSync, spec: CollectionSpec, inUse: ReadonlySet<string> = new Set()) {
    this.#db = db
    this.#name = spec.name
    this.inUse = new Set([...inUse, ...spec.indexes.map((index) => index.name)])
    db.exec(createDocuments(spec.name))
    this.#read = db.prepare(readDocument(spec.name))
    this.#insert = db.prepare(`INSERT INTO ${quoted(spec.name)} (id, n, nonce, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`)
    this.#update = db.prepare(`UPDATE ${quoted(spec.name)} SET n = ?, nonce = ?, body = ? WHERE id = ?`)
    this.#delete = db.prepare(`DELETE FROM ${quoted(spec.name)} WHERE id = ?`)
    for (const row of db.prepare('SELECT name, members FROM store_indexes WHERE collection = ?').all(spec.name)) {
      this.#open({ name: String(row.name), members: JSON.parse(String(row.members)) as string[] })
    }
    for (const index of spec.indexes) this.#require(index, inUse)
  }

  /** Judges and carries out one write inside the caller's transaction. What is refused has touched nothing. */
  apply(write: Write): Outcome {
    const wanted = this.#wanted(write)
    if (!(wanted instanceof Map)) return wanted
    if (write.kind === 'insert') {
      const { changes } = this.#insert.run(write.id, write.rev.n, write.rev.nonce, write.body)
      if (changes === 0) return { kind: 'refused', code: 'ALREADY_EXISTS' }
      this.#moveEntries(write.id, new Map(), wanted)
      return DONE
    }
    const row = this.#read.get(write.id) as Row | undefined
    if (!row || !sameRev(row, write.expected)) return { kind: 'refused', code: 'CONFLICT' }
    const present = this.#keys(decodeBody(row.body))
    if (write.kind === 'remove') this.#delete.run(write.id)
    else this.#update.run(write.rev.n, write.rev.nonce, write.body, write.id)
    this.#moveEntries(write.id, present, wanted)
    return DONE
  }

  #require(index: IndexSpec, inUse: ReadonlySet<string>): void {
    const members = this.#indexes.get(index.name)?.spec.members
    if (members?.join() === index.members.join()) return
    if (members && inUse.has(index.name)) throw new TypeError(`index ${this.#name}.${index.name} is in use with other members`)
    if (members) this.#forget(index.name)
    // SQLite does not tell the names of two tables apart by case.
    const twin = [...this.#indexes.keys()].find((name) => name.toLowerCase() === index.name.toLowerCase())
    if (twin !== undefined) throw new TypeError(`index ${this.#name}.${index.name} is already there as ${twin}`)
    this.#build(index)
  }

  #open(spec: IndexSpec): WriteIndex {
    const table = quoted(indexTable(this.#name, spec.name))
    const index = {
      spec,
      add: this.#db.prepare(`INSERT INTO ${table} (key, id) VALUES (?, ?)`),
      drop: this.#db.prepare(`DELETE FROM ${table} WHERE key = ?`),
    }
    this.#indexes.set(spec.name, index)
    return index
  }

  #build(spec: IndexSpec): void {
    this.#db.exec(createIndex(this.#name, spec.name))
    this.#db
      .prepare('INSERT INTO store_indexes (collection, name, members) VALUES (?, ?, ?)')
      .run(this.#name, spec.name, JSON.stringify(spec.members))
    const index = this.#open(spec)
    for (const row of this.#db.prepare(`SELECT id, body FROM ${quoted(this.#name)}`).iterate()) {
      for (const key of indexKeys(decodeBody(String(row.body)), spec)) index.add.run(key, String(row.id))
    }
  }

  #forget(index: string): void {
    this.#indexes.delete(index)
    this.#db.exec(`DROP TABLE ${quoted(indexTable(this.#name, index))}`)
    this.#db.prepare('DELETE FROM store_indexes WHERE collection = ? AND name = ?').run(this.#name, index)
  }

  /** The entries that the document of the write must have; a mistake in it is found before anything is changed. */
  #wanted(write: Write): Map<string, IndexEntry> | Outcome {
    if (write.kind === 'remove') return new Map()
    try {
      return this.#keys(decodeBody(write.body))
    } catch (error) {
      if (error instanceof TypeError) return { kind: 'misuse', message: error.message }
      throw error
    }
  }

  /** By index name and key together. */
  #keys(doc: Readonly<Record<string, unknown>>): Map<string, IndexEntry> {
    const found = new Map<string, IndexEntry>()
    for (const index of this.#indexes.values()) {
      for (const key of indexKeys(doc, index.spec)) found.set(`${index.spec.name}:${key.toString('latin1')}`, { index, key })
    }
    return found
  }

  /** Only the difference is written: most changes of a document move no entry. */
  #moveEntries(id: string, present: ReadonlyMap<string, IndexEntry>, wanted: ReadonlyMap<string, IndexEntry>): void {
    for (const [name, { index, key }] of present) if (!wanted.has(name)) index.drop.run(key)
    for (const [name, { index, key }] of wanted) if (!present.has(name)) index.add.run(key, id)
  }
}

interface IndexEntry {
  readonly index: WriteIndex
  readonly key: Buffer
}

function sameRev(row: Row, expected: Rev): boolean {
  return row.n === expected.n && row.nonce === expected.nonce
}
