/** Holds any usual head; larger ones get memory for once. */
const SLAB_BYTES = 4096
/** More requests than this seldom begin in one turn of the loop. */
const MAX_KEPT = 64

/**
 * Memory for heads with secrets in them: never a slice of the runtime's shared pool (`Buffer.alloc` takes none), and
 * used again, since memory outside the heap is what the garbage collector is slowest with.
 */
export class Slabs {
  readonly #kept: Buffer[] = []

  take(bytes: number): Buffer {
    if (bytes > SLAB_BYTES) return Buffer.alloc(bytes)
    return this.#kept.pop() ?? Buffer.alloc(SLAB_BYTES)
  }

  /** Zeroes the first `used` bytes, which are all that was written to. */
  give(slab: Buffer, used: number): void {
    slab.fill(0, 0, used)
    if (slab.length === SLAB_BYTES && this.#kept.length < MAX_KEPT) this.#kept.push(slab)
  }
}
