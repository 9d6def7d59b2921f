import { storeUnavailable } from './fault.ts'

/**
 * A document as JSON text. Three kinds of value begin with `$`, and nothing else does:
 *
 *     Date            "$d2026-11-21T10:00:00.000Z"
 *     Uint8Array      "$bAAEC/w=="                     (base64)
 *     string "$…"     "$$…"                            (one `$` more)
 *
 * Only string values are marked, never member names: whatever a user stores comes back as what it was.
 */
const DATE = '$d'
const BYTES = '$b'
const MARK = 0x24

/** The nesting that MongoDB takes; a cycle ends here too. */
const MAX_DEPTH = 100

/** Throws TypeError for what no document may hold: NaN, an invalid date, a bigint, a function, an object of a class. */
export function encodeBody(doc: object): string {
  return JSON.stringify(encodeObject(doc, 0))
}

/** Throws STORE_UNAVAILABLE when the text is not what `encodeBody` writes. */
export function decodeBody(text: string): Record<string, unknown> {
  const value = parse(text)
  if (text.includes('"$')) decodeMembers(value)
  return value
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    throw storeUnavailable('damaged')
  }
}

function encodeValue(value: unknown, name: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return value.charCodeAt(0) === MARK ? `$${value}` : value
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`member ${name} is not a finite number`)
      return value
    case 'boolean':
      return value
    case 'object':
      return value === null ? null : encodeObject(value, depth + 1, name)
    default:
      throw new TypeError(`member ${name} is a ${typeof value}; a document holds JSON values, Date and Uint8Array`)
  }
}

function encodeObject(value: object, depth: number, name = 'document'): unknown {
  if (depth > MAX_DEPTH) throw new TypeError(`member ${name} is nested too deep or holds itself`)
  if (Array.isArray(value)) return value.map((item) => encodeValue(item, name, depth))
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError(`member ${name} is an invalid date`)
    return DATE + value.toISOString()
  }
  if (value instanceof Uint8Array) return BYTES + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (!isPlain(value)) throw new TypeError(`member ${name} is an object of a class; a document holds plain ones`)
  // Without a prototype a member called `__proto__` is a member like any other.
  const encoded: Record<string, unknown> = Object.create(null)
  for (const [key, member] of Object.entries(value)) {
    // BSON ends a name at NUL.
    if (key.includes('\0')) throw new TypeError('the name of a member has a NUL')
    if (member !== undefined) encoded[key] = encodeValue(member, key, depth)
  }
  return encoded
}

/** A class may have a `toJSON` that hides what it holds (`Secret`): storing its mask instead of its value must not go unseen. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** In place: the parsed object is ours, and `get` is on the hot path. */
function decodeMembers(value: Record<string, unknown>): void {
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (typeof member === 'string') {
      if (member.charCodeAt(0) === MARK) value[key] = decodeString(member)
    } else if (typeof member === 'object' && member !== null) {
      decodeMembers(member as Record<string, unknown>)
    }
  }
}

function decodeString(text: string): unknown {
  if (text.startsWith('$$')) return text.slice(1)
  if (text.startsWith(DATE)) return decodeDate(text.slice(DATE.length))
  // A copy, because small Buffers are views of a pool that they would keep alive.
  if (text.startsWith(BYTES)) return new Uint8Array(Buffer.from(text.slice(BYTES.length), 'base64'))
  throw storeUnavailable('damaged')
}

function decodeDate(text: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw storeUnavailable('damaged')
  return date
}
