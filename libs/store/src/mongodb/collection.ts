import { CodedError } from '@credence/errors'
import type { Random } from '@credence/service'
import type { Collection as MongoRows } from 'mongodb'
import { placeAfter } from '../document/place.ts'
import { nextRev } from '../document/revision.ts'
import { checkId, checkQuery } from '../document/spec.ts'
import type { Collection, CollectionSpec, Doc, FindQuery, IndexSpec, Page, Rev, Stored } from '../document-store.ts'
import type { MongoConnection } from './connection.ts'
import { faultOf, isUncertain } from './fault.ts'
import { healRows, isDuplicate, lackingEntries } from './indexes.ts'
import { type Row, rowOf, slotOf, storedOf } from './row.ts'
import { type Found, searchIndex } from './search.ts'

/** What the collections of one name share in a store: every index that the name has, in the order of `store_indexes`. */
export interface OpenIndexes {
  indexes: readonly IndexSpec[]
}

interface CollectionParts {
  readonly connection: MongoConnection
  readonly random: Random
  readonly open: OpenIndexes
}

/** One write, one command: the document and its index entries are one row. */
export class MongoCollection<D extends Doc> implements Collection<D> {
  readonly #spec: CollectionSpec
  readonly #connection: MongoConnection
  readonly #random: Random
  readonly #open: OpenIndexes
  readonly #rows: MongoRows<Row>

  /** The collection must exist. */
  constructor(spec: CollectionSpec, { connection, random, open }: CollectionParts) {
    this.#spec = spec
    this.#connection = connection
    this.#random = random
    this.#open = open
    this.#rows = connection.collection(spec.name)
  }

  async get(id: string, options?: { readonly fresh?: boolean }): Promise<Stored<D> | undefined> {
    return this.#connection.run(async () => {
      // BSON would look for such an id with its broken characters replaced.
      const row = id.isWellFormed() ? await this.#rows.findOne({ _id: id }, this.#connection.read(options?.fresh)) : null
      return row === null ? undefined : storedOf<D>(row)
    })
  }

  async insert(doc: D): Promise<Stored<D>> {
    const row = rowOf(doc, nextRev(0, this.#random), this.#open.indexes)
    return this.#put(row, async () => {
      try {
        await this.#rows.insertOne(row)
      } catch (error) {
        throw isDuplicate(error) ? new CodedError('ALREADY_EXISTS') : error
      }
    })
  }

  async replace(doc: D, expected: Rev): Promise<Stored<D>> {
    const row = rowOf(doc, nextRev(expected.n, this.#random), this.#open.indexes)
    const filter = atRev(doc.id, expected)
    return this.#put(row, async () => {
      const { matchedCount } = await this.#rows.replaceOne(filter, row)
      if (matchedCount === 0) throw new CodedError('CONFLICT')
    })
  }

  /** A removal leaves no nonce: when its answer is lost it is STORE_UNAVAILABLE, even where the document is gone. */
  async remove(id: string, expected: Rev): Promise<void> {
    checkId(id)
    const filter = atRev(id, expected)
    await this.#connection.run(async () => {
      const { deletedCount } = await this.#rows.deleteOne(filter)
      if (deletedCount === 0) throw new CodedError('CONFLICT')
    })
  }

  async find(index: string, query: FindQuery): Promise<Page<D>> {
    const spec = this.#spec.indexes.find(({ name }) => name === index)
    if (!spec) throw new TypeError(`collection ${this.#spec.name} has no index ${index}`)
    checkQuery(spec, query)
    const { docs, last, more } = await this.#connection.run(async () => {
      const found = await this.#search(spec, query)
      const page = found.slice(0, query.limit)
      return { docs: page.map(({ row }) => storedOf<D>(row)), last: page.at(-1), more: found.length > page.length }
    })
    return more && last ? { docs, next: placeAfter(last.key) } : { docs }
  }

  /** Rows that an older version of the program wrote meanwhile get their entries first: what was answered is found. */
  async #search(index: IndexSpec, query: FindQuery): Promise<readonly Found[]> {
    const { indexes } = this.#open
    const below = indexes.findIndex((known) => slotOf(known) === slotOf(index)) + 1
    const read = this.#connection.read()
    const search = { rows: this.#rows, index, query, limit: query.limit + 1, read }
    const [lacking, found] = await Promise.all([
      this.#rows.findOne(lackingEntries(below), { ...read, projection: { _id: 1 } }),
      searchIndex(search),
    ])
    if (lacking === null) return found
    await healRows(this.#connection, this.#rows, { indexes, below })
    return searchIndex(search)
  }

  async #put(row: Row, write: () => Promise<void>): Promise<Stored<D>> {
    return this.#connection.run(async () => {
      try {
        await write()
      } catch (error) {
        if (!isUncertain(error) || !(await this.#arrived(row))) throw error
      }
      return storedOf<D>(row)
    })
  }

  /** Port rule D4: when the answer to a write is lost its nonce tells. False also when nobody can be asked. */
  async #arrived({ _id, rev }: Row): Promise<boolean> {
    try {
      const row = await this.#rows.findOne({ _id }, { ...this.#connection.read(true), projection: { rev: 1 } })
      return row?.rev.nonce === rev.nonce
    } catch (error) {
      if (faultOf(error)) return false
      throw error
    }
  }
}

function atRev(id: string, { n, nonce }: Rev): { readonly _id: string; readonly 'rev.n': number; readonly 'rev.nonce': string } {
  return { _id: id, 'rev.n': Number(n), 'rev.nonce': String(nonce) }
}
