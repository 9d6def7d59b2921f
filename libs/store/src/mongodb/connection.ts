import type { Random } from '@credence/service'
import { type Collection, type CollectionOptions, type Db, MongoClient, type MongoClientOptions, type ReadConcernLike } from 'mongodb'
import { asCoded, storeUnavailable } from './fault.ts'

export interface MongoStoreOptions {
  /** A connection string with all that says how to get there: hosts, user and password, TLS. It is never printed. */
  readonly url: string
  /** The database of this service, best with a user of its own: letters, digits, `_` and `-`. */
  readonly database: string
  readonly random: Random
  /**
   * What `get` with `fresh` waits for. `linearizable` (default): the primary confirms with a majority that it still is the
   * primary. `majority` spares that round trip, and may read behind during the seconds in which two think they are.
   */
  readonly freshReads?: 'linearizable' | 'majority'
  /** How long an operation looks for a primary before it is STORE_UNAVAILABLE. Default 5,000. */
  readonly selectionTimeoutMs?: number
  /** How long a server may take for an answer before its connection is given up. Default 10,000. */
  readonly operationTimeoutMs?: number
}

/** What a read asks of the deployment. A server that stands alone takes no concern: it has nobody to agree with. */
export interface ReadOptions {
  readonly maxTimeMS: number
  readonly readConcern?: ReadConcernLike
}

const DATABASE = /^[A-Za-z0-9_-]{1,38}$/
const SELECTION_TIMEOUT_MS = 5_000
const OPERATION_TIMEOUT_MS = 10_000
/** The server gives up before we do, so that its answer says what became of a write. */
const SERVER_SHARE = 0.8

/**
 * The way to one database. What the URL says about concerns, preferences and retries does not count: whoever may set it
 * must not be able to make a fence older than it is, or a write less durable.
 */
export class MongoConnection {
  readonly #client: MongoClient
  readonly #database: Db
  readonly #serverTimeoutMs: number
  readonly #freshLevel: 'linearizable' | 'majority'
  readonly #pending = new Set<Promise<unknown>>()
  #replicated = false
  #closing: Promise<void> | undefined

  /** Throws TypeError when the options cannot be used, without repeating the URL. */
  constructor(options: Omit<MongoStoreOptions, 'random'>) {
    if (!DATABASE.test(options.database)) throw new TypeError('the name of a database has letters, digits, _ and -, 38 at most')
    this.#serverTimeoutMs = Math.ceil((options.operationTimeoutMs ?? OPERATION_TIMEOUT_MS) * SERVER_SHARE)
    this.#freshLevel = options.freshReads ?? 'linearizable'
    this.#client = newClient(options)
    this.#database = this.#client.db(options.database)
    this.#client.on('topologyDescriptionChanged', ({ newDescription }) => {
      const types = [...newDescription.servers.values()].map(({ type }) => type).filter((type) => type !== 'Unknown')
      // While none is known the last word holds.
      if (types.length > 0) this.#replicated = types.some((type) => type !== 'Standalone')
    })
  }

  async open(): Promise<void> {
    try {
      await this.#client.connect()
    } catch (error) {
      await this.#client.close()
      throw asCoded(error)
    }
  }

  collection<Row extends { readonly _id: string }>(name: string): Collection<Row> {
    const options: CollectionOptions = {
      writeConcern: { w: 'majority', journal: true, wtimeoutMS: this.#serverTimeoutMs },
      readPreference: 'primary',
      promoteValues: true,
      promoteLongs: true,
      promoteBuffers: false,
    }
    return this.#database.collection<Row>(name, options)
  }

  /** What the server that was chosen says of itself; needs no role. By the old name of `hello`, which every server knows. */
  async hello(): Promise<Readonly<Record<string, unknown>>> {
    return this.#database.command({ isMaster: 1 })
  }

  read(fresh = false): ReadOptions {
    const maxTimeMS = this.#serverTimeoutMs
    if (!this.#replicated) return { maxTimeMS }
    return { maxTimeMS, readConcern: { level: fresh ? this.#freshLevel : 'majority' } }
  }

  /** Runs what talks to the database: its errors become ours, and `close` waits for it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw storeUnavailable('closed')
    const running = work()
    this.#pending.add(running)
    try {
      return await running
    } catch (error) {
      throw asCoded(error)
    } finally {
      this.#pending.delete(running)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#pending)
    await this.#client.close()
  }
}

function newClient(options: Omit<MongoStoreOptions, 'random'>): MongoClient {
  const { selectionTimeoutMs = SELECTION_TIMEOUT_MS, operationTimeoutMs = OPERATION_TIMEOUT_MS } = options
  const settings: MongoClientOptions = {
    appName: `credence ${options.database}`,
    // Port rule D4: a repeated write could undo one that came between.
    retryWrites: false,
    readPreference: 'primary',
    serverSelectionTimeoutMS: selectionTimeoutMs,
    connectTimeoutMS: selectionTimeoutMs,
    socketTimeoutMS: operationTimeoutMs,
    waitQueueTimeoutMS: operationTimeoutMs,
    // Its log would print commands, and so documents, if the environment asked for it.
    mongodbLogComponentSeverities: { default: 'off' },
  }
  try {
    return new MongoClient(options.url, settings)
  } catch {
    throw new TypeError('the URL of the store is not a MongoDB connection string')
  }
}
