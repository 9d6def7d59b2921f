/** A shorter needle would be found in ordinary text, and masking ordinary text breaks answers. */
const MIN_NEEDLE_BYTES = 4

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BASE64_URL = `${BASE64.slice(0, 62)}-_`
const HEX = '0123456789abcdef'

/**
 * Every spelling to look for. They are as secret as what they were made of, so no string is ever made of them, and all
 * lie in one piece of memory that `wipe` zeroes.
 */
export class NeedleForms {
  /** Found as they stand: raw, base64 and base64url at three alignments, hex in both cases. No two are equal. */
  readonly exact: readonly Uint8Array[]
  /** Found with escapes in them (percent, JSON), in any mix. */
  readonly escapable: readonly Uint8Array[]
  readonly #memory: Uint8Array
  #used = 0

  constructor(needles: readonly Uint8Array[]) {
    const searched = distinct(needles.filter((needle) => needle.byteLength >= MIN_NEEDLE_BYTES))
    this.#memory = new Uint8Array(searched.reduce((sum, needle) => sum + memoryFor(needle), 0))
    const raw = distinct(searched.flatMap((needle) => this.#readings(needle)))
    const base64 = raw.flatMap((needle) => this.#base64Forms(needle))
    const hex = raw.flatMap((needle) => [this.#hex(needle, HEX), this.#hex(needle, HEX.toUpperCase())])
    this.exact = distinct([...raw, ...base64, ...hex])
    // `+` and `/` are themselves escaped in URLs and by some JSON writers.
    this.escapable = distinct([...raw, ...base64.filter((form) => form.includes(0x2b) || form.includes(0x2f))])
  }

  get isEmpty(): boolean {
    return this.exact.length === 0
  }

  wipe(): void {
    this.#memory.fill(0)
  }

  /** The bytes, and what a server says back that took them for ISO 8859-1 (as header values are) and writes UTF-8. */
  #readings(needle: Uint8Array): Uint8Array[] {
    const own = this.#allocate(needle.byteLength)
    own.set(needle)
    const high = highBytes(needle)
    if (high === 0) return [own]
    const reread = this.#allocate(needle.byteLength + high)
    let at = 0
    for (const byte of needle) {
      if (byte > 0x7f) reread[at++] = 0xc0 | (byte >> 6)
      reread[at++] = byte > 0x7f ? 0x80 | (byte & 0x3f) : byte
    }
    return [own, reread]
  }

  /**
   * The characters that depend on the needle alone, wherever it begins within a group of three bytes: character i holds
   * the bits from 6i on, the needle those from 8 × `shift` on.
   */
  #base64Forms(needle: Uint8Array): Uint8Array[] {
    return [0, 1, 2].flatMap((shift) => {
      const first = Math.ceil((8 * shift) / 6)
      const end = Math.floor((8 * (shift + needle.byteLength)) / 6)
      const sextets = Array.from({ length: end - first }, (_, i) => sextetAt(needle, 6 * (first + i) - 8 * shift))
      const standard = this.#spelt(sextets, BASE64)
      const urlSafe = sextets.some((sextet) => sextet > 61) ? [this.#spelt(sextets, BASE64_URL)] : []
      sextets.fill(0)
      return [standard, ...urlSafe]
    })
  }

  #spelt(sextets: readonly number[], alphabet: string): Uint8Array {
    const form = this.#allocate(sextets.length)
    for (const [i, sextet] of sextets.entries()) form[i] = alphabet.charCodeAt(sextet)
    return form
  }

  #hex(needle: Uint8Array, digits: string): Uint8Array {
    const form = this.#allocate(needle.byteLength * 2)
    for (const [i, byte] of needle.entries()) {
      form[2 * i] = digits.charCodeAt(byte >> 4)
      form[2 * i + 1] = digits.charCodeAt(byte & 15)
    }
    return form
  }

  #allocate(bytes: number): Uint8Array {
    this.#used += bytes
    return this.#memory.subarray(this.#used - bytes, this.#used)
  }
}

function highBytes(needle: Uint8Array): number {
  return needle.reduce((count, byte) => count + (byte >> 7), 0)
}

/** Raw 1, base64 six times 4/3, hex twice 2; once more for what was reread. */
function memoryFor(needle: Uint8Array): number {
  const high = highBytes(needle)
  const forms = (bytes: number): number => 5 * bytes + 6 * Math.ceil((4 * (bytes + 2)) / 3)
  return forms(needle.byteLength) + (high === 0 ? 0 : forms(needle.byteLength + high))
}

/** Six bits of the needle from `bit` on. */
function sextetAt(needle: Uint8Array, bit: number): number {
  const pair = ((needle[bit >> 3] ?? 0) << 8) | (needle[(bit >> 3) + 1] ?? 0)
  return (pair >> (10 - (bit & 7))) & 63
}

function distinct(forms: readonly Uint8Array[]): Uint8Array[] {
  return forms.filter((form, i) => !forms.slice(0, i).some((earlier) => Buffer.compare(earlier, form) === 0))
}
