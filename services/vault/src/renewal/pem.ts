import { secretBuffer } from '@credence/secret'
import { base64 } from '../credential/encode-bytes.ts'

type KeyType = 'pkcs8' | 'pkcs1' | 'sec1'

const LABELS: Readonly<Record<string, KeyType>> = { 'PRIVATE KEY': 'pkcs8', 'RSA PRIVATE KEY': 'pkcs1', 'EC PRIVATE KEY': 'sec1' }

/**
 * The DER of a private key in PEM (RFC 7468), bytes to bytes. Line breaks may be missing, since a form's input drops them, or
 * written as `\n`, as files of service accounts have them. Undefined when it is none.
 */
export function privateKeyDer(pem: Uint8Array): { readonly der: Buffer; readonly type: KeyType } | undefined {
  const bytes = Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength)
  for (const [label, type] of Object.entries(LABELS)) {
    const begin = `-----BEGIN ${label}-----`
    const start = bytes.indexOf(begin)
    const end = bytes.indexOf(`-----END ${label}-----`)
    if (start < 0 || end < start) continue
    const der = base64Decoded(bytes.subarray(start + begin.length, end))
    return der === undefined ? undefined : { der, type }
  }
  return undefined
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES: ReadonlyMap<number, number> = new Map([...Buffer.from(ALPHABET)].map((byte, value) => [byte, value]))
const BACKSLASH = 0x5c
const PADDING = 0x3d

/** Passes over white space, `\n` and `\r`. Undefined for any other character. */
function base64Decoded(text: Uint8Array): Buffer | undefined {
  const out = secretBuffer(Math.floor((text.byteLength * 3) / 4))
  let written = 0
  let bits = 0
  let held = 0
  for (let at = 0; at < text.byteLength; at++) {
    const byte = text[at]!
    if (byte === BACKSLASH) at++
    if (byte <= 0x20 || byte === BACKSLASH || byte === PADDING) continue
    const value = VALUES.get(byte)
    if (value === undefined) return undefined
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    out[written++] = (held >> bits) & 0xff
  }
  return out.subarray(0, written)
}

/** RFC 4648 §5 without padding. Wipes what it is given. */
export function base64Url(bytes: Buffer): Buffer {
  const encoded = base64(bytes)
  bytes.fill(0)
  let end = encoded.byteLength
  while (encoded[end - 1] === PADDING) end--
  for (let i = 0; i < end; i++) {
    if (encoded[i] === 0x2b) encoded[i] = 0x2d
    else if (encoded[i] === 0x2f) encoded[i] = 0x5f
  }
  return encoded.subarray(0, end)
}
