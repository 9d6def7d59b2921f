/**
 * Zeroed memory of its own, outside of the JavaScript heap, for bytes that will be wiped. `Buffer.from` and `Buffer.alloc`
 * slice a shared pool, and V8 keeps typed arrays of up to 64 bytes in its heap, where the collector moves them and leaves
 * the old copy behind.
 */
export function secretBuffer(byteLength: number): Buffer<ArrayBuffer> {
  return Buffer.from(new ArrayBuffer(byteLength))
}

/** The parts in one such buffer, one behind the other. */
export function secretConcat(parts: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const joined = secretBuffer(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.byteLength
  }
  return joined
}
