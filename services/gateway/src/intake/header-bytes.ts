// What can be said of the bytes of a header's value without making a text of them.

const TAB = 0x09
const SPACE = 0x20

/** CR, LF and NUL would end the header (RFC 9110 §5.5), and the vault seals no other control character either. */
export function isControl(byte: number): boolean {
  return byte < SPACE || byte === 0x7f
}

/** Without the blanks at its ends, which are no part of a header's value (RFC 9110 §5.5). */
export function withoutEnds(value: Uint8Array): Uint8Array {
  let [from, to] = [0, value.length]
  while (from < to && isBlank(value[from])) from++
  while (to > from && isBlank(value[to - 1])) to--
  return value.subarray(from, to)
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

/**
 * Whether a value begins with the prefix that is going to be put before it, in whatever case and with whatever white space. A
 * prefix that ends in a letter or digit is a word of its own: `Bearer abc` and `Bearer` repeat it, `Bearerabc` does not.
 */
export function repeatsPrefix(value: Uint8Array, prefix: string): boolean {
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

/** Whether a value ends with what is going to be put behind it, letter by letter. A suffix of blanks says nothing. */
export function repeatsSuffix(value: Uint8Array, suffix: string): boolean {
  const bytes = Buffer.from(suffix.trimEnd())
  return bytes.length > 0 && value.length >= bytes.length && bytes.equals(value.subarray(value.length - bytes.length))
}

function lower(byte: number | undefined): number | undefined {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/** Where the white space ends that begins at `from`: all that Unicode calls so, the zero-width space and the byte order mark. */
export function skipSpace(value: Uint8Array, from: number): number {
  let at = from
  for (let length = spaceAt(value, at); length > 0; length = spaceAt(value, at)) at += length
  return at
}

/** The bytes of the white space at this place, in UTF-8; 0 where there is none. */
function spaceAt(value: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0] = [value[at], value[at + 1], value[at + 2]]
  if (a === SPACE || (a >= TAB && a <= 0x0d)) return 1
  if (a === 0xc2) return b === 0x85 || b === 0xa0 ? 2 : 0
  return a >= 0xe1 && WIDE_SPACES.has((a << 16) | (b << 8) | c) ? 3 : 0
}

const WIDE_SPACES: ReadonlySet<number> = new Set(
  [...'\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff'].map((space) =>
    Buffer.from(space).readUIntBE(0, 3),
  ),
)
