/** A shorter needle would be found in ordinary text, and masking ordinary text breaks answers. */
const MIN_NEEDLE_BYTES = 4

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const BASE64_URL = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const LOWER_HEX = Buffer.from('0123456789abcdef')
const UPPER_HEX = Buffer.from('0123456789ABCDEF')
const PLUS = 0x2b
const SLASH = 0x2f

/**
 * Every spelling to look for. They are as secret as what they were made of, so no string is ever made of them, and all
 * lie in one piece of memory that `wipe` zeroes. Made anew for each answer: plain loops, since a proxied call waits.
 */
export class NeedleForms {
  /** Found as they stand: raw, base64 and base64url at three alignments, hex in both cases. No two are equal. */
  readonly exact: readonly Uint8Array[]
  /** Found with escapes in them (percent, JSON), in any mix. */
  readonly escapable: readonly Uint8Array[]
  readonly #memory: Uint8Array
  readonly #exact: Uint8Array[] = []
  readonly #escapable: Uint8Array[] = []
  #used = 0
  #wiped = false

  constructor(needles: readonly Uint8Array[]) {
    this.#memory = new Uint8Array(needles.reduce((sum, needle) => sum + memoryFor(needle), 0))
    for (const needle of needles) {
      if (needle.byteLength >= MIN_NEEDLE_BYTES) this.#spell(needle)
    }
    this.exact = this.#exact
    this.escapable = this.#escapable
  }

  get isEmpty(): boolean {
    return this.exact.length === 0
  }

  wipe(): void {
    this.#wiped = true
    this.#memory.fill(0)
  }

  /** Zeroed forms find nothing: an answer that came to them would pass unsearched. */
  assertWhole(): void {
    if (this.#wiped) throw new TypeError('the scrubber was wiped')
  }

  #spell(needle: Uint8Array): void {
    const own = this.#allocate(needle.byteLength)
    own.set(needle)
    if (!this.#keep(own)) return
    this.#encode(own)
    const reread = this.#reread(own)
    if (reread !== undefined && this.#keep(reread)) this.#encode(reread)
  }

  #encode(needle: Uint8Array): void {
    this.#escapable.push(needle)
    for (let shift = 0; shift < 3; shift++) {
      const form = this.#base64(needle, shift, BASE64)
      if (this.#keep(form) && (form.includes(PLUS) || form.includes(SLASH))) {
        // `+` and `/` are themselves escaped in URLs and by some JSON writers.
        this.#escapable.push(form)
        this.#keep(this.#base64(needle, shift, BASE64_URL))
      }
    }
    this.#keep(this.#hex(needle, LOWER_HEX))
    this.#keep(this.#hex(needle, UPPER_HEX))
  }

  /** What a server says back that took the bytes for ISO 8859-1, as header values are, and writes UTF-8. */
  #reread(needle: Uint8Array): Uint8Array | undefined {
    const high = highBytes(needle)
    if (high === 0) return undefined
    const reread = this.#allocate(needle.byteLength + high)
    let at = 0
    for (const byte of needle) {
      if (byte > 0x7f) reread[at++] = 0xc0 | (byte >> 6)
      reread[at++] = byte > 0x7f ? 0x80 | (byte & 0x3f) : byte
    }
    return reread
  }

  /**
   * The characters that depend on the needle alone when it begins `shift` bytes into a group of three: character i holds
   * the bits from 6i on, the needle those from 8 × `shift` on.
   */
  #base64(needle: Uint8Array, shift: number, alphabet: Uint8Array): Uint8Array {
    const first = Math.ceil((8 * shift) / 6)
    const end = Math.floor((8 * (shift + needle.byteLength)) / 6)
    const form = this.#allocate(end - first)
    for (let i = 0, bit = 6 * first - 8 * shift; i < form.length; i++, bit += 6) {
      const pair = ((needle[bit >> 3] ?? 0) << 8) | (needle[(bit >> 3) + 1] ?? 0)
      form[i] = alphabet[(pair >> (10 - (bit & 7))) & 63] ?? 0
    }
    return form
  }

  #hex(needle: Uint8Array, digits: Uint8Array): Uint8Array {
    const form = this.#allocate(needle.byteLength * 2)
    for (let i = 0; i < needle.byteLength; i++) {
      const byte = needle[i] ?? 0
      form[2 * i] = digits[byte >> 4] ?? 0
      form[2 * i + 1] = digits[byte & 15] ?? 0
    }
    return form
  }

  /** False when the form is there already. */
  #keep(form: Uint8Array): boolean {
    for (const other of this.#exact) {
      if (other.length === form.length && Buffer.compare(other, form) === 0) return false
    }
    this.#exact.push(form)
    return true
  }

  #allocate(bytes: number): Uint8Array {
    this.#used += bytes
    return this.#memory.subarray(this.#used - bytes, this.#used)
  }
}

function highBytes(needle: Uint8Array): number {
  let count = 0
  for (const byte of needle) count += byte >> 7
  return count
}

/** Raw 1, base64 six times 4/3, hex twice 2; once more for what was reread. */
function memoryFor(needle: Uint8Array): number {
  const high = highBytes(needle)
  const forms = (bytes: number): number => 5 * bytes + 6 * Math.ceil((4 * (bytes + 2)) / 3)
  return forms(needle.byteLength) + (high === 0 ? 0 : forms(needle.byteLength + high))
}
