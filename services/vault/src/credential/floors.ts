import { CodedError } from '@credence/errors'
import type { AuditRecord } from '../audit/record.ts'

/** What a row shows of its place in time. */
export interface Place {
  readonly version: number
  readonly generation: number
}

/**
 * The lowest `(version, generation)` that a row may still show. A row below its floor was brought back from the past and is
 * quarantined. Floors come from the audit log at start and from every write after it; the oldest are forgotten first.
 */
export interface Floors {
  /** The floor as it is now; zeros where none is known. */
  of(credential: string): Place
  /** `state`: that of the fence of this generation, or `deleted`. */
  raise(credential: string, row: Place & { readonly state?: string | undefined }): void
  /** The newest generation known: what a use is compared with in the tick in which it writes. */
  generation(credential: string): number
  /** The state that the newest fence gave it; undefined when this process has not seen one. */
  state(credential: string): string | undefined
}

interface Floor extends Place {
  readonly state: string | undefined
}

const NO_FLOOR: Place = { version: 0, generation: 0 }
/** Bounds the memory of a vault whatever it stores. */
const MOST_FLOORS = 100_000

/** The floors that these audit records give, oldest first. A record that says the store was restored ends those before it. */
export function createFloors(records: readonly AuditRecord[]): Floors {
  const floors = new Map<string, Floor>()
  function raise(credential: string, row: Place & { readonly state?: string | undefined }): void {
    const floor = floors.get(credential)
    const isNewest = floor === undefined || row.generation >= floor.generation
    floors.delete(credential)
    floors.set(credential, {
      version: Math.max(floor?.version ?? 0, row.version),
      generation: Math.max(floor?.generation ?? 0, row.generation),
      state: isNewest && row.state !== undefined ? row.state : floor?.state,
    })
    if (floors.size > MOST_FLOORS) floors.delete(floors.keys().next().value!)
  }
  for (const { credential, version = 0, generation = 0 } of records.slice(afterRestore(records))) {
    if (version > 0 || generation > 0) raise(credential, { version, generation })
  }
  return {
    raise,
    generation: (credential) => floors.get(credential)?.generation ?? 0,
    state: (credential) => floors.get(credential)?.state,
    of: (credential) => floors.get(credential) ?? NO_FLOOR,
  }
}

export function isBelow(row: Place, floor: Place): boolean {
  return row.version < floor.version || row.generation < floor.generation
}

export function quarantined(credential: string): CodedError {
  return new CodedError('CREDENTIAL_QUARANTINED', 'The stored row is older than what was last seen.', { credentialId: credential })
}

function afterRestore(records: readonly AuditRecord[]): number {
  return records.findLastIndex((record) => record.action === 'restore') + 1
}
