import { Binary, Long } from 'mongodb'
import { encodeDocument, type ValueForms } from '../document/plain-value.ts'
import { storeUnavailable } from './fault.ts'

/**
 * The members of a document as BSON, so that a hand with mongosh can read them. BSON has a form for every value but one:
 *
 *     text that is not well-formed Unicode        {"%text": Binary of its UTF-16 (little endian)}
 *
 * and names are escaped where some server or the driver reads them as something else:
 *
 *     $  .  %  at any place                       %24  %2E  %25
 *     the empty name                              %
 *     _bsontype, constructor, toString, …         %_bsontype, %constructor, …     (below)
 *     a name that is not well-formed Unicode      %u and the four digits of each broken code unit
 */
const TEXT = '%text'
const EMPTY = '%'
const BROKEN_UNITS = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const FORMS: ValueForms = {
  text: (value) => (value.isWellFormed() ? value : { [TEXT]: new Binary(Buffer.from(value, 'utf16le')) }),
  date: (value) => new Date(value.getTime()),
  bytes: (value) => new Binary(Uint8Array.from(value)),
  name: escapeName,
}

/** Throws TypeError for what no document may hold. */
export function encodeMembers(doc: object): Record<string, unknown> {
  return encodeDocument(doc, FORMS)
}

/** Throws STORE_UNAVAILABLE when the members are not what `encodeMembers` writes. */
export function decodeMembers(members: unknown): Record<string, unknown> {
  const doc = decodeValue(members)
  if (!isRecord(doc)) throw storeUnavailable('damaged')
  return doc
}

/**
 * An object with a `_bsontype` the driver takes for one of its own. What every object inherits it looks up in a table of
 * fields to leave undecoded, and finds it there: an array named `constructor` would come back as bytes.
 */
function isTaken(name: string): boolean {
  return name === '_bsontype' || name in Object.prototype
}

function escapeName(name: string): string {
  if (name === '' || isTaken(name)) return EMPTY + name
  const escaped = name.replace(/[$.%]/g, (mark) => EMPTY + hex(mark, 2))
  return escaped.isWellFormed() ? escaped : escaped.replace(BROKEN_UNITS, (unit) => `${EMPTY}u${hex(unit, 4)}`)
}

function hex(unit: string, digits: number): string {
  return unit.charCodeAt(0).toString(16).toUpperCase().padStart(digits, '0')
}

function unescapeName(name: string): string {
  if (!name.includes(EMPTY)) return name
  if (name === EMPTY || (name.startsWith(EMPTY) && isTaken(name.slice(1)))) return name.slice(1)
  return name.replace(/%(?:u(....)|(..))/g, (_, unit?: string, mark?: string) =>
    String.fromCharCode(Number.parseInt(unit ?? mark ?? '', 16)),
  )
}

function decodeValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(decodeValue)
  if (value instanceof Date) return decodeDate(value)
  // A copy, because what the driver gives is a view of the whole answer, which it would keep alive.
  if (value instanceof Binary) return Uint8Array.from(value.value())
  if (value instanceof Long) return value.toNumber()
  if (!isRecord(value)) throw storeUnavailable('damaged')
  const text = value[TEXT]
  if (text instanceof Binary) return Buffer.from(text.value()).toString('utf16le')
  return decodeObject(value)
}

function decodeObject(value: Record<string, unknown>): Record<string, unknown> {
  const decoded: Record<string, unknown> = {}
  for (const [stored, member] of Object.entries(value)) {
    const name = unescapeName(stored)
    // Assigning to `__proto__` would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(decoded, name, { value: decodeValue(member), enumerable: true, configurable: true, writable: true })
    else decoded[name] = decodeValue(member)
  }
  return decoded
}

function decodeDate(value: Date): Date {
  if (Number.isNaN(value.getTime())) throw storeUnavailable('damaged')
  return value
}

/** False for the driver's own classes (`ObjectId`): nothing of ours writes them. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
