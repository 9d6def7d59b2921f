/** Where a needle stands: `[start, end)`. */
export type Span = readonly [number, number]

/** A text longer than this in all pays for the table; a short answer is searched form by form. */
const SHORT_TEXT_BYTES = 65_536
/** Bytes that are looked at together. */
const GRAM_BYTES = 4
/** Shorter forms would make the sampling step so small that searching for them one by one is faster. */
const MIN_SAMPLED_BYTES = 8
const TABLE_BITS = 14

interface Place {
  readonly form: Uint8Array
  readonly offset: number
}

/**
 * Finds forms as they stand. Long texts are sampled: of the shortest form's length m, every (m − 3)th group of four bytes
 * is looked up in a table of all groups of all forms. Each occurrence, being at least m long, covers one whole group, so
 * none is missed and the cost does not grow with the number of forms (Wu and Manber's idea).
 */
export class ExactSearch {
  readonly #forms: readonly Uint8Array[]
  readonly #short: readonly Uint8Array[]
  #searched = 0
  #sampler: Sampler | undefined

  constructor(forms: readonly Uint8Array[]) {
    this.#forms = forms
    this.#short = forms.filter((form) => form.length < MIN_SAMPLED_BYTES)
  }

  find(text: Buffer, hits: Span[]): void {
    this.#searched += text.length
    if (this.#searched <= SHORT_TEXT_BYTES) {
      findEach(this.#forms, text, hits)
      return
    }
    this.#sampler ??= new Sampler(this.#forms.filter((form) => form.length >= MIN_SAMPLED_BYTES))
    this.#sampler.find(text, hits)
    findEach(this.#short, text, hits)
  }
}

function findEach(forms: readonly Uint8Array[], text: Buffer, hits: Span[]): void {
  for (const form of forms) {
    // From the next byte, not from the end: an occurrence may overlap itself, and both ends must be masked.
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) hits.push([at, at + form.length])
  }
}

class Sampler {
  readonly #step: number
  readonly #table = new Uint8Array(1 << TABLE_BITS)
  readonly #places = new Map<number, Place[]>()

  constructor(forms: readonly Uint8Array[]) {
    const shortest = forms.reduce((least, form) => Math.min(least, form.length), Number.POSITIVE_INFINITY)
    this.#step = shortest - GRAM_BYTES + 1
    for (const form of forms) {
      for (let offset = 0; offset < this.#step; offset++) this.#add({ form, offset })
    }
  }

  find(text: Buffer, hits: Span[]): void {
    if (this.#places.size === 0) return
    const table = this.#table
    const last = text.length - GRAM_BYTES
    for (let at = 0; at <= last; at += this.#step) {
      const gram = gramAt(text, at)
      if (table[hashOf(gram)] === 1) this.#confirm(text, { at, gram }, hits)
    }
  }

  #confirm(text: Buffer, { at, gram }: { at: number; gram: number }, hits: Span[]): void {
    for (const { form, offset } of this.#places.get(gram) ?? []) {
      const start = at - offset
      const end = start + form.length
      if (start >= 0 && end <= text.length && text.compare(form, 0, form.length, start, end) === 0) hits.push([start, end])
    }
  }

  #add(place: Place): void {
    const gram = gramAt(place.form, place.offset)
    this.#table[hashOf(gram)] = 1
    const places = this.#places.get(gram)
    if (places === undefined) this.#places.set(gram, [place])
    else places.push(place)
  }
}

function gramAt(text: Uint8Array, at: number): number {
  return (text[at] ?? 0) | ((text[at + 1] ?? 0) << 8) | ((text[at + 2] ?? 0) << 16) | ((text[at + 3] ?? 0) << 24)
}

function hashOf(gram: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> (32 - TABLE_BITS)
}
