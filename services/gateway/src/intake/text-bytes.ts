import { isUtf8 } from 'node:buffer'

/** First bits of a character that has so many further bytes. */
const LEAD_BITS = [0, 0xc0, 0xe0, 0xf0]

/** Bytes under construction, never larger than what they are decoded from. */
export class ByteSink {
  readonly #bytes: Buffer
  #length = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  push(byte: number): void {
    this.#bytes[this.#length++] = byte
  }

  /** UTF-8 of one code point (RFC 3629 §3). */
  pushCodePoint(point: number): void {
    const more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x1_0000 ? 2 : 3
    this.push(more === 0 ? point : (LEAD_BITS[more] ?? 0) | (point >> (6 * more)))
    for (let i = more - 1; i >= 0; i--) this.push(0x80 | ((point >> (6 * i)) & 0x3f))
  }

  /** A copy of the right size; the working space is wiped. Undefined when it is not UTF-8. */
  take(): Buffer | undefined {
    const taken = Buffer.allocUnsafeSlow(this.#length)
    this.#bytes.copy(taken, 0, 0, this.#length)
    this.#bytes.fill(0)
    if (isUtf8(taken)) return taken
    taken.fill(0)
    return undefined
  }

  wipe(): void {
    this.#bytes.fill(0)
  }
}

/** The value of an ASCII hex digit, or -1. */
export function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
