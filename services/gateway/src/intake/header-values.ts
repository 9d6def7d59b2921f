import type { HeaderInput } from '@credence/proto/mint'
import type { Secret } from '@credence/secret'
import { decodeBase64 } from './base64-bytes.ts'

/** A header as a backend sends it: the raw value, without the configured prefix. */
export interface HeaderValue {
  readonly name: string
  readonly value: Secret
}

/** The values by field, or every reason why not, in words that name headers and never repeat a value. */
export interface FilledHeaders {
  readonly secret: Record<string, Buffer>
  readonly plain: Record<string, string>
  readonly problems: readonly string[]
}

/** Puts each value into the field that its header carries. Every configured header is needed. */
export function fillHeaders(inputs: readonly HeaderInput[], given: readonly HeaderValue[]): FilledHeaders {
  const filled: FilledHeaders & { problems: string[] } = { secret: {}, plain: {}, problems: [] }
  const values = new Map<string, HeaderValue>()
  for (const header of given) {
    const name = header.name.toLowerCase()
    if (!inputs.some((input) => input.header.toLowerCase() === name))
      filled.problems.push(`Header "${shown(header.name)}" is not configured for this server`)
    else if (values.has(name)) filled.problems.push(`Header "${shown(header.name)}" is given more than once`)
    else values.set(name, header)
  }
  const missing: string[] = []
  for (const input of inputs) {
    const value = values.get(input.header.toLowerCase())?.value.reveal()
    if (value === undefined || value.every(isBlank)) missing.push(input.header)
    else fill(input, value, filled)
  }
  if (missing.length > 0) filled.problems.push(`Missing required header value(s): ${missing.join(', ')}`)
  return filled
}

function fill(input: HeaderInput, value: Uint8Array, filled: FilledHeaders & { problems: string[] }): void {
  const { header, prefix, field, form, plain } = input
  if (repeatsPrefix(value, prefix)) {
    filled.problems.push(`Header value for "${header}" already includes the configured prefix "${prefix.trim()}"; send the raw value`)
  } else if (value.some(isControl)) {
    filled.problems.push(`Header value for "${header}" holds a line break or control character`)
  } else if (form === 'basic_pair') {
    const pair = decodeBase64(value)
    const colon = pair?.indexOf(COLON) ?? -1
    if (pair === undefined || colon < 0) {
      filled.problems.push(`Header value for "${header}" is not the base64 form of user:password`)
      return
    }
    filled.secret[field] = pair.subarray(0, colon)
    if (colon + 1 < pair.length) filled.secret.password = pair.subarray(colon + 1)
  } else if (plain) {
    filled.plain[field] = Buffer.from(value).toString('utf8').trim()
  } else filled.secret[field] = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

const COLON = 0x3a
const TAB = 0x09

/** CR, LF and NUL would end the header (RFC 9110 §5.5), and the vault seals no other control character either. */
function isControl(byte: number): boolean {
  return byte < 0x20 || byte === 0x7f
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === TAB
}

/**
 * Whether a value begins with the prefix that is going to be put before it, in whatever case and with whatever white space. A
 * prefix that ends in a letter or digit is a word of its own: `Bearer abc` and `Bearer` repeat it, `Bearerabc` does not.
 */
function repeatsPrefix(value: Uint8Array, prefix: string): boolean {
  const words = prefix.trim()
  if (words === '') return false
  let at = skipSpace(value, 0)
  for (const character of words) {
    if (character === ' ') {
      const next = skipSpace(value, at)
      if (next === at) return false
      at = next
    } else if (lower(value[at++]) !== lower(character.charCodeAt(0))) return false
  }
  return !/[A-Za-z0-9]$/.test(words) || at === value.length || skipSpace(value, at) > at
}

function lower(byte: number | undefined): number | undefined {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/** White space of ASCII, and in UTF-8 the no-break space, those from U+2000 to U+200B, U+202F and the ideographic one. */
function skipSpace(value: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const [a, b, c] = [value[at], value[at + 1], value[at + 2]]
    if (a === 0x20 || (a !== undefined && a >= TAB && a <= 0x0d)) at++
    else if (a === 0xc2 && b === 0xa0) at += 2
    else if (a === 0xe2 && b === 0x80 && c !== undefined && ((c >= 0x80 && c <= 0x8b) || c === 0xaf)) at += 3
    else if (a === 0xe3 && b === 0x80 && c === 0x80) at += 3
    else return at
  }
}

/** Names of headers come from outside: what cannot stand in one is not repeated. */
function shown(name: string): string {
  return name.replace(/[^!#$%&'*+.^_`|~0-9A-Za-z-]/g, '?').slice(0, 128)
}
