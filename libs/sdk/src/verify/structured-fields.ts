/** What a member of a structured dictionary may be (RFC 9651), as far as signatures use it. */
export type Bare = string | number | boolean | Uint8Array
export interface Item {
  readonly value: Bare | readonly Item[]
  readonly parameters: ReadonlyMap<string, Bare>
}

/** A dictionary by key; with the text of each member, which a signature base repeats as it came. */
export type Dictionary = ReadonlyMap<string, Item & { readonly text: string }>

/** RFC 9651 §4.2.2; undefined for anything that is not a dictionary. The last member of a key counts. */
export function parseDictionary(text: string): Dictionary | undefined {
  const reader = new Reader(text)
  try {
    return reader.dictionary()
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

class Malformed extends Error {}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text.replace(/^ +| +$/g, '')
  }

  dictionary(): Dictionary {
    const members = new Map<string, Item & { text: string }>()
    while (this.#at < this.#text.length) {
      const key = this.#match(/[a-z*][a-z0-9_.*-]*/y)
      const isValued = this.#take('=')
      const from = this.#at
      const item = isValued ? this.#member() : { value: true, parameters: this.#parameters() }
      members.delete(key)
      members.set(key, { ...item, text: this.#text.slice(from, this.#at) })
      this.#match(/[ \t]*/y)
      if (this.#at === this.#text.length) break
      this.#need(',')
      this.#match(/[ \t]*/y)
      if (this.#at === this.#text.length) throw new Malformed()
    }
    return members
  }

  #member(): Item {
    return this.#take('(') ? this.#innerList() : this.#item()
  }

  #innerList(): Item {
    const items: Item[] = []
    for (;;) {
      this.#match(/ */y)
      if (this.#take(')')) return { value: items, parameters: this.#parameters() }
      items.push(this.#item())
      if (!/[ )]/.test(this.#text[this.#at] ?? '')) throw new Malformed()
    }
  }

  #item(): Item {
    return { value: this.#bare(), parameters: this.#parameters() }
  }

  #parameters(): ReadonlyMap<string, Bare> {
    const parameters = new Map<string, Bare>()
    while (this.#take(';')) {
      this.#match(/ */y)
      const key = this.#match(/[a-z*][a-z0-9_.*-]*/y)
      parameters.set(key, this.#take('=') ? this.#bare() : true)
    }
    return parameters
  }

  #bare(): Bare {
    const first = this.#text[this.#at] ?? ''
    if (first === '"')
      return this.#match(/"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y)
        .slice(1, -1)
        .replaceAll(/\\(.)/g, '$1')
    if (first === '%') return displayString(this.#match(/%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y).slice(2, -1))
    if (first === ':') return bytesOf(this.#match(/:[A-Za-z0-9+/]*={0,2}:/y).slice(1, -1))
    if (first === '?') return this.#match(/\?[01]/y) === '?1'
    if (/[-0-9]/.test(first)) return Number(this.#match(/-?[0-9]{1,15}(?:\.[0-9]{1,3})?/y))
    return this.#match(/[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y)
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) throw new Malformed()
    this.#at += found[0].length
    return found[0]
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #need(character: string): void {
    if (!this.#take(character)) throw new Malformed()
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** RFC 9651 §4.2.10: UTF-8 that is not well formed is refused. */
function displayString(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Malformed()
  }
}
