import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { isCoded } from '@credence/errors'
import type { Random } from '@credence/service'
import { pageRange, placeAfter } from '../document/place.ts'
import { nextRev, plainRev } from '../document/revision.ts'
import { checkId, checkQuery } from '../document/spec.ts'
import type { Collection, CollectionSpec, Doc, FindQuery, IndexSpec, Page, Rev, Stored } from '../document-store.ts'
import { decodeBody, encodeBody } from './body.ts'
import { asCoded } from './fault.ts'
import type { Write } from './protocol.ts'
import { findDocuments, type Row, readDocument } from './sql.ts'
import type { Writer } from './writer.ts'

/** What MongoDB takes; a larger document would bind its owner to this engine. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

interface IndexReader {
  readonly spec: IndexSpec
  readonly forward: StatementSync
  readonly backward: StatementSync
}

/** Reads on the caller's thread, with a statement prepared once per question; writes through the writer thread. */
export class SqliteCollection<D extends Doc> implements Collection<D> {
  readonly #name: string
  readonly #writer: Writer
  readonly #random: Random
  readonly #read: StatementSync
  readonly #indexes: ReadonlyMap<string, IndexReader>

  /** The collection must exist. */
  constructor(spec: CollectionSpec, { reader, writer, random }: { reader: DatabaseSync; writer: Writer; random: Random }) {
    this.#name = spec.name
    this.#writer = writer
    this.#random = random
    this.#read = reader.prepare(readDocument(spec.name))
    this.#indexes = new Map(
      spec.indexes.map((index) => [
        index.name,
        {
          spec: index,
          forward: reader.prepare(findDocuments(spec.name, index.name, false)),
          backward: reader.prepare(findDocuments(spec.name, index.name, true)),
        },
      ]),
    )
  }

  /** Always fresh: there is one file, and a statement sees every write that was answered before it. */
  async get(id: string): Promise<Stored<D> | undefined> {
    return this.#get(id)
  }

  async insert(doc: D): Promise<Stored<D>> {
    const rev = nextRev(0, this.#random)
    return this.#put({ kind: 'insert', collection: this.#name, id: doc.id, rev, body: bodyOf(doc) })
  }

  async replace(doc: D, expected: Rev): Promise<Stored<D>> {
    const rev = nextRev(expected.n, this.#random)
    return this.#put({ kind: 'replace', collection: this.#name, id: doc.id, expected: plainRev(expected), rev, body: bodyOf(doc) })
  }

  async remove(id: string, expected: Rev): Promise<void> {
    checkId(id)
    await this.#writer.write({ kind: 'remove', collection: this.#name, id, expected: plainRev(expected) })
  }

  async find(index: string, query: FindQuery): Promise<Page<D>> {
    const reader = this.#indexes.get(index)
    if (!reader) throw new TypeError(`collection ${this.#name} has no index ${index}`)
    checkQuery(reader.spec, query)
    const { lower, upper } = pageRange(query)
    const rows = this.#all(query.reverse ? reader.backward : reader.forward, [lower, upper, query.limit + 1])
    const more = rows.length > query.limit
    const page = more ? rows.slice(0, query.limit) : rows
    const docs = page.map((row) => stored<D>(row.body, row))
    const last = page.at(-1)
    return more && last ? { docs, next: placeAfter(last.key) } : { docs }
  }

  async #put(write: Exclude<Write, { kind: 'remove' }>): Promise<Stored<D>> {
    try {
      await this.#writer.write(write)
    } catch (error) {
      if (!this.#arrived(error, write)) throw error
    }
    return stored<D>(write.body, write.rev)
  }

  /** Port rule D4: an acknowledgement may be lost with the thread, after its commit; the nonce tells. */
  #arrived(error: unknown, { id, rev }: { readonly id: string; readonly rev: Rev }): boolean {
    if (!isCoded(error, 'STORE_UNAVAILABLE') || error.details.facts?.fault !== 'stopped') return false
    return this.#get(id)?.rev.nonce === rev.nonce
  }

  #get(id: string): Stored<D> | undefined {
    // SQLite would look for such an id with its broken characters replaced.
    if (!id.isWellFormed()) return undefined
    try {
      const row = this.#read.get(id) as Row | undefined
      return row && stored<D>(row.body, row)
    } catch (error) {
      throw asCoded(error)
    }
  }

  #all(statement: StatementSync, parameters: SQLInputValue[]): readonly (Row & { readonly key: Uint8Array })[] {
    try {
      return statement.all(...parameters) as unknown as (Row & { key: Uint8Array })[]
    } catch (error) {
      throw asCoded(error)
    }
  }
}

/** `rev` belongs to the store: a document that was read and is written back has the old one among its members. */
function bodyOf(doc: Doc): string {
  checkId(doc.id)
  const body = encodeBody({ ...doc, rev: undefined })
  if (Buffer.byteLength(body) > MAX_BODY_BYTES) throw new TypeError('a document is 16 MiB at most')
  return body
}

/** What is given back is read from what was stored: it shares nothing with the caller's objects. */
function stored<D extends Doc>(body: string, { n, nonce }: Rev): Stored<D> {
  const doc = decodeBody(body)
  doc.rev = { n, nonce }
  return doc as unknown as Stored<D>
}
