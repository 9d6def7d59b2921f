import { secretBuffer, secretConcat } from '@credence/secret'
import { percentEncoded } from '../encode-bytes.ts'
import type { RequestDraft } from './request-draft.ts'

/**
 * The path as AWS compares it. `double` encodes the path of the request line once more, after doubled slashes are folded;
 * `single` (object stores) takes it as it is, each character encoded once.
 */
export function canonicalPath(path: string, encoding: 'double' | 'single'): string {
  const segments = (encoding === 'double' ? path.replaceAll(/\/{2,}/g, '/') : path).split('/')
  const bytesOf = (segment: string): Buffer =>
    encoding === 'double' ? Buffer.from(segment) : unescaped(Buffer.from(segment), { plus: false })
  return segments.map((segment) => percentEncoded(bytesOf(segment)).toString('latin1')).join('/')
}

const AMPERSAND = 0x26
const EQUALS = 0x3d
const PLUS = 0x2b
const PERCENT = 0x25

/** Parameters encoded anew and sorted by their bytes. A signature in the query may stand beside a key there: bytes to bytes. */
export function canonicalQuery(query: Buffer): Buffer {
  const pairs = pieces(query, AMPERSAND)
    .filter((pair) => pair.byteLength > 0)
    .map((pair) => {
      const at = pair.indexOf(EQUALS)
      const [name, value] = at < 0 ? [pair, secretBuffer(0)] : [pair.subarray(0, at), pair.subarray(at + 1)]
      return { name: percentEncoded(unescaped(name, { plus: true })), value: percentEncoded(unescaped(value, { plus: true })) }
    })
    .sort((a, b) => Buffer.compare(a.name, b.name) || Buffer.compare(a.value, b.value))
  const parts = pairs.flatMap(({ name, value }, i) => [Buffer.from(i === 0 ? '' : '&'), name, Buffer.from('='), value])
  const whole = secretConcat(parts)
  for (const part of parts) part.fill(0)
  return whole
}

/** One line per header, its values trimmed, blanks folded to one, lines of one name joined by commas. */
export function canonicalHeaders(draft: RequestDraft, names: readonly string[]): Buffer {
  return secretConcat(
    names.flatMap((name) => {
      const values = draft.headerValues(name).map((value) => draft.scratch(folded(value)))
      return [Buffer.from(`${name}:`), ...values.flatMap((value, i) => (i === 0 ? [value] : [Buffer.from(','), value])), Buffer.from('\n')]
    }),
  )
}

function folded(value: Buffer): Buffer {
  const kept = secretBuffer(value.byteLength)
  let length = 0
  for (const byte of value) {
    if (byte === 0x20 && kept[length - 1] === 0x20) continue
    kept[length++] = byte
  }
  return kept.subarray(0, length)
}

function pieces(bytes: Buffer, separator: number): Buffer[] {
  const found: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(separator); at >= 0; at = bytes.indexOf(separator, from)) {
    found.push(bytes.subarray(from, at))
    from = at + 1
  }
  return [...found, bytes.subarray(from)]
}

/** RFC 3986 §2.1; in a query a plus is a space, as those who read it take it. */
function unescaped(text: Buffer, { plus }: { plus: boolean }): Buffer {
  const bytes = secretBuffer(text.byteLength)
  let length = 0
  for (let i = 0; i < text.byteLength; i++) {
    const digits = text[i] === PERCENT ? text.toString('latin1', i + 1, i + 3) : ''
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      bytes[length++] = Number.parseInt(digits, 16)
      i += 2
    } else bytes[length++] = plus && text[i] === PLUS ? 0x20 : text[i]!
  }
  return bytes.subarray(0, length)
}
