import { expect, test } from 'vitest'
import { decodeBytes, encodeBytes } from './encode-bytes.ts'

test('[S0-10] bytes become the letters of RFC 4648, and are read from them again', () => {
  for (let size = 0; size < 66; size++) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 37 + 251) & 0xff))
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      const text = encodeBytes(bytes, encoding)
      expect(text.toString('latin1')).toBe(bytes.toString(encoding))
      expect(decodeBytes(text, encoding === 'hex' ? 'hex' : 'base64')).toEqual(bytes)
    }
  }
})
