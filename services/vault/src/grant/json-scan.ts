import { secretBuffer } from '@credence/secret'

/**
 * Finds values in JSON by pointer without parsing it into strings: a token that was once a JavaScript string stays in memory
 * until the collector comes, and nobody can wipe it. Values come back as bytes of their own, unescaped (RFC 8259 §7).
 */
export type ScannedValue =
  | { readonly kind: 'string'; readonly bytes: Buffer }
  | { readonly kind: 'number' | 'literal'; readonly text: string }
  | { readonly kind: 'container' }

/** The values at these JSON pointers (RFC 6901). Undefined when the bytes are not JSON; a later duplicate member wins. */
export function scanJson(json: Buffer, pointers: readonly string[]): Map<string, ScannedValue> | undefined {
  const found = new Map<string, ScannedValue>()
  const scan = new Scan(json, new Set(pointers), found)
  try {
    scan.value('', 0)
    scan.space()
    if (scan.at !== json.byteLength) return undefined
    return found
  } catch (error) {
    if (error instanceof NotJson) return undefined
    throw error
  }
}

class NotJson extends Error {}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MOST_DEPTH = 32
const SHORT_ESCAPES: Readonly<Record<number, number>> = { 34: 0x22, 92: 0x5c, 47: 0x2f, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 }

class Scan {
  at = 0
  readonly #json: Buffer
  readonly #wanted: ReadonlySet<string>
  readonly #found: Map<string, ScannedValue>

  constructor(json: Buffer, wanted: ReadonlySet<string>, found: Map<string, ScannedValue>) {
    this.#json = json
    this.#wanted = wanted
    this.#found = found
  }

  space(): void {
    while ([0x20, 0x09, 0x0a, 0x0d].includes(this.#json[this.at] ?? 0)) this.at++
  }

  value(pointer: string, depth: number): void {
    this.space()
    const first = this.#json[this.at]
    if (depth > MOST_DEPTH) throw new NotJson()
    if (first === 0x7b) this.#members(pointer, depth)
    else if (first === 0x5b) this.#items(pointer, depth)
    else if (first === QUOTE) this.#keepString(pointer)
    else this.#word(pointer)
  }

  #members(pointer: string, depth: number): void {
    this.#keep(pointer, { kind: 'container' })
    this.#list(0x7d, () => {
      this.space()
      const name = this.#string().toString('utf8')
      this.space()
      this.#expect(0x3a)
      this.value(`${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1)
    })
  }

  #items(pointer: string, depth: number): void {
    this.#keep(pointer, { kind: 'container' })
    let index = 0
    this.#list(0x5d, () => this.value(`${pointer}/${index++}`, depth + 1))
  }

  #list(end: number, item: () => void): void {
    this.at++
    this.space()
    if (this.#json[this.at] === end) return void this.at++
    for (;;) {
      item()
      this.space()
      if (this.#json[this.at] === end) return void this.at++
      this.#expect(0x2c)
    }
  }

  #keepString(pointer: string): void {
    const bytes = this.#string()
    if (this.#wanted.has(pointer)) this.#keep(pointer, { kind: 'string', bytes })
    else bytes.fill(0)
  }

  #word(pointer: string): void {
    const start = this.at
    while (/[\w.+-]/.test(String.fromCharCode(this.#json[this.at] ?? 0))) this.at++
    const text = this.#json.toString('latin1', start, this.at)
    if (text === 'true' || text === 'false' || text === 'null') this.#keep(pointer, { kind: 'literal', text })
    else if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) this.#keep(pointer, { kind: 'number', text })
    else throw new NotJson()
  }

  /** A copy with the escapes resolved; never longer than its source. */
  #string(): Buffer {
    this.#expect(QUOTE)
    let end = this.at
    while (this.#json[end] !== QUOTE) {
      if (end >= this.#json.byteLength || this.#json[end]! < 0x20) throw new NotJson()
      end += this.#json[end] === BACKSLASH ? 2 : 1
    }
    const out = secretBuffer(end - this.at)
    let written = 0
    while (this.at < end) written = this.#json[this.at] === BACKSLASH ? this.#escape(out, written) : this.#plain(out, written)
    this.at = end + 1
    const bytes = secretBuffer(written)
    out.copy(bytes, 0, 0, written)
    out.fill(0)
    return bytes
  }

  #plain(out: Buffer, written: number): number {
    out[written] = this.#json[this.at++]!
    return written + 1
  }

  #escape(out: Buffer, written: number): number {
    const letter = this.#json[this.at + 1]!
    if (letter === 0x75) return written + out.write(this.#codePoint(), written, 'utf8')
    const byte = SHORT_ESCAPES[letter]
    if (byte === undefined) throw new NotJson()
    out[written] = byte
    this.at += 2
    return written + 1
  }

  #codePoint(): string {
    const unit = this.#hex()
    const low =
      unit >= 0xd800 && unit < 0xdc00 && this.#json[this.at] === BACKSLASH && this.#json[this.at + 1] === 0x75 ? this.#hex() : undefined
    return String.fromCharCode(...(low === undefined ? [unit] : [unit, low]))
  }

  #hex(): number {
    const digits = this.#json.toString('latin1', this.at + 2, this.at + 6)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new NotJson()
    this.at += 6
    return Number.parseInt(digits, 16)
  }

  #expect(byte: number): void {
    if (this.#json[this.at] !== byte) throw new NotJson()
    this.at++
  }

  #keep(pointer: string, value: ScannedValue): void {
    if (this.#wanted.has(pointer)) this.#found.set(pointer, value)
  }
}
