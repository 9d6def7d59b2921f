/**
 * REST carries the members of the proto messages in snake_case; a program reads them in camelCase, as the gRPC clients give
 * them. Objects whose names are data (tags, fields) keep their names, and times become dates.
 */
const MAPS: ReadonlySet<string> = new Set(['tags', 'fields', 'account_fields', 'data', 'payload'])

/** Every time of the messages: `created_at`, `at`, `time`, `oldest`. */
const TIME = /(^|_)(at|time|oldest)$/

/** A request body: names in snake_case, dates as RFC 3339, absent members left out. */
export function toWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toWire)
  if (value instanceof Date) return value.toISOString()
  if (!isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (member === undefined) return []
      const wire = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      return [[wire, isMap(wire, member) ? member : toWire(member)]]
    }),
  )
}

/** An answer: names in camelCase, times as Date. */
export function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire)
  if (!isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([wire, member]) => {
      const name = wire.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
      if (isMap(wire, member)) return [name, member]
      return [name, TIME.test(wire) && typeof member === 'string' ? new Date(member) : fromWire(member)]
    }),
  )
}

/** A list of that name is none: `fields` of a review are objects of ours. */
function isMap(wire: string, member: unknown): boolean {
  return MAPS.has(wire) && !Array.isArray(member)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}
