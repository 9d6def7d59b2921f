import type { Span } from './scrub-exact.ts'

/** The text ended before the needle did: more of it may come. */
const OPEN = -1
const FAIL = -2

const PERCENT = 0x25
const PLUS = 0x2b
const SPACE = 0x20
const BACKSLASH = 0x5c
const LOWER_U = 0x75

/** RFC 8259 §7: what stands after the backslash, and what it means. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
)

const PERCENT_SIGN = Buffer.from('%')
const PLUS_SIGN = Buffer.from('+')
const UNIT_SIGN = Buffer.from('\\u')
const ASCII_UNIT_SIGN = Buffer.from('\\u00')
const SHORT_SIGNS = [...SHORT_ESCAPES].map(([letter, byte]) => ({ byte, sign: Buffer.from([BACKSLASH, letter]) }))

/** How one spelling writes a character other than as itself. */
interface Dialect {
  /** What begins an escape that may spell one of the bytes for which the table holds 1. */
  anchors(bytes: Uint8Array): readonly Buffer[]
  /** Every byte that can stand in an escape. */
  readonly letters: string
  /** First byte that the escape at `at` stands for: FAIL when it is none, OPEN when the text ends within. */
  firstByte(text: Uint8Array, at: number): number
  /** End of the needle's rest, from its byte `from` on, in the text from `at` on; OPEN or FAIL. */
  match(text: Uint8Array, at: number, needle: Uint8Array, from: number): number
}

/** RFC 3986 §2.1, and `+` for a space as forms write it. */
export const PERCENT_ENCODING: Dialect = {
  anchors: (bytes) => (bytes[SPACE] === 1 ? [PERCENT_SIGN, PLUS_SIGN] : [PERCENT_SIGN]),
  letters: '%+0123456789abcdefABCDEF',
  firstByte: (text, at) => (text[at] === PLUS ? SPACE : hexValue(text, at + 1, 2)),
  match(text, at, needle, from) {
    let end = at
    for (let i = from; i < needle.length; i++) {
      if (end >= text.length) return OPEN
      const value = text[end] === PERCENT ? hexValue(text, end + 1, 2) : FAIL
      if (value === OPEN) return OPEN
      if (value === needle[i]) end += 3
      else if (text[end] === needle[i] || (text[end] === PLUS && needle[i] === SPACE)) end++
      else return FAIL
    }
    return end
  },
}

/** RFC 8259 §7. `\u` stands for a UTF-16 unit, the needle holds UTF-8. */
export const JSON_STRING: Dialect = {
  anchors: jsonAnchors,
  letters: '\\"/bfnrtu0123456789abcdefABCDEF',
  firstByte(text, at) {
    const unit = unitAt(text, at)
    return unit < 0x80
      ? unit
      : unit < 0x800
        ? 0xc0 | (unit >> 6)
        : isHighSurrogate(unit)
          ? 0xf0 | (highBits(unit) >> 18)
          : 0xe0 | (unit >> 12)
  },
  match(text, at, needle, from) {
    let end = at
    for (let i = from; i < needle.length; ) {
      if (end >= text.length) return OPEN
      const unit = text[end] === BACKSLASH ? unitAt(text, end) : FAIL
      if (unit === OPEN) return OPEN
      const length = unit === FAIL ? 0 : escapedLength(unit, { text, end, needle, i })
      if (length === OPEN) return OPEN
      if (length > 0) {
        end += length === 4 ? 12 : text[end + 1] === LOWER_U ? 6 : 2
        i += length
      } else if (text[end] === needle[i]) {
        end++
        i++
      } else return FAIL
    }
    return end
  },
}

/** Backslashes are common in JSON within JSON: only those sequences are looked at that can spell a byte of the needles. */
function jsonAnchors(bytes: Uint8Array): Buffer[] {
  const anchors = [bytes.indexOf(1, 0x80) < 0 ? ASCII_UNIT_SIGN : UNIT_SIGN]
  for (const { byte, sign } of SHORT_SIGNS) if (bytes[byte] === 1) anchors.push(sign)
  return anchors
}

interface Place {
  readonly text: Uint8Array
  readonly end: number
  readonly needle: Uint8Array
  readonly i: number
}

/** How many bytes of the needle the escape at `end` stands for: 0 when it stands for others. */
function escapedLength(unit: number, { text, end, needle, i }: Place): number {
  let point = unit
  if (isHighSurrogate(unit)) {
    const low = unitAt(text, end + 6)
    if (low === OPEN) return OPEN
    if (low < 0xdc00 || low > 0xdfff) return 0
    point = highBits(unit) | (low & 0x3ff)
  }
  const length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  for (let k = 0; k < length; k++) if (needle[i + k] !== utf8Byte(point, length, k)) return 0
  return length
}

