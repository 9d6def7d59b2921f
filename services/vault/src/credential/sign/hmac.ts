import { hash } from 'node:crypto'
import type { HashName as DeclaredHash } from '@credence/provider'
import { secretBuffer, secretConcat, wipe } from '@credence/secret'

/** The one more that no payload names by itself is of JSON Web Signatures. */
type HashName = DeclaredHash | 'sha384'

/** Bytes that the hash takes in at once (FIPS 180-4 §1). */
const BLOCK_BYTES: Readonly<Record<HashName, number>> = { sha1: 64, sha256: 64, sha384: 128, sha512: 128 }

/**
 * RFC 2104 over the parts, one behind the other. `createHmac` would keep the key in an object until the collector comes by;
 * here each byte that knows it is wiped before the answer.
 */
export function hmac(name: HashName, key: Uint8Array, parts: readonly Uint8Array[]): Buffer {
  const block = secretBuffer(BLOCK_BYTES[name])
  const short = key.byteLength <= block.byteLength ? undefined : digestOf(name, key)
  block.set(short ?? key)
  const inside = secretConcat([xored(block, 0x36), ...parts])
  const inner = digestOf(name, inside)
  const outside = secretConcat([xored(block, 0x36 ^ 0x5c), inner])
  const outer = digestOf(name, outside)
  wipe(block, short, inside, inner, outside)
  return outer
}

/** In place: the same block serves for both passes. */
function xored(block: Buffer, pad: number): Buffer {
  block.forEach((byte, i) => {
    block[i] = byte ^ pad
  })
  return block
}

/** One call, whose state is gone when it returns. */
export function digestOf(name: HashName, bytes: Uint8Array): Buffer {
  return hash(name, bytes, 'buffer')
}
