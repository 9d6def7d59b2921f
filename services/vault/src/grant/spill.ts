import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isCoded } from '@credence/errors'
import type { Sent } from '@credence/refresh-protocol'
import { secretBuffer, secretConcat } from '@credence/secret'
import type { Clock, Random } from '@credence/service'
import { type AppendFile, openAppendFile } from '../audit/append-file.ts'
import { closeBox, nonceBytes, openBox } from '../credential/aead.ts'
import type { RawTokenAnswer } from './token-answer.ts'

/** One answer that was received and perhaps not saved: what was sent, and the raw bytes. */
export interface SpillRecord {
  readonly id: string
  readonly credential: string
  readonly sent: Sent
  readonly raw: RawTokenAnswer
}

/**
 * Answers of token endpoints, sealed and on the disk before anybody parses them:
 *
 *     frame payload: nonce 12 | tag 16 | AES-256-GCM(spill key, u32 head length | head JSON | answer bytes)
 *
 * A record whose head says `done` takes back the one before it with the same id.
 */
export interface Spill {
  /** Durable when it resolves. */
  write(record: SpillRecord): Promise<void>
  done(id: string): Promise<void>
  /** What is not done, oldest first. Those with `keep` stay after a replay, for a person to look at. */
  open(): readonly SpillRecord[]
  close(): Promise<void>
}

const AAD = Buffer.from('credence spill v1')
/** A disk that hangs must not hold a lease for ever; the answer stays in memory and is saved all the same. */
const DEADLINE_MS = 5_000

export async function openSpill(options: {
  folder: string
  instance: string
  key: Uint8Array
  clock: Clock
  random: Random
}): Promise<Spill> {
  await mkdir(join(options.folder, 'spill'), { recursive: true, mode: 0o700 })
  const path = join(options.folder, 'spill', `${options.instance}.log`)
  const { file, payloads } = await openAppendFile({ path, clock: options.clock, deadlineMs: DEADLINE_MS })
  const records = new Map<string, SpillRecord>()
  for (const payload of payloads) {
    const entry = opened(payload, options.key)
    if (entry === undefined) continue
    if (entry.raw === undefined) records.delete(entry.id)
    else records.set(entry.id, entry as SpillRecord)
  }
  return spillOn(file, records, options)
}

function spillOn(file: AppendFile, records: Map<string, SpillRecord>, options: { key: Uint8Array; random: Random }): Spill {
  const sealed = (entry: SpillEntry): Uint8Array => {
    const plaintext = encode(entry)
    const box = closeBox(plaintext, { key: options.key, aad: AAD }, options.random.bytes(nonceBytes))
    plaintext.fill(0)
    return box
  }
  return {
    async write(record) {
      records.set(record.id, record)
      await file.append(() => sealed(record))
    },
    async done(id) {
      records.get(id)?.raw.body.fill(0)
      records.delete(id)
      // An empty spill starts anew: nothing sealed stays on the disk longer than it is needed.
      if (records.size === 0) await file.clear()
      else await file.append(() => sealed({ id }))
    },
    open: () => [...records.values()],
    close: () => file.close(),
  }
}

/** Undefined for bytes that are not ours: one bad record must not keep the vault from its start. */
function opened(payload: Uint8Array, key: Uint8Array): SpillEntry | undefined {
  try {
    return decode(openBox(payload, { key, aad: AAD }))
  } catch (error) {
    if (isCoded(error, 'CREDENTIAL_QUARANTINED')) return undefined
    throw error
  }
}

type SpillEntry = { readonly id: string } & Partial<Omit<SpillRecord, 'id'>>

function encode(entry: SpillEntry): Buffer {
  const { id, credential, sent, raw } = entry
  const head = Buffer.from(
    JSON.stringify({ id, credential, sent, status: raw?.status, retryAfter: raw?.retryAfter, done: raw === undefined }),
  )
  const whole = secretBuffer(4 + head.byteLength + (raw?.body.byteLength ?? 0))
  whole.writeUInt32BE(head.byteLength, 0)
  whole.set(head, 4)
  if (raw !== undefined) whole.set(raw.body, 4 + head.byteLength)
  return whole
}

function decode(whole: Buffer): SpillEntry {
  const headEnd = 4 + whole.readUInt32BE(0)
  const { id, credential, sent, status, retryAfter, done } = JSON.parse(whole.toString('utf8', 4, headEnd)) as {
    id: string
    credential: string
    sent: Sent
    status: number
    retryAfter?: string
    done: boolean
  }
  if (done) return { id }
  const body = secretConcat([whole.subarray(headEnd)])
  return { id, credential, sent, raw: { status, body, ...(retryAfter === undefined ? {} : { retryAfter }) } }
}
