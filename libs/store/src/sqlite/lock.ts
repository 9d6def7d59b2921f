import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Held while the store is open; closing it lets the next one in. */
export interface StoreLock {
  release(): void
}

/**
 * Keeps a second writer out. The lock is SQLite's own exclusive lock on an empty file beside the store, so it works on
 * every system SQLite works on, also between two openers in one process, and the kernel drops it when its holder is killed.
 * The store file itself cannot carry it: an exclusive lock there would shut out our own reader.
 * Throws the error of `node:sqlite` (busy) when another holds it.
 */
export function lockStore(file: string): StoreLock {
  const lockFile = `${file}.lock`
  createPrivate(lockFile)
  const holder = new DatabaseSync(lockFile, { timeout: 0 })
  try {
    // Nothing is ever written to it, so no journal need lie about.
    holder.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    holder.close()
    throw error
  }
  return { release: () => holder.close() }
}

/**
 * Creates a file that only its owner may read; SQLite gives its -wal and -shm the same mode. A file that exists is not
 * touched: opening and closing it here would drop this process's POSIX locks on it (sqlite.org/howtocorrupt.html §2.2).
 */
export function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
