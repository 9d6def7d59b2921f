import { CodedError, isCoded } from '@credence/errors'

/** Why the store cannot be used, and what its operator does about it. The key is what a program reads in `facts.fault`. */
const SENTENCES = {
  held: 'Another process has this store open; stop it, or give this one a file of its own.',
  busy: 'The store file is locked by another program; close it and try again.',
  full: 'The store cannot grow: its disk is full or its size is limited. Make room and try again.',
  damaged: 'The store file is damaged or is not a store; restore it from a backup.',
  newer: 'The store file was written by a newer version; start that version.',
  unreachable: 'The store file cannot be read or written; look at its folder, its permissions and its disk.',
  stalled: 'The store did not answer in time; look at its disk. The last writes may still arrive.',
  stopped: 'The writer of the store has stopped; start the process again.',
  closed: 'The store is closed.',
} as const

export type Fault = keyof typeof SENTENCES

/** `resultCode` is the extended result code of SQLite (sqlite.org/rescode.html). */
export interface FaultReport {
  readonly fault: Fault
  readonly resultCode?: number
}

export function storeUnavailable(fault: Fault, resultCode?: number): CodedError {
  const facts = resultCode === undefined ? { fault } : { fault, sqlite: String(resultCode) }
  return new CodedError('STORE_UNAVAILABLE', SENTENCES[fault], { facts })
}

const BY_PRIMARY_CODE: Readonly<Record<number, Fault>> = {
  5: 'busy', // SQLITE_BUSY
  6: 'busy', // SQLITE_LOCKED
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  19: 'damaged', // SQLITE_CONSTRAINT: none of ours can fail on a sound file
  26: 'damaged', // SQLITE_NOTADB
}

/** What an error of `node:sqlite` or `node:fs` means; undefined for one that is neither, which is a bug of ours. */
export function faultOf(error: unknown): FaultReport | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if (error.code === 'ERR_SQLITE_ERROR' && 'errcode' in error && typeof error.errcode === 'number') {
    // SQLITE_ERROR and SQLITE_MISUSE speak of the statement, not of the file.
    const primary = error.errcode & 0xff
    if (primary === 1 || primary === 21) return undefined
    return { fault: BY_PRIMARY_CODE[primary] ?? 'unreachable', resultCode: error.errcode }
  }
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return { fault: 'full' }
  return 'syscall' in error ? { fault: 'unreachable' } : undefined
}

/** Like `faultOf`, and reads our own STORE_UNAVAILABLE back into its report: errors lose their class between threads. */
export function reportOf(error: unknown): FaultReport | undefined {
  if (!isCoded(error, 'STORE_UNAVAILABLE')) return faultOf(error)
  const { fault, sqlite } = error.details.facts ?? {}
  if (fault === undefined || !isFault(fault)) return undefined
  return { fault, ...(sqlite !== undefined && { resultCode: Number(sqlite) }) }
}

function isFault(text: string): text is Fault {
  return Object.hasOwn(SENTENCES, text)
}

/** The error to throw for what went wrong while the file was read. */
export function asCoded(error: unknown): unknown {
  // A statement of a connection that is closed.
  if (error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE') return storeUnavailable('closed')
  const report = faultOf(error)
  return report ? storeUnavailable(report.fault, report.resultCode) : error
}
