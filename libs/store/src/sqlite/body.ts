import { encodeDocument, type ValueForms } from '../document/plain-value.ts'
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

const FORMS: ValueForms = {
  text: (value) => (value.charCodeAt(0) === MARK ? `$${value}` : value),
  date: (value) => DATE + value.toISOString(),
  bytes: (value) => BYTES + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
  name: (value) => value,
}

/** Throws TypeError for what no document may hold: NaN, an invalid date, a bigint, a function, an object of a class. */
export function encodeBody(doc: object): string {
  return JSON.stringify(encodeDocument(doc, FORMS))
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
