import { createHash } from 'node:crypto'
import { type CredentialId, idOf } from '@credence/credential'
import type { Fact } from '@credence/events'
import type { AuditRecord } from './record.ts'

/** Derives `credential.used` and `credential.denied` from the audit log: at most one per credential, caller and minute, with a count. */
export interface UseFacts {
  /** The facts to publish now. `now` also tells what was counted in minutes that are over. */
  of(records: readonly AuditRecord[], now: number): Fact[]
}

interface Counted {
  readonly record: AuditRecord
  /** The last minute in which a fact was told. */
  minute: number
  /** Seen since, and not told. */
  untold: number
}

const MINUTE_MS = 60_000
/** Beyond it the counts of the quietest are given up, not the facts. */
const MOST_COUNTED = 10_000

export function createUseFacts(): UseFacts {
  const counted = new Map<string, Counted>()
  const tell = (key: string, entry: Counted, minute: number): Fact => {
    const { record, untold } = entry
    counted.delete(key)
    counted.set(key, { record, minute, untold: 0 })
    return factOf(record, minute, untold)
  }
  return {
    of(records, now) {
      const facts: Fact[] = []
      for (const record of records.filter((one) => typeOf(one) !== undefined)) {
        const key = `${typeOf(record)}|${record.credential}|${record.subject}`
        const before = counted.get(key)
        const entry = { record, minute: before?.minute ?? -1, untold: (before?.untold ?? 0) + 1 }
        counted.set(key, entry)
        const minute = minuteOf(record.at)
        if (minute > entry.minute) facts.push(tell(key, entry, minute))
      }
      for (const [key, entry] of counted) if (entry.untold > 0 && minuteOf(now) > entry.minute) facts.push(tell(key, entry, minuteOf(now)))
      for (const key of counted.keys()) {
        if (counted.size <= MOST_COUNTED) break
        counted.delete(key)
      }
      return facts
    },
  }
}

/** A refusal of an id that is none of ours is nobody's news. */
function typeOf({ phase, action, credential }: AuditRecord): string | undefined {
  if (!/^cred_[0-9a-z]{26}$/.test(credential)) return undefined
  if (phase === 'denied') return 'credential.denied'
  return phase === 'ended' && action === 'send' ? 'credential.used' : undefined
}

function minuteOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS)
}

function factOf(record: AuditRecord, minute: number, count: number): Fact {
  const type = typeOf(record)!
  const { project, credential, subject, at, phase, outcome } = record
  // Published again after a failure it has the same id, and the bus takes it once.
  const digest = createHash('sha256').update(`${type}|${project}|${credential}|${subject}|${minute}`).digest()
  const reason = phase === 'denied' && outcome !== undefined ? { reason: outcome } : {}
  return {
    id: idOf('evt', digest),
    type,
    source: 'vault',
    project,
    subject: credential as CredentialId,
    seq: 0,
    time: new Date(at),
    data: { caller_id: subject, count, ...reason },
  }
}
