/** How an engine writes the values that its own format has no name for. */
export interface ValueForms {
  text(value: string): unknown
  date(value: Date): unknown
  /** Must copy: the caller may change the bytes as soon as it has them back. */
  bytes(value: Uint8Array): unknown
  /** The name of a member; two names never become one. */
  name(value: string): string
}

/** The nesting that MongoDB takes; a cycle ends here too. */
const MAX_DEPTH = 100

interface Place {
  readonly name: string
  readonly depth: number
}

/**
 * A copy of a document in the form of an engine. Throws TypeError for what no document may hold: NaN, an invalid date, a
 * bigint, a function, an object of a class.
 */
export function encodeDocument(doc: object, forms: ValueForms): Record<string, unknown> {
  return encodeMembers(doc, forms, 0)
}

function encodeValue(value: unknown, forms: ValueForms, { name, depth }: Place): unknown {
  switch (typeof value) {
    case 'string':
      return forms.text(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`member ${name} is not a finite number`)
      // JSON has no −0.
      return value + 0
    case 'boolean':
      return value
    case 'object':
      return value === null ? null : encodeObject(value, forms, { name, depth: depth + 1 })
    default:
      throw new TypeError(`member ${name} is a ${typeof value}; a document holds JSON values, Date and Uint8Array`)
  }
}

function encodeObject(value: object, forms: ValueForms, place: Place): unknown {
  const { name, depth } = place
  if (depth > MAX_DEPTH) throw new TypeError(`member ${name} is nested too deep or holds itself`)
  if (Array.isArray(value)) return value.map((item) => encodeValue(item, forms, place))
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError(`member ${name} is an invalid date`)
    return forms.date(value)
  }
  if (value instanceof Uint8Array) return forms.bytes(value)
  if (!isPlain(value)) throw new TypeError(`member ${name} is an object of a class; a document holds plain ones`)
  return encodeMembers(value, forms, depth)
}

function encodeMembers(value: object, forms: ValueForms, depth: number): Record<string, unknown> {
  // Without a prototype a member called `__proto__` is a member like any other.
  const encoded: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    // BSON ends a name at NUL.
    if (name.includes('\0')) throw new TypeError('the name of a member has a NUL')
    if (member !== undefined) encoded[forms.name(name)] = encodeValue(member, forms, { name, depth })
  }
  return encoded
}

/** A class may have a `toJSON` that hides what it holds (`Secret`): storing its mask instead of its value must not go unseen. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
