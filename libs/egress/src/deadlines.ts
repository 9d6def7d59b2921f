import type { Clock } from '@credence/service'

/** Something that ends by itself at a time that may move on. Times are `clock.monotonicMs()`. */
export interface Expiring {
  /** Asked again at each wake. It may have moved on by itself; when it moves back, the item is added again. */
  dueAt(): number
  expire(): void
}

/** One sleep for all that run, until the earliest is due: a call costs no timer of its own. */
export class Deadlines {
  readonly #clock: Clock
  readonly #running = new Set<Expiring>()
  #wakeAt = Number.POSITIVE_INFINITY
  #sleeping = new AbortController()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(item: Expiring): void {
    this.#running.add(item)
    if (item.dueAt() < this.#wakeAt) this.#sleep()
  }

  remove(item: Expiring): void {
    this.#running.delete(item)
  }

  /** Wakes no more. */
  stop(): void {
    this.#running.clear()
    this.#sleeping.abort()
  }

  #sleep(): void {
    this.#sleeping.abort()
    this.#sleeping = new AbortController()
    this.#wakeAt = Math.min(Number.POSITIVE_INFINITY, ...[...this.#running].map((item) => item.dueAt()))
    if (this.#wakeAt === Number.POSITIVE_INFINITY) return
    const { signal } = this.#sleeping
    const waitMs = Math.max(1, Math.ceil(this.#wakeAt - this.#clock.monotonicMs()))
    this.#clock.sleep(waitMs, signal).then(
      () => this.#wake(signal),
      () => undefined,
    )
  }

  #wake(signal: AbortSignal): void {
    if (signal.aborted) return
    const now = this.#clock.monotonicMs()
    for (const item of [...this.#running]) {
      if (item.dueAt() > now) continue
      this.#running.delete(item)
      item.expire()
    }
    this.#sleep()
  }
}
