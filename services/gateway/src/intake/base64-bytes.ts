import { secretBuffer } from '@credence/secret'

const PADDING = 0x3d

/** Base64 of RFC 4648 §4 or §5, with or without padding, from bytes to bytes; undefined when it is none. */
export function decodeBase64(text: Uint8Array): Buffer | undefined {
  let end = text.length
  while (end > 0 && text[end - 1] === PADDING && text.length - end < 2) end--
  if (end % 4 === 1) return undefined
  const bytes = secretBuffer(Math.floor((end * 3) / 4))
  let [bits, held, to] = [0, 0, 0]
  for (let i = 0; i < end; i++) {
    const digit = digitOf(text[i]!)
    if (digit < 0) {
      bytes.fill(0)
      return undefined
    }
    held = ((held << 6) | digit) & 0xfff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[to++] = (held >> bits) & 0xff
  }
  return bytes
}

function digitOf(byte: number): number {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x47
  if (byte >= 0x30 && byte <= 0x39) return byte + 4
  if (byte === 0x2b || byte === 0x2d) return 62
  return byte === 0x2f || byte === 0x5f ? 63 : -1
}
