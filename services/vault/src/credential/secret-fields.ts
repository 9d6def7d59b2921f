import { secretBuffer } from '@credence/secret'

/**
 * The plaintext of a box: secret values by field name, as bytes. Not JSON: a parser would leave the values in strings that
 * nobody can wipe.
 *
 *     repeat: u16 name length | name UTF-8 | u32 value length | value
 */
export type SecretFields = ReadonlyMap<string, Buffer>

export function packFields(fields: ReadonlyMap<string, Uint8Array>): Buffer {
  const parts = [...fields].map(([name, value]) => ({ name: Buffer.from(name), value }))
  const size = parts.reduce((sum, { name, value }) => sum + 6 + name.byteLength + value.byteLength, 0)
  // Slow allocation: a slice of the shared pool would outlive its wiping in nobody's hands.
  const packed = secretBuffer(size)
  let at = 0
  for (const { name, value } of parts) {
    at = packed.writeUInt16BE(name.byteLength, at)
    packed.set(name, at)
    at = packed.writeUInt32BE(value.byteLength, at + name.byteLength)
    packed.set(value, at)
    at += value.byteLength
  }
  return packed
}

/** The values as views into `packed`: wiping `packed` wipes them all. */
export function unpackFields(packed: Buffer): SecretFields {
  const fields = new Map<string, Buffer>()
  let at = 0
  while (at < packed.byteLength) {
    const nameEnd = at + 2 + packed.readUInt16BE(at)
    const name = packed.toString('utf8', at + 2, nameEnd)
    const valueEnd = nameEnd + 4 + packed.readUInt32BE(nameEnd)
    fields.set(name, packed.subarray(nameEnd + 4, valueEnd))
    at = valueEnd
  }
  return fields
}
