/**
 * A bag whose places are used again. A `Set` would do but for the garbage collector: each time it outgrows its table, the
 * dead table keeps pointing at the next one, and with thousands of calls a second such chains keep every call in memory
 * until a full collection.
 */
export class Slots<T> {
  readonly #items: (T | undefined)[] = []
  readonly #free: number[] = []

  /** The place of the item. */
  add(item: T): number {
    const slot = this.#free.pop() ?? this.#items.length
    this.#items[slot] = item
    return slot
  }

  at(slot: number): T | undefined {
    return this.#items[slot]
  }

  remove(slot: number): void {
    if (this.#items[slot] === undefined) return
    this.#items[slot] = undefined
    this.#free.push(slot)
  }

  all(): T[] {
    return this.#items.filter((item) => item !== undefined)
  }
}
