import { CodedError } from '@credence/errors'
import { Secret } from '@credence/secret'
import { ByteSink, hexDigit } from './text-bytes.ts'

/** Names that begin so carry field values; all others are plain. */
export const FIELD_PREFIX = 'field.'

const MAX_PAIRS = 200
const [AMPERSAND, EQUALS, PLUS, PERCENT, SPACE] = [0x26, 0x3d, 0x2b, 0x25, 0x20]

export interface FormBytes {
  /** Values of `field.…` by the name after the prefix; the last one counts. */
  readonly fields: Map<string, Secret>
  /** All other inputs: `csrf`, `scope`, `pattern`. */
  readonly plain: Map<string, string[]>
}

/**
 * Reads `application/x-www-form-urlencoded` (URL Standard §5.1) from bytes: a field's value never becomes a string.
 * Throws INVALID_REQUEST for broken percent-encoding, text that is not UTF-8, and too many pairs.
 */
export function parseForm(body: Uint8Array): FormBytes {
  const fields = new Map<string, Secret>()
  const plain = new Map<string, string[]>()
  let pairs = 0
  try {
    for (let start = 0; start < body.length; ) {
      let end = body.indexOf(AMPERSAND, start)
      if (end < 0) end = body.length
      if (end > start) {
        if (++pairs > MAX_PAIRS) throw malformed()
        readPair(body.subarray(start, end), { fields, plain })
      }
      start = end + 1
    }
    return { fields, plain }
  } catch (error) {
    for (const secret of fields.values()) secret.wipe()
    throw error
  }
}

function readPair(pair: Uint8Array, { fields, plain }: FormBytes): void {
  const equals = pair.indexOf(EQUALS)
  const name = decode(equals < 0 ? pair : pair.subarray(0, equals)).toString('utf8')
  const value = decode(equals < 0 ? new Uint8Array() : pair.subarray(equals + 1))
  if (!name.startsWith(FIELD_PREFIX)) {
    plain.set(name, [...(plain.get(name) ?? []), value.toString('utf8')])
    return
  }
  const field = name.slice(FIELD_PREFIX.length)
  fields.get(field)?.wipe()
  fields.set(field, new Secret(value))
}

function decode(bytes: Uint8Array): Buffer {
  const sink = new ByteSink(bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === PERCENT) {
      const [high, low] = [hexDigit(bytes[i + 1]), hexDigit(bytes[i + 2])]
      if (high < 0 || low < 0) {
        sink.wipe()
        throw malformed()
      }
      sink.push((high << 4) | low)
      i += 2
    } else sink.push(byte === PLUS ? SPACE : byte)
  }
  const text = sink.take()
  if (text === undefined) throw malformed()
  return text
}

function malformed(): CodedError {
  const faults = [{ pointer: '', code: 'INVALID_FORM', detail: 'Send the form as application/x-www-form-urlencoded in UTF-8.' }]
  return new CodedError('INVALID_REQUEST', undefined, { faults })
}
