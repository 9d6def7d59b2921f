import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Clock, type Random, systemClock } from '@credence/service'
import { checkSpec } from '../document/spec.ts'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '../document-store.ts'
import { SqliteCollection } from './collection.ts'
import { asCoded, storeUnavailable } from './fault.ts'
import { startWriter, type Writer } from './writer.ts'

export interface SqliteStoreOptions {
  /** The database file; its folder is made when missing. Beside it stand `-wal`, `-shm` and `.lock`. */
  readonly file: string
  readonly random: Random
  /** For the write timeout only. Default: the system's. */
  readonly clock?: Clock
  /** How long a write waits for a lock that another program has on the file. Default 5,000. */
  readonly busyTimeoutMs?: number
  /** After this long without an answer the disk counts as hung: what is pending is refused, not kept. Default 15,000. */
  readonly writeTimeoutMs?: number
}

/** A read waits on the caller's thread, and only while the file is being recovered. */
const READ_BUSY_TIMEOUT_MS = 1_000

/**
 * Opens the store in one SQLite file. One process at a time: the next one gets STORE_UNAVAILABLE, until this one closes
 * the store or ends, however it ends. Throws STORE_UNAVAILABLE also when the file is damaged, newer or out of reach;
 * `facts.fault` says which.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<DocumentStore> {
  const file = resolve(options.file)
  const { random, clock = systemClock, busyTimeoutMs = 5_000, writeTimeoutMs = 15_000 } = options
  const writer = await startWriter({ file, busyTimeoutMs }, { clock, timeoutMs: writeTimeoutMs })
  try {
    return new SqliteStore(new DatabaseSync(file, { readOnly: true, timeout: READ_BUSY_TIMEOUT_MS }), writer, random)
  } catch (error) {
    await writer.close()
    throw asCoded(error)
  }
}

class SqliteStore implements DocumentStore {
  readonly #reader: DatabaseSync
  readonly #writer: Writer
  readonly #random: Random
  #closing: Promise<void> | undefined

  constructor(reader: DatabaseSync, writer: Writer, random: Random) {
    this.#reader = reader
    this.#writer = writer
    this.#random = random
  }

  async collection<D extends Doc>(spec: CollectionSpec): Promise<Collection<D>> {
    checkSpec(spec)
    await this.#writer.openCollection(spec)
    if (this.#closing) throw storeUnavailable('closed')
    return new SqliteCollection<D>(spec, { reader: this.#reader, writer: this.#writer, random: this.#random })
  }

  ping(): Promise<void> {
    return this.#writer.ping()
  }

  /** Takes nothing more, finishes the writes that were asked for, then gives the file free. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The reader first: the last connection to close empties the -wal file, and the reader may not write. */
  async #close(): Promise<void> {
    this.#reader.close()
    await this.#writer.close()
  }
}
