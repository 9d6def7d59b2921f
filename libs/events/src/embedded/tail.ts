import type { Entry } from './entry.ts'

const KEPT = 1_000

/** The newest entries in memory: whoever keeps up with the stream never asks the store. */
export class Tail {
  /** Decided, but above a position that is not: not shown yet. */
  readonly #hidden = new Map<number, Entry | undefined>()
  #shown: Entry[] = []
  /** All entries after this position, up to the last shown, are here. */
  #from: number
  #to: number

  constructor(position: number) {
    this.#from = position
    this.#to = position
  }

  /** Every position is put once; one whose fact was in the log before has no entry. */
  put(position: number, entry: Entry | undefined): void {
    this.#hidden.set(position, entry)
  }

  /** Shows what was put up to `head`; true when that was something. */
  show(head: number): boolean {
    const before = this.#to
    while (this.#to < head) {
      const entry = this.#hidden.get(++this.#to)
      this.#hidden.delete(this.#to)
      if (entry !== undefined) this.#shown.push(entry)
    }
    // Twice the size before it is cut, so that the cut is rare.
    if (this.#shown.length > 2 * KEPT) {
      const dropped = this.#shown.length - KEPT
      this.#from = this.#shown[dropped - 1]!.position
      this.#shown = this.#shown.slice(dropped)
    }
    return this.#to > before
  }

  /** The next entries after a position, or undefined when that is further back than is held here. */
  after(position: number, limit: number): readonly Entry[] | undefined {
    if (position < this.#from) return undefined
    let first = this.#shown.length
    while (first > 0 && this.#shown[first - 1]!.position > position) first--
    return this.#shown.slice(first, first + limit)
  }
}
