import type { IndexValue } from '../document-store.ts'

/**
 * The key of an index entry: bytes that compare (memcmp) as the tuple does. One element after another, the id last:
 *
 *     10                      absent (never the first)
 *     20 <8 bytes>            number: IEEE 754 big endian, sign bit flipped, all bits flipped when negative
 *     30 <UTF-8> 00           string: a 00 inside is written 00 FF
 *     40 00 | 40 01           false, true
 *     50 <8 bytes>            date: milliseconds, as a number
 *
 * No element begins with FF, so the entries under a prefix P are exactly those in [P, P FF).
 */
const ABSENT = 0x10
const NUMBER = 0x20
const STRING = 0x30
const BOOLEAN = 0x40
const DATE = 0x50
const AFTER_ALL = Buffer.of(0xff)
const ABSENT_BYTES = Buffer.of(ABSENT)

/** `undefined` stands for an absent member. */
export type IndexTerm = IndexValue | undefined

export function isIndexValue(value: unknown): value is IndexValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof Date
}

export function encodeKey(terms: readonly IndexTerm[]): Buffer {
  return Buffer.concat(terms.map(encodeTerm))
}

/** Half open. */
export interface KeyRange {
  readonly lower: Buffer
  readonly upper: Buffer
}

/** The entries under a prefix whose next member is in [from, to): only those of the type of the bounds. */
export function keyRange(prefix: readonly IndexValue[], from?: IndexValue, to?: IndexValue): KeyRange {
  const start = encodeKey(prefix)
  const tag = tagOf(from ?? to)
  if (tag === undefined) return { lower: start, upper: Buffer.concat([start, AFTER_ALL]) }
  if (to !== undefined && tagOf(to) !== tag) throw new TypeError('from and to must be of one type')
  return {
    lower: Buffer.concat([start, from === undefined ? Buffer.of(tag) : encodeTerm(from)]),
    upper: Buffer.concat([start, to === undefined ? Buffer.of(tag + 1) : encodeTerm(to)]),
  }
}

function tagOf(value: IndexTerm): number | undefined {
  return value === undefined ? undefined : encodeTerm(value)[0]
}

function encodeTerm(term: IndexTerm): Buffer {
  if (typeof term === 'string') return encodeString(term)
  if (typeof term === 'number') return encodeNumber(NUMBER, term)
  if (typeof term === 'boolean') return Buffer.of(BOOLEAN, term ? 1 : 0)
  if (term instanceof Date) return encodeNumber(DATE, term.getTime())
  return ABSENT_BYTES
}

function encodeString(text: string): Buffer {
  const escaped = text.includes('\0') ? escapeZeros(Buffer.from(text)) : Buffer.from(text)
  return Buffer.concat([Buffer.of(STRING), escaped, Buffer.of(0)])
}

function escapeZeros(bytes: Buffer): Buffer {
  return Buffer.from([...bytes].flatMap((byte) => (byte === 0 ? [0, 0xff] : [byte])))
}

function encodeNumber(tag: number, value: number): Buffer {
  if (!Number.isFinite(value)) throw new TypeError('an index holds finite numbers and valid dates')
  const bytes = Buffer.alloc(9)
  bytes[0] = tag
  // Adding 0 makes −0 the same entry as 0.
  bytes.writeDoubleBE(value + 0, 1)
  const flip = bytes[1]! & 0x80 ? [0xff, 0xff] : [0x80, 0]
  bytes[1]! ^= flip[0]!
  for (let at = 2; at < bytes.length; at++) bytes[at]! ^= flip[1]!
  return bytes
}
