import { createHmac, timingSafeEqual } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '@credence/errors'
import type { Clock } from '@credence/service'
import { type AppendFile, openAppendFile } from './append-file.ts'
import type { AuditRecord } from './record.ts'

/**
 * The append-only log of one vault replica, on its own volume:
 *
 *     frame payload: HMAC-SHA256 (32 bytes) | record JSON
 *
 * A1 Every HMAC covers the one before it: a record that was changed, dropped or moved breaks the chain from there on.
 * A2 A use is on the disk before anything is decrypted; a full or hung disk refuses within 250 ms.
 */
export interface AuditLog {
  /** Resolves when the record is durable; rejects with AUDIT_UNAVAILABLE. */
  append(record: AuditRecord): Promise<void>
  /** How many records the log holds and the HMAC of the last: what is anchored in the store. */
  head(): { readonly count: number; readonly mac: string }
  /** Called with each record after it is durable. */
  onRecord(listener: (record: AuditRecord) => void): void
  close(): Promise<void>
}

const MAC_BYTES = 32
const DEADLINE_MS = 250
const GENESIS = Buffer.alloc(MAC_BYTES)

export interface AuditLogOptions {
  /** The volume of this replica. */
  readonly folder: string
  readonly instance: string
  /** Key of the chain, 32 bytes. */
  readonly key: Uint8Array
  readonly clock: Clock
}

/** Opens the log, checks its chain and hands out what it holds, oldest first. Throws ROLLED_BACK when the chain is broken. */
export async function openAuditLog(options: AuditLogOptions): Promise<{ log: AuditLog; records: AuditRecord[] }> {
  await mkdir(join(options.folder, 'audit'), { recursive: true, mode: 0o700 })
  const path = join(options.folder, 'audit', `${options.instance}.log`)
  const { file, payloads } = await openAppendFile({ path, clock: options.clock, deadlineMs: DEADLINE_MS })
  let mac: Buffer = GENESIS
  const records = payloads.map((payload, index) => {
    const expected = chain(options.key, mac, payload.subarray(MAC_BYTES))
    if (!timingSafeEqual(expected, payload.subarray(0, MAC_BYTES))) {
      throw new CodedError('ROLLED_BACK', `The audit log ${options.instance} was altered at record ${index + 1}.`)
    }
    mac = expected
    return JSON.parse(payload.toString('utf8', MAC_BYTES)) as AuditRecord
  })
  return { log: auditLog(file, options.key, { mac, count: records.length }), records }
}

function auditLog(file: AppendFile, key: Uint8Array, start: { mac: Buffer; count: number }): AuditLog {
  let { mac, count } = start
  const listeners: ((record: AuditRecord) => void)[] = []
  return {
    async append(record) {
      const body = Buffer.from(JSON.stringify(record))
      // The chain is linked when the record is given, so that records stand in the file in the order of their HMACs.
      mac = chain(key, mac, body)
      count += 1
      await file.append(Buffer.concat([mac, body]))
      for (const listener of listeners) listener(record)
    },
    head: () => ({ count, mac: mac.toString('hex') }),
    onRecord: (listener) => void listeners.push(listener),
    close: () => file.close(),
  }
}

function chain(key: Uint8Array, before: Uint8Array, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(before).update(body).digest()
}
