import type { DatabaseSync } from 'node:sqlite'
import type { CollectionSpec } from '../document-store.ts'
import { faultOf, storeUnavailable } from './fault.ts'
import { lockStore, type StoreLock } from './lock.ts'
import { DONE, type Outcome, type Request, type Write, type WriterOptions } from './protocol.ts'
import { canonicalFile, openForWriting } from './write-file.ts'
import { WriteTable } from './write-table.ts'

/** The file, locked and open for writing, and what can be asked of it. Blocks its thread. */
export class WriteSession {
  readonly #lock: StoreLock
  readonly #db: DatabaseSync
  readonly #tables = new Map<string, WriteTable>()

  constructor(options: WriterOptions) {
    const file = canonicalFile(options.file)
    this.#lock = takeLock(file)
    try {
      this.#db = openForWriting({ ...options, file })
    } catch (error) {
      this.#lock.release()
      throw error
    }
  }

  answer(request: Request): readonly Outcome[] {
    switch (request.kind) {
      case 'group':
        return this.#transaction(() => request.writes.map((write) => this.#apply(write)))
      case 'collection':
        return [this.#collection(request.spec)]
      case 'ping':
        this.#transaction(() => this.#db.exec('UPDATE store_ping SET count = count + 1'))
        return [DONE]
      case 'close':
        this.#db.close()
        this.#lock.release()
        return [DONE]
    }
  }

  /** Each write of a group is judged alone: one that is refused has changed nothing, so its neighbours are committed. */
  #apply(write: Write): Outcome {
    return this.#tables.get(write.collection)?.apply(write) ?? { kind: 'misuse', message: `collection ${write.collection} is not open` }
  }

  /** The new picture of the collection replaces the old one only when what it shows is committed. */
  #collection(spec: CollectionSpec): Outcome {
    try {
      const inUse = this.#tables.get(spec.name)?.inUse
      this.#tables.set(
        spec.name,
        this.#transaction(() => new WriteTable(this.#db, spec, inUse)),
      )
      return DONE
    } catch (error) {
      if (error instanceof TypeError) return { kind: 'misuse', message: error.message }
      throw error
    }
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      // After some faults SQLite has rolled back by itself (sqlite.org/lang_transaction.html §2.3).
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

function takeLock(file: string): StoreLock {
  try {
    return lockStore(file)
  } catch (error) {
    throw faultOf(error)?.fault === 'busy' ? storeUnavailable('held') : error
  }
}
