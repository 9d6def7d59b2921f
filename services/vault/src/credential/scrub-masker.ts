import { EscapeSearch, JSON_STRING, PERCENT_ENCODING } from './scrub-escapes.ts'
import { ExactSearch, type Span } from './scrub-exact.ts'
import type { NeedleForms } from './scrub-forms.ts'

const STAR = 0x2a
/** The longest spelling of one byte: `\uXXXX`. */
const ESCAPED_BYTES = 6
const NOTHING = Buffer.alloc(0)

/**
 * Masks a text that comes in chunks.
 * M1 What is given out contains no whole needle, wherever the chunks were cut.
 * M2 Held back is only an end of the text that may be the beginning of a needle, so an event that is complete leaves at once.
 * M3 Each byte is given out once, in order, as itself or as `*`.
 */
export class Masker {
  readonly #exact: ExactSearch
  readonly #escapes: readonly EscapeSearch[]
  readonly #forms: readonly Uint8Array[]
  /** 1 for each byte that may stand in some spelling of a needle. */
  readonly #letters = new Uint8Array(256)
  readonly #longest: number
  #held: Buffer = NOTHING
  /** So many bytes of what is held belong to a needle that was found before them. */
  #maskedLead = 0

  constructor({ exact, escapable }: NeedleForms) {
    this.#forms = exact
    this.#exact = new ExactSearch(exact)
    let longest = 0
    for (const form of exact) {
      longest = Math.max(longest, form.length)
      for (let i = 0; i < form.length; i++) this.#letters[form[i] ?? 0] = 1
    }
    const bytes = new Uint8Array(256)
    for (const needle of escapable) {
      longest = Math.max(longest, needle.length * ESCAPED_BYTES)
      for (let i = 0; i < needle.length; i++) bytes[needle[i] ?? 0] = 1
    }
    this.#escapes = [new EscapeSearch(PERCENT_ENCODING, escapable, bytes), new EscapeSearch(JSON_STRING, escapable, bytes)]
    for (const search of this.#escapes) search.markLetters(this.#letters)
    this.#longest = longest
  }

  /** What of the text up to here may be given out. Overwrites `chunk` where something is found. */
  push(chunk: Uint8Array): Buffer {
    const text = this.#joined(chunk)
    const spans = this.#find(text)
    const open = this.#openFrom(text)
    const lead = this.#maskedLead
    this.#held = open === text.length ? NOTHING : Buffer.from(text.buffer.slice(text.byteOffset + open, text.byteOffset + text.length))
    this.#maskedLead = spans.reduce((most, [start, end]) => (start < open ? Math.max(most, end - open) : most), Math.max(0, lead - open))
    text.fill(STAR, 0, Math.min(lead, open))
    for (const [start, end] of spans) if (start < open) text.fill(STAR, start, Math.min(end, open))
    // The held end lives on in its copy alone.
    text.fill(0, open)
    return text.subarray(0, open)
  }

  /** The rest, when no more will come. */
  end(): Buffer {
    const text = this.#held
    const lead = this.#maskedLead
    this.#held = NOTHING
    this.#maskedLead = 0
    this.maskWhole(text)
    return text.fill(STAR, 0, lead)
  }

  /** Masks a text that is complete; true when something was found in it. */
  maskWhole(text: Buffer): boolean {
    const spans = this.#find(text)
    for (const [start, end] of spans) text.fill(STAR, start, end)
    return spans.length > 0
  }

  #joined(chunk: Uint8Array): Buffer {
    if (this.#held.length === 0) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const text = Buffer.concat([this.#held, chunk])
    this.#held.fill(0)
    return text
  }

  #find(text: Buffer): Span[] {
    const spans: Span[] = []
    this.#exact.find(text, spans)
    for (const search of this.#escapes) search.find(text, spans)
    return spans
  }

  /** Where the longest end of the text begins that may be the beginning of a needle: within the last run of such bytes. */
  #openFrom(text: Buffer): number {
    const first = Math.max(0, text.length - this.#longest + 1)
    let at = text.length
    while (at > first && this.#letters[text[at - 1] ?? 0] === 1) at--
    while (at < text.length && !this.#opensAt(text, at)) at++
    return at
  }

  #opensAt(text: Buffer, at: number): boolean {
    for (const form of this.#forms) if (beginsWith(form, text, at)) return true
    for (const search of this.#escapes) if (search.opensAt(text, at)) return true
    return false
  }
}

/** True when the text from `at` to its end is a beginning of the form, and not all of it. */
function beginsWith(form: Uint8Array, text: Buffer, at: number): boolean {
  const length = text.length - at
  if (length >= form.length) return false
  for (let i = 0; i < length; i++) if (form[i] !== text[at + i]) return false
  return true
}