function utf8Byte(point: number, length: number, k: number): number {
  if (length === 1) return point
  if (k > 0) return 0x80 | ((point >> (6 * (length - 1 - k))) & 0x3f)
  return ((0xf0 << (4 - length)) & 0xff) | (point >> (6 * (length - 1)))
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const highBits = (unit: number): number => 0x10000 + ((unit & 0x3ff) << 10)

/** The UTF-16 unit that the escape at `at` stands for. */
function unitAt(text: Uint8Array, at: number): number {
  const kind = text[at + 1]
  if (text[at] !== BACKSLASH) return at < text.length ? FAIL : OPEN
  if (kind === undefined) return OPEN
  return kind === LOWER_U ? hexValue(text, at + 2, 4) : (SHORT_ESCAPES.get(kind) ?? FAIL)
}

function hexValue(text: Uint8Array, at: number, digits: number): number {
  let value = 0
  for (let i = at; i < at + digits; i++) {
    const byte = text[i]
    if (byte === undefined) return OPEN
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66 ? (byte | 0x20) - 0x57 : FAIL
    if (digit === FAIL) return FAIL
    value = value * 16 + digit
  }
  return value
}

/** Finds needles that are spelt with at least one escape of a dialect; those without any are found as they stand. */
export class EscapeSearch {
  readonly #dialect: Dialect
  readonly #needles: readonly Uint8Array[]
  readonly #anchors: readonly Buffer[]
  /** By byte value: in which needles it stands, and where. Made when the first escape is met, which most texts lack. */
  #positions: (readonly [Uint8Array, number])[][] | undefined

  /** `bytes` holds 1 for each byte that stands in a needle. */
  constructor(dialect: Dialect, needles: readonly Uint8Array[], bytes: Uint8Array) {
    this.#dialect = dialect
    this.#needles = needles
    this.#anchors = dialect.anchors(bytes)
  }

  find(text: Buffer, hits: Span[]): void {
    for (const anchor of this.#anchors) {
      for (let at = text.indexOf(anchor); at >= 0; at = nextAnchor(text, anchor, at + 1)) this.#around(text, at, hits)
    }
  }

  /** Marks the bytes that can stand in an escaped needle beside its own. */
  markLetters(table: Uint8Array): void {
    for (let i = 0; i < this.#dialect.letters.length; i++) table[this.#dialect.letters.charCodeAt(i)] = 1
  }

  /** True when a needle may begin at `at` whose end has not come yet. */
  opensAt(text: Uint8Array, at: number): boolean {
    for (const needle of this.#needles) if (this.#dialect.match(text, at, needle, 0) === OPEN) return true
    return false
  }

  /** The first escape of an occurrence is at `at`: what stands before it stands for itself. */
  #around(text: Buffer, at: number, hits: Span[]): void {
    const byte = this.#dialect.firstByte(text, at)
    if (byte < 0) return
    this.#positions ??= positionsOf(this.#needles)
    for (const [needle, i] of this.#positions[byte] ?? []) {
      const start = at - i
      if (start < 0 || text.compare(needle, 0, i, start, at) !== 0) continue
      const end = this.#dialect.match(text, at, needle, i)
      if (end >= 0) hits.push([start, end])
    }
  }
}

function positionsOf(needles: readonly Uint8Array[]): (readonly [Uint8Array, number])[][] {
  const positions: (readonly [Uint8Array, number])[][] = []
  for (const needle of needles) {
    for (const [i, byte] of needle.entries()) {
      positions[byte] ??= []
      positions[byte]?.push([needle, i])
    }
  }
  return positions
}

/** Escapes come in crowds: the next one is looked for by hand before the whole text is searched. */
const NEAR_BYTES = 16

function nextAnchor(text: Buffer, anchor: Buffer, from: number): number {
  const near = Math.min(from + NEAR_BYTES, text.length - anchor.length + 1)
  for (let at = from; at < near; at++) if (standsAt(anchor, text, at)) return at
  return text.indexOf(anchor, Math.max(from, near))
}

function standsAt(anchor: Buffer, text: Buffer, at: number): boolean {
  for (let i = 0; i < anchor.length; i++) if (anchor[i] !== text[at + i]) return false
  return true
}
