import { CodedError } from '@credence/errors'
import { Secret } from '@credence/secret'
import { ByteSink, hexDigit } from './text-bytes.ts'

/** A JSON value whose texts are still bytes: which of them may become strings is decided by who knows the names. */
export type JsonNode =
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'text'; readonly text: Secret }
  | { readonly kind: 'other'; readonly value: number | boolean | null }

const MAX_DEPTH = 8
const USUAL_NODES = 2000
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d]
const ESCAPES: ReadonlyMap<number, number> = new Map(
  ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
)

/**
 * Reads one JSON value (RFC 8259) from bytes without making a string of any value. Throws INVALID_REQUEST for anything else,
 * for a member given twice, and for more depth or members than a request with secrets has; what was read is wiped then.
 */
export function parseJsonBytes(body: Uint8Array, maxNodes: number = USUAL_NODES): JsonNode {
  return new JsonReader(body, maxNodes).document()
}

/** Overwrites every text of a value. */
export function wipeNode(node: JsonNode): void {
  if (node.kind === 'text') node.text.wipe()
  else if (node.kind === 'array') node.items.forEach(wipeNode)
  else if (node.kind === 'object') for (const member of node.members.values()) wipeNode(member)
}

class JsonReader {
  readonly #body: Uint8Array
  readonly #maxNodes: number
  #at = 0
  #nodes = 0
  readonly #texts: Secret[] = []

  constructor(body: Uint8Array, maxNodes: number) {
    this.#body = body
    this.#maxNodes = maxNodes
  }

  document(): JsonNode {
    try {
      const value = this.#value(0)
      this.#space()
      if (this.#at < this.#body.length) throw malformed()
      return value
    } catch (error) {
      for (const text of this.#texts) text.wipe()
      throw error
    }
  }

  #value(depth: number): JsonNode {
    if (depth > MAX_DEPTH || ++this.#nodes > this.#maxNodes)
      throw malformed('TOO_DEEP', `Nest at most ${MAX_DEPTH} levels, with at most ${this.#maxNodes} values.`)
    this.#space()
    const byte = this.#body[this.#at]
    if (byte === OPEN_OBJECT) return this.#object(depth)
    if (byte === OPEN_ARRAY) return this.#array(depth)
    if (byte === QUOTE) return { kind: 'text', text: this.#text() }
    return { kind: 'other', value: this.#literal() }
  }

  #object(depth: number): JsonNode {
    const members = new Map<string, JsonNode>()
    this.#at++
    for (let first = true; !this.#closes(CLOSE_OBJECT); first = false) {
      if (!first) this.#expect(COMMA)
      this.#space()
      if (this.#body[this.#at] !== QUOTE) throw malformed()
      const key = this.#text()
      const name = Buffer.from(key.reveal()).toString('utf8')
      if (members.has(name)) throw malformed('DUPLICATE_MEMBER', 'Write each member once.')
      this.#expect(COLON)
      members.set(name, this.#value(depth + 1))
    }
    return { kind: 'object', members }
  }

  #array(depth: number): JsonNode {
    const items: JsonNode[] = []
    this.#at++
    for (let first = true; !this.#closes(CLOSE_ARRAY); first = false) {
      if (!first) this.#expect(COMMA)
      items.push(this.#value(depth + 1))
    }
    return { kind: 'array', items }
  }

  #text(): Secret {
    const start = ++this.#at
    const end = this.#endOfText()
    const sink = new ByteSink(end - start)
    while (this.#at < end) {
      const byte = this.#body[this.#at++]!
      if (byte !== BACKSLASH) sink.push(byte)
      else if (!this.#escape(sink)) {
        sink.wipe()
        throw malformed()
      }
    }
    this.#at = end + 1
    const bytes = sink.take()
    if (bytes === undefined) throw malformed()
    const text = new Secret(bytes)
    this.#texts.push(text)
    return text
  }

  #endOfText(): number {
    for (let i = this.#at; i < this.#body.length; i++) {
      const byte = this.#body[i]!
      if (byte === QUOTE) return i
      if (byte < 0x20) break
      if (byte === BACKSLASH) i++
    }
    throw malformed()
  }

  /** The character after a backslash; false when there is no such escape. */
  #escape(sink: ByteSink): boolean {
    const byte = this.#body[this.#at++]
    if (byte !== 0x75) {
      const plain = byte === undefined ? undefined : ESCAPES.get(byte)
      if (plain !== undefined) sink.push(plain)
      return plain !== undefined
    }
    const high = this.#hex4()
    if (high < 0xd800 || high > 0xdfff) {
      if (high >= 0) sink.pushCodePoint(high)
      return high >= 0
    }
    // A pair of surrogates is one character (RFC 8259 §7); half of one is none.
    if (high > 0xdbff || this.#body[this.#at++] !== BACKSLASH || this.#body[this.#at++] !== 0x75) return false
    const low = this.#hex4()
    if (low < 0xdc00 || low > 0xdfff) return false
    sink.pushCodePoint(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    return true
  }

  #hex4(): number {
    let value = 0
    for (let i = 0; i < 4; i++) {
      const digit = hexDigit(this.#body[this.#at++])
      if (digit < 0) return -1
      value = (value << 4) | digit
    }
    return value
  }

  #literal(): number | boolean | null {
    const start = this.#at
    while (this.#at < this.#body.length && !/[\s,\]}]/.test(String.fromCharCode(this.#body[this.#at]!)) && this.#at - start < 32) this.#at++
    const word = Buffer.from(this.#body.subarray(start, this.#at)).toString('latin1')
    if (word === 'true' || word === 'false') return word === 'true'
    if (word === 'null') return null
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) throw malformed()
    return Number(word)
  }

  #closes(byte: number): boolean {
    this.#space()
    if (this.#body[this.#at] !== byte) return false
    this.#at++
    return true
  }

  #expect(byte: number): void {
    this.#space()
    if (this.#body[this.#at++] !== byte) throw malformed()
  }

  #space(): void {
    while ([0x20, 0x09, 0x0a, 0x0d].includes(this.#body[this.#at] ?? 0)) this.#at++
  }
}

function malformed(code: string = 'INVALID_JSON', detail: string = 'Write one JSON value (RFC 8259) in UTF-8.'): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '', code, detail }] })
}
