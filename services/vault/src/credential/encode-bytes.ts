import type { ByteEncoding } from '@credence/provider'
import { secretBuffer } from '@credence/secret'

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PADDING = 0x3d

/** Bytes to bytes: `toString('base64')` would leave the value in a string that nobody can wipe. RFC 4648 §4. */
export function base64(bytes: Uint8Array): Buffer {
  const encoded = secretBuffer(Math.ceil(bytes.byteLength / 3) * 4)
  for (let from = 0, to = 0; from < bytes.byteLength; from += 3, to += 4) {
    const [a, b, c] = [bytes[from]!, bytes[from + 1], bytes[from + 2]]
    encoded[to] = BASE64[a >> 2]!
    encoded[to + 1] = BASE64[((a & 3) << 4) | ((b ?? 0) >> 4)]!
    encoded[to + 2] = b === undefined ? PADDING : BASE64[((b & 15) << 2) | ((c ?? 0) >> 6)]!
    encoded[to + 3] = c === undefined ? PADDING : BASE64[c & 63]!
  }
  return encoded
}

const UPPER_HEX = Buffer.from('0123456789ABCDEF')
const UNRESERVED = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'))

/** RFC 3986 §2.1, bytes to bytes. */
export function percentEncoded(bytes: Uint8Array): Buffer {
  const encoded = secretBuffer(bytes.reduce((size, byte) => size + (UNRESERVED.has(byte) ? 1 : 3), 0))
  let at = 0
  for (const byte of bytes) {
    if (UNRESERVED.has(byte)) encoded[at++] = byte
    else {
      encoded[at++] = 0x25
      encoded[at++] = UPPER_HEX[byte >> 4]!
      encoded[at++] = UPPER_HEX[byte & 15]!
    }
  }
  return encoded
}

/** Bytes as text, in bytes: `toString` would leave the value in a string that nobody can wipe. */
export function encodeBytes(bytes: Uint8Array, encoding: ByteEncoding): Buffer {
  if (encoding === 'hex') return hex(bytes)
  const padded = base64(bytes)
  return encoding === 'base64' ? padded : urlSafe(padded)
}

const LOWER_HEX = Buffer.from('0123456789abcdef')

function hex(bytes: Uint8Array): Buffer {
  const encoded = secretBuffer(bytes.byteLength * 2)
  bytes.forEach((byte, i) => {
    encoded[2 * i] = LOWER_HEX[byte >> 4]!
    encoded[2 * i + 1] = LOWER_HEX[byte & 15]!
  })
  return encoded
}

/** RFC 4648 §5, without padding. In place. */
function urlSafe(padded: Buffer): Buffer {
  padded.forEach((byte, i) => {
    if (byte === 0x2b) padded[i] = 0x2d
    else if (byte === 0x2f) padded[i] = 0x5f
  })
  const end = padded.indexOf(PADDING)
  return end < 0 ? padded : padded.subarray(0, end)
}

/** What `encodeBytes` wrote, or base64 of either alphabet with or without padding; undefined for anything else. */
export function decodeBytes(text: Uint8Array, encoding: 'hex' | 'base64'): Buffer | undefined {
  return encoding === 'hex' ? decodeHex(text) : decodeBase64(text)
}

function decodeHex(text: Uint8Array): Buffer | undefined {
  if (text.byteLength % 2 === 1) return undefined
  const bytes = secretBuffer(text.byteLength / 2)
  for (let i = 0; i < bytes.byteLength; i++) {
    const [high, low] = [hexDigit(text[2 * i]!), hexDigit(text[2 * i + 1]!)]
    if (high < 0 || low < 0) return undefined
    bytes[i] = (high << 4) | low
  }
  return bytes
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function decodeBase64(text: Uint8Array): Buffer | undefined {
  let length = text.byteLength
  while (length > 0 && text[length - 1] === PADDING) length--
  if (length % 4 === 1) return undefined
  const bytes = secretBuffer(Math.floor((length * 3) / 4))
  for (let i = 0, held = 0, bits = 0, at = 0; i < length; i++) {
    const digit = base64Digit(text[i]!)
    if (digit < 0) return undefined
    held = ((held << 6) | digit) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = (held >> bits) & 0xff
  }
  return bytes
}

function base64Digit(byte: number): number {
  if (byte === 0x2d) return 62
  if (byte === 0x5f) return 63
  return BASE64.indexOf(byte)
}
