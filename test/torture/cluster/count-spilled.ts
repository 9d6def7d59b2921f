import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Length and CRC before each payload. */
const HEADER_BYTES = 8
/** A record that takes another back holds little more than its name; one with an answer holds the answer. */
const MOST_TAKEN_BACK_BYTES = 200

/** How many answers the spill on a vault's volume holds that are not taken back. It is sealed: only lengths can be read. */
export function countSpilled(volume: string): number {
  const folder = join(volume, 'spill')
  return readdirSync(folder)
    .map((name) => openRecords(readFileSync(join(folder, name))))
    .reduce((sum, count) => sum + count, 0)
}

export function openRecords(bytes: Buffer): number {
  let count = 0
  for (let at = 0; at + HEADER_BYTES <= bytes.byteLength; ) {
    const length = bytes.readUInt32BE(at)
    at += HEADER_BYTES + length
    // A torn one at the end was never acknowledged.
    if (at <= bytes.byteLength) count += length > MOST_TAKEN_BACK_BYTES ? 1 : -1
  }
  return count
}
