import { secretBuffer, secretConcat } from '@credence/secret'

/** A value as it is written at its place, bytes to bytes: a copy, for the caller to wipe. */
export type Encode = (bytes: Uint8Array) => Buffer

export const asIs: Encode = (bytes) => secretConcat([bytes])

const HEX = Buffer.from('0123456789abcdef')
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** RFC 8259 §7: quote, backslash and control characters. */
export const jsonEscaped: Encode = (bytes) => {
  const sizeOf = (byte: number): number => (byte < 0x20 ? 6 : byte === QUOTE || byte === BACKSLASH ? 2 : 1)
  const escaped = secretBuffer(bytes.reduce((size, byte) => size + sizeOf(byte), 0))
  let at = 0
  for (const byte of bytes) {
    if (byte < 0x20) {
      at += escaped.write('\\u00', at, 'latin1')
      escaped[at++] = HEX[byte >> 4]!
      escaped[at++] = HEX[byte & 15]!
      continue
    }
    if (byte === QUOTE || byte === BACKSLASH) escaped[at++] = BACKSLASH
    escaped[at++] = byte
  }
  return escaped
}

const XML_NAMES: ReadonlyMap<number, string> = new Map([
  [0x26, '&amp;'],
  [0x3c, '&lt;'],
  [0x3e, '&gt;'],
  [0x22, '&quot;'],
  [0x27, '&apos;'],
])

/** XML 1.0 §4.6, for text and for attributes. */
export const xmlEscaped: Encode = (bytes) => {
  const escaped = secretBuffer(bytes.reduce((size, byte) => size + (XML_NAMES.get(byte)?.length ?? 1), 0))
  let at = 0
  for (const byte of bytes) {
    const name = XML_NAMES.get(byte)
    if (name === undefined) escaped[at++] = byte
    else at += escaped.write(name, at, 'latin1')
  }
  return escaped
}
