import { CodedError } from '@credence/errors'
import type { AuditRecord } from '../audit/record.ts'

/**
 * The lowest `(version, generation)` that a row may still show. A row below its floor was brought back from the past and is
 * quarantined. Floors come from the audit log at start and from every write after it; the oldest are forgotten first.
 */
export interface Floors {
  /** Throws CREDENTIAL_QUARANTINED when the row is below its floor. */
  check(credential: string, row: { readonly version: number; readonly generation: number }): void
  raise(credential: string, row: { readonly version: number; readonly generation: number }): void
  /** The newest generation known: what a use is compared with in the tick in which it writes. */
  generation(credential: string): number
}

/** Bounds the memory of a vault whatever it stores. */
const MOST_FLOORS = 100_000

export function createFloors(records: readonly AuditRecord[]): Floors {
  const floors = new Map<string, { version: number; generation: number }>()
  function raise(credential: string, row: { readonly version: number; readonly generation: number }): void {
    const floor = floors.get(credential)
    floors.delete(credential)
    floors.set(credential, {
      version: Math.max(floor?.version ?? 0, row.version),
      generation: Math.max(floor?.generation ?? 0, row.generation),
    })
    if (floors.size > MOST_FLOORS) floors.delete(floors.keys().next().value!)
  }
  for (const { credential, version = 0, generation = 0 } of records) {
    if (version > 0 || generation > 0) raise(credential, { version, generation })
  }
  return {
    raise,
    generation: (credential) => floors.get(credential)?.generation ?? 0,
    check(credential, row) {
      const floor = floors.get(credential)
      if (floor !== undefined && (row.version < floor.version || row.generation < floor.generation)) {
        throw new CodedError('CREDENTIAL_QUARANTINED', 'The stored row is older than what was last seen.', { credentialId: credential })
      }
    },
  }
}
