import type { Random } from '@credence/service'
import { nextRev } from '../document/revision.ts'
import { checkSpec } from '../document/spec.ts'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '../document-store.ts'
import { MongoCollection, type OpenIndexes } from './collection.ts'
import { MongoConnection, type MongoStoreOptions } from './connection.ts'
import { storeUnavailable } from './fault.ts'
import { ensureIndexes, isDuplicate } from './indexes.ts'

/** Version of the layout drawn in README.md. Raise it when keys or rows are written in another way. */
const FORMAT = 1

interface FormatRow {
  readonly _id: 'format'
  readonly version: number
}

interface PingRow {
  readonly _id: 'ping'
  readonly nonce: string
}

/**
 * Opens the store in one database of a MongoDB deployment (4.4 or newer; a replica set in production, because a server that
 * stands alone can lose an answered write). Any number of processes may. Throws STORE_UNAVAILABLE when it cannot be
 * reached, refuses the user or was written by a newer version; `facts.fault` says which. Afterwards an outage is
 * STORE_UNAVAILABLE for each call that meets it, and ends by itself.
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<DocumentStore> {
  const connection = new MongoConnection(options)
  await connection.open()
  try {
    await connection.run(() => checkFormat(connection))
  } catch (error) {
    await connection.close()
    throw error
  }
  return new MongoStore(connection, options.random)
}

async function checkFormat(connection: MongoConnection): Promise<void> {
  const formats = connection.collection<FormatRow>('store_format')
  const format = await formats.findOne({ _id: 'format' }, connection.read(true))
  if (format && format.version > FORMAT) throw storeUnavailable('newer')
  if (format) return
  try {
    await formats.insertOne({ _id: 'format', version: FORMAT })
  } catch (error) {
    // Another process opens the new database too; of another version, and it would have written first or will look.
    if (!isDuplicate(error)) throw error
  }
}

class MongoStore implements DocumentStore {
  readonly #connection: MongoConnection
  readonly #random: Random
  readonly #open = new Map<string, OpenIndexes>()
  /** The members of each index that somebody here has asked for, by collection and index. */
  readonly #inUse = new Map<string, string>()

  constructor(connection: MongoConnection, random: Random) {
    this.#connection = connection
    this.#random = random
  }

  async collection<D extends Doc>(spec: CollectionSpec): Promise<Collection<D>> {
    checkSpec(spec)
    this.#refuseChange(spec)
    const indexes = await this.#connection.run(() => ensureIndexes(this.#connection, spec))
    this.#refuseChange(spec)
    for (const index of spec.indexes) this.#inUse.set(`${spec.name}.${index.name}`, index.members.join())
    const open = this.#open.get(spec.name) ?? { indexes }
    if (indexes.length > open.indexes.length) open.indexes = indexes
    this.#open.set(spec.name, open)
    return new MongoCollection<D>(spec, { connection: this.#connection, random: this.#random, open })
  }

  /** A write of its own, because a deployment without a majority still answers reads. */
  async ping(): Promise<void> {
    const pings = this.#connection.collection<PingRow>('store_ping')
    await this.#connection.run(async () => {
      try {
        await pings.replaceOne({ _id: 'ping' }, { nonce: nextRev(0, this.#random).nonce }, { upsert: true })
      } catch (error) {
        // Two first pings at once: the other one was written.
        if (!isDuplicate(error)) throw error
      }
    })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #refuseChange(spec: CollectionSpec): void {
    for (const { name, members } of spec.indexes) {
      const used = this.#inUse.get(`${spec.name}.${name}`)
      if (used !== undefined && used !== members.join()) throw new TypeError(`index ${spec.name}.${name} is in use with other members`)
    }
  }
}
