/**
 * Work that begins in ascending order of its position and ends in any: says up to where all of it is done. Holds only
 * what is not done, however much is done after it.
 */
export class Order {
  /** A set keeps the order of insertion: its first member is the lowest. */
  readonly #open = new Set<number>()
  #last: number

  /** All up to `settled` counts as done. */
  constructor(settled: number) {
    this.#last = settled
  }

  begin(position: number): void {
    if (position <= this.#last) throw new TypeError('positions begin in ascending order')
    this.#last = position
    this.#open.add(position)
  }

  done(position: number): void {
    this.#open.delete(position)
  }

  /** The highest position up to which everything that began is done. */
  get settled(): number {
    for (const lowest of this.#open) return lowest - 1
    return this.#last
  }
}
