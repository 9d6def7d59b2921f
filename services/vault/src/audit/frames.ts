import { crc32 } from 'node:zlib'

/**
 * Append-only files of the vault's volume (audit, spill) are a sequence of frames:
 *
 *     u32 payload length | u32 CRC-32 of the payload | payload
 *
 * A torn last frame was never acknowledged: reading stops before it, and the file is cut there.
 */
const HEADER_BYTES = 8

export function frame(payload: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER_BYTES + payload.byteLength)
  framed.writeUInt32BE(payload.byteLength, 0)
  framed.writeUInt32BE(crc32(payload), 4)
  framed.set(payload, HEADER_BYTES)
  return framed
}

/** The whole frames of `bytes`, and where the first torn one begins. */
export function readFrames(bytes: Buffer): { payloads: Buffer[]; end: number } {
  const payloads: Buffer[] = []
  let at = 0
  while (at + HEADER_BYTES <= bytes.byteLength) {
    const end = at + HEADER_BYTES + bytes.readUInt32BE(at)
    if (end > bytes.byteLength) break
    const payload = bytes.subarray(at + HEADER_BYTES, end)
    if (crc32(payload) !== bytes.readUInt32BE(at + 4)) break
    payloads.push(payload)
    at = end
  }
  return { payloads, end: at }
}
