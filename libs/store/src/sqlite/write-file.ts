import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { storeUnavailable } from './fault.ts'
import { createPrivate } from './lock.ts'
import type { WriterOptions } from './protocol.ts'

/** 'CRED', so that `file` and a hurried hand can tell a store from another database. */
const APPLICATION_ID = 0x43524544
/** Version of the layout drawn in README.md. Raise it when keys or bodies are written in another way. */
const FORMAT = 1

/** The one name of the store file, so that two names of it share one lock. Makes its folder, for its owner only. */
export function canonicalFile(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  return existsSync(file) ? realpathSync(file) : join(realpathSync(dirname(file)), basename(file))
}

/** Opens the one connection that writes. The lock must be held. Throws STORE_UNAVAILABLE for a file that is not ours. */
export function openForWriting({ file, busyTimeoutMs }: WriterOptions): DatabaseSync {
  createPrivate(file)
  const db = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: false })
  try {
    prepareFile(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function prepareFile(db: DatabaseSync): void {
  const format = pragma(db, 'user_version')
  const owner = pragma(db, 'application_id')
  const fresh = owner === 0 && format === 0 && db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0
  if (!fresh && owner !== APPLICATION_ID) throw storeUnavailable('damaged')
  if (format > FORMAT) throw storeUnavailable('newer')
  // Without FULL the last commits go with the power; without secure_delete a destroyed row stays readable in free pages.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864')
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
  if (fresh) createTables(db)
}

function createTables(db: DatabaseSync): void {
  db.exec(`BEGIN IMMEDIATE;
    CREATE TABLE store_indexes (collection TEXT NOT NULL, name TEXT NOT NULL, members TEXT NOT NULL, PRIMARY KEY (collection, name)) STRICT;
    CREATE TABLE store_ping (count INTEGER NOT NULL) STRICT;
    INSERT INTO store_ping VALUES (0);
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${FORMAT};
    COMMIT`)
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
}
