import { createHmac } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '@credence/errors'
import type { Clock } from '@credence/service'
import { sameBytes } from '../credential/same-bytes.ts'
import type { Anchored } from './anchored.ts'
import { type AppendFile, type AppendFileOptions, openAppendFile } from './append-file.ts'
import type { AuditRecord } from './record.ts'

/**
 * The append-only log of one vault replica, on its own volume:
 *
 *     frame payload: HMAC-SHA256 (32 bytes) | record JSON
 *
 * A1 Every HMAC covers the one before it: a record that was changed, dropped or moved breaks the chain from there on.
 * A2 A use is on the disk before anything is decrypted; a full or hung disk refuses within 250 ms.
 * A3 A record that was refused is not in the chain: the log goes on when the disk does.
 */
export interface AuditLog {
  /** Resolves when the record is durable; rejects with AUDIT_UNAVAILABLE. */
  append(record: AuditRecord): Promise<void>
  /** For the end of a use, which nobody waits for: it goes with the next record or 25 ms later, or is lost with the disk. */
  note(record: AuditRecord): void
  /** Resolves when what was given by now is on the disk or was refused, within 250 ms. */
  flush(): Promise<void>
  /** How many records the log holds and the HMAC of the last: what is anchored in the store. */
  head(): { readonly count: number; readonly mac: string }
  /** Called with each record that is in the log, also with one whose caller was refused because the disk was late. */
  onRecord(listener: (record: AuditRecord) => void): void
  close(): Promise<void>
}

const MAC_BYTES = 32
const DEADLINE_MS = 250
const GENESIS = Buffer.alloc(MAC_BYTES)
/** A change that is so much younger than the anchor was not followed by one: the anchor is moved every half minute at least. */
const MOST_UNANCHORED_MS = 120_000

export interface AuditLogOptions {
  /** The volume of this replica. */
  readonly folder: string
  readonly instance: string
  /** Key of the chain, 32 bytes. */
  readonly key: Uint8Array
  readonly clock: Clock
  /** How long the disk may take. Default 250 ms. */
  readonly deadlineMs?: number | undefined
  /** The head as the store knows it; absent when the operator restored the store. */
  readonly anchored?: Anchored
  readonly open?: AppendFileOptions['open']
  /** Told of each record that was refused. */
  readonly onRefused?: () => void
}

/**
 * Opens the log, checks its chain and hands out what it holds, oldest first. Throws ROLLED_BACK when the chain is broken,
 * when the log is shorter than its anchor or holds another record there, and when the anchor is far behind the log's
 * changes, which means that the store was put back.
 */
export async function openAuditLog(options: AuditLogOptions): Promise<{ log: AuditLog; records: AuditRecord[] }> {
  await mkdir(join(options.folder, 'audit'), { recursive: true, mode: 0o700 })
  const path = join(options.folder, 'audit', `${options.instance}.log`)
  let checked: Chained = { records: [], head: { mac: GENESIS, count: 0 } }
  let settle: (durable: boolean) => void = () => undefined
  const { file } = await openAppendFile({
    path,
    clock: options.clock,
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    accept: (payloads) => {
      checked = checkChain(payloads, options)
    },
    onBatch: (durable) => settle(durable),
    ...(options.open === undefined ? {} : { open: options.open }),
  })
  const { log, settled } = auditLog(file, { ...options, start: checked.head })
  settle = settled
  return { log, records: checked.records }
}

interface Head {
  readonly mac: Buffer
  readonly count: number
}

interface Chained {
  readonly records: AuditRecord[]
  readonly head: Head
}

function checkChain(payloads: readonly Buffer[], { instance, key, anchored }: AuditLogOptions): Chained {
  let mac: Buffer = GENESIS
  const records = payloads.map((payload, index) => {
    const body = payload.subarray(MAC_BYTES)
    const expected = chain(key, mac, body)
    if (!sameBytes(expected, payload.subarray(0, MAC_BYTES))) throw altered(instance, index + 1)
    mac = expected
    if (anchored?.count === index + 1 && anchored.mac !== mac.toString('hex')) throw altered(instance, index + 1)
    return JSON.parse(body.toString('utf8')) as AuditRecord
  })
  if (anchored !== undefined) checkAnchored(instance, records, anchored)
  return { records, head: { mac, count: records.length } }
}

function checkAnchored(instance: string, records: readonly AuditRecord[], anchored: Anchored): void {
  if (records.length < anchored.count) {
    throw new CodedError('ROLLED_BACK', `The audit log of ${instance} was cut: ${records.length} of ${anchored.count} records.`)
  }
  const latest = anchored.at.getTime() + MOST_UNANCHORED_MS
  if (records.slice(anchored.count).some((record) => record.phase === 'change' && record.at > latest)) throw new CodedError('ROLLED_BACK')
}

function altered(instance: string, record: number): CodedError {
  return new CodedError('ROLLED_BACK', `The audit log ${instance} was altered at record ${record}.`)
}

function auditLog(
  file: AppendFile,
  { key, start, onRefused = () => undefined }: Pick<AuditLogOptions, 'key' | 'onRefused'> & { readonly start: Head },
): { log: AuditLog; settled: (durable: boolean) => void } {
  let durable = start
  let next = start
  /** Of the batch that is being written. */
  let written: AuditRecord[] = []
  const listeners: ((record: AuditRecord) => void)[] = []
  const append = (record: AuditRecord, options?: { lazy: boolean }): Promise<void> => {
    const body = Buffer.from(JSON.stringify(record))
    const linked = (): Buffer => {
      // The chain is linked when the record is written, so that records stand in the file in the order of their HMACs.
      next = { mac: chain(key, next.mac, body), count: next.count + 1 }
      written.push(record)
      return Buffer.concat([next.mac, body])
    }
    return file.append(linked, options)
  }
  const log: AuditLog = {
    append: (record) =>
      append(record).catch((error: unknown) => {
        onRefused()
        throw error
      }),
    note: (record) => void append(record, { lazy: true }).catch(onRefused),
    flush: () => file.flush(),
    head: () => ({ count: durable.count, mac: durable.mac.toString('hex') }),
    onRecord: (listener) => void listeners.push(listener),
    close: () => file.close(),
  }
  const settled = (isDurable: boolean): void => {
    const batch = written
    written = []
    if (!isDurable) {
      next = durable
      return
    }
    durable = next
    for (const record of batch) for (const listener of listeners) listener(record)
  }
  return { log, settled }
}

function chain(key: Uint8Array, before: Uint8Array, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(before).update(body).digest()
}
