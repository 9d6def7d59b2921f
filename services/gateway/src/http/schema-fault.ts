import type { Fault } from '@credence/errors'

/** What the validator found: its word, the place, and what it compared with; never the value that was sent. */
export interface SchemaFault {
  readonly keyword: string
  readonly instancePath: string
  readonly message?: string
  readonly params: Record<string, unknown>
}

/** Fault codes by the word of the validator. */
const CODES: Readonly<Record<string, string>> = {
  invalid_type: 'INVALID_TYPE',
  unrecognized_keys: 'UNKNOWN_MEMBER',
  invalid_value: 'NOT_ALLOWED',
  too_big: 'TOO_LARGE',
  too_small: 'TOO_SMALL',
  invalid_format: 'INVALID_FORMAT',
}

/** What to write, by the type that is expected. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text in quotation marks',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'item' }

/** The faults of a request as people read them: each says what to write. */
export function faultsOf(found: SchemaFault): Fault[] {
  const { keyword, instancePath, params } = found
  const pointer = instancePath === '/' ? '' : instancePath
  if (keyword === 'unrecognized_keys' && Array.isArray(params.keys)) {
    const detail = 'Remove it; there is no such member.'
    return params.keys.map((key) => ({ pointer: `${pointer}/${key}`, code: 'UNKNOWN_MEMBER', detail }))
  }
  const missing = isMissing(found)
  return [{ pointer, code: missing ? 'MISSING' : (CODES[keyword] ?? 'INVALID'), detail: detailOf(found, pointer) }]
}

function isMissing({ keyword, message = '' }: SchemaFault): boolean {
  return ['invalid_type', 'invalid_value'].includes(keyword) && message.endsWith('received undefined')
}

function detailOf(found: SchemaFault, pointer: string): string {
  const { keyword, message = '', params } = found
  // A schema that says it in words of its own is not talked over.
  if (!/^(Invalid|Too )/.test(message)) return message
  if (keyword === 'invalid_type') {
    const what = KINDS[String(params.expected)] ?? String(params.expected)
    const name = pointer.slice(pointer.lastIndexOf('/') + 1)
    return isMissing(found) && name !== '' ? `Add \`${name}\`: ${what}.` : `Write ${what}.`
  }
  if (keyword === 'invalid_value' && Array.isArray(params.values)) return `Write ${oneOf(params.values.map((value) => `\`${value}\``))}.`
  if (keyword === 'too_small') return `Write ${amount('at least', params.minimum, params.origin)}.`
  if (keyword === 'too_big') return `Write ${amount('at most', params.maximum, params.origin)}.`
  if (keyword === 'invalid_format' && params.format === 'datetime') return 'Write a time such as `2026-12-31T00:00:00Z` (RFC 3339).'
  return message
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `one of ${values.join(', ')}`
}

function amount(bound: string, limit: unknown, origin: unknown): string {
  const unit = UNITS[String(origin)]
  if (unit === undefined) return `a number of ${bound} ${limit}`
  return `${bound} ${limit === 1 ? 'one' : limit} ${unit}${limit === 1 ? '' : 's'}`
}
