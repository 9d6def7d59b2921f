export interface Needle<T> {
  readonly bytes: Buffer
  readonly tag: T
}

const TABLE_BITS = 18
/** Knuth's multiplier: spreads the four first bytes of a needle over the table. */
const MULTIPLIER = 0x9e3779b1

/**
 * Finds any of many needles in one pass: a table says for each four bytes whether a needle begins so, and only there the
 * needles are compared. Thousands of needles cost about as much as one. Every needle has four bytes or more.
 */
export class NeedleSet<T> {
  readonly #first = new Uint8Array(1 << TABLE_BITS)
  readonly #byStart = new Map<number, Needle<T>[]>()
  readonly longest: number

  constructor(needles: readonly Needle<T>[]) {
    let longest = 0
    for (const needle of needles) {
      const start = needle.bytes.readUInt32BE(0)
      this.#first[slotOf(start)] = 1
      this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), needle])
      longest = Math.max(longest, needle.bytes.length)
    }
    this.longest = longest
  }

  /** Calls `onHit` with the tag of each needle that begins in `haystack` and lies in it whole. */
  search(haystack: Buffer, onHit: (tag: T) => void): void {
    let window = 0
    for (let end = 0; end < haystack.length; end++) {
      window = ((window << 8) | (haystack[end] ?? 0)) >>> 0
      if (end < 3 || this.#first[slotOf(window)] !== 1) continue
      for (const needle of this.#byStart.get(window) ?? []) {
        const from = end - 3
        const to = from + needle.bytes.length
        if (to <= haystack.length && needle.bytes.compare(haystack, from, to) === 0) onHit(needle.tag)
      }
    }
  }
}

function slotOf(fourBytes: number): number {
  return Math.imul(fourBytes, MULTIPLIER) >>> (32 - TABLE_BITS)
}
