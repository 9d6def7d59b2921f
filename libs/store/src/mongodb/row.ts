import { createHash } from 'node:crypto'
import { BSON } from 'mongodb'
import { type IndexEntries, indexEntries } from '../document/index-entries.ts'
import { checkId } from '../document/spec.ts'
import type { Doc, IndexSpec, Rev, Stored } from '../document-store.ts'
import { decodeMembers, encodeMembers } from './body.ts'
import { storeUnavailable } from './fault.ts'

/**
 * A document as its collection has it, drawn in README.md:
 *
 *     {_id, rev: {n, nonce}, doc: {…}, keys: {n: 2, "by_owner-1f3a09c7": {h: ["…", "…"], t: "…"}}}
 *
 * The keys of its index entries stand in the document, so one write changes both. They are text of one character per byte
 * (U+0000 to U+00FF): BSON orders bytes by length first, but text as the bytes do.
 */
export interface Row {
  readonly _id: string
  readonly rev: Rev
  readonly doc: Readonly<Record<string, unknown>>
  readonly keys: Keys
}

/** `n` is how many of the indexes of the collection, in their order, the writer knew: the others miss this document. */
export interface Keys {
  readonly n: number
  readonly [slot: string]: number | SlotKeys | undefined
}

/** `IndexEntries` as text: `h` is empty where no member is an array, and else has a head per element. */
export interface SlotKeys {
  readonly h: '' | readonly string[]
  readonly t: string
}

/** maxBsonObjectSize of every MongoDB. */
const MAX_BYTES = 16 * 1024 * 1024

/** An index whose members change is another slot, so that two versions of a program can run side by side. */
export function slotOf({ name, members }: IndexSpec): string {
  return `${name}-${createHash('sha256').update(members.join()).digest('hex').slice(0, 8)}`
}

/** Throws TypeError for what no document may hold, and for two arrays in one index. */
export function rowOf(doc: Doc, rev: Rev, indexes: readonly IndexSpec[]): Row {
  checkId(doc.id)
  const { id, ...members } = doc
  const row: Row = { _id: id, rev, doc: encodeMembers({ ...members, rev: undefined }), keys: keysOf(doc, indexes) }
  if (BSON.calculateObjectSize(row) > MAX_BYTES) throw new TypeError('a document is 16 MiB at most')
  return row
}

/** What is given back is read from what was stored: it shares nothing with the caller's objects. */
export function storedOf<D extends Doc>({ _id, rev, doc }: Row): Stored<D> {
  return { ...docOf(_id, doc), rev: { n: Number(rev.n), nonce: rev.nonce } } as unknown as Stored<D>
}

/** The same document with the entries of all these indexes. */
export function reindexed(row: Row, indexes: readonly IndexSpec[]): Row {
  return { ...row, keys: keysOf(docOf(row._id, row.doc), indexes) }
}

function docOf(id: unknown, members: unknown): Record<string, unknown> {
  if (typeof id !== 'string') throw storeUnavailable('damaged')
  return { id, ...decodeMembers(members) }
}

function keysOf(doc: object, indexes: readonly IndexSpec[]): Keys {
  const slots = indexes.flatMap((index) => {
    const entries = indexEntries(doc as Record<string, unknown>, index)
    return entries ? [[slotOf(index), slotKeys(entries)] as const] : []
  })
  return { n: indexes.length, ...Object.fromEntries(slots) }
}

function slotKeys({ heads, tail }: IndexEntries): SlotKeys {
  const [first] = heads
  return { h: first.length === 0 ? '' : heads.map(textOf), t: textOf(tail) }
}

export function textOf(key: Buffer): string {
  return key.toString('latin1')
}

export function keyOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
