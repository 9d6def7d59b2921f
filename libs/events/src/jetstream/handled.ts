const KEPT = 10_000

/** The ids of the facts that a subscriber handled last: repeats, by whomever they come, are known by them. */
export class Handled {
  /** A set keeps the order of insertion: its first member is the oldest. */
  readonly #ids = new Set<string>()

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  add(id: string): void {
    this.#ids.add(id)
    if (this.#ids.size <= KEPT) return
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest)
      return
    }
  }
}
