import { timingSafeEqual } from 'node:crypto'

/** Whether two tags are equal, in constant time. What came from the store may be of any length, or no bytes at all: then no. */
export function sameBytes(computed: Uint8Array, stored: unknown): boolean {
  return stored instanceof Uint8Array && stored.byteLength === computed.byteLength && timingSafeEqual(computed, stored)
}
