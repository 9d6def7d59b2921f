import type { Clock } from '@credence/service'

/** Something that ends by itself at a time that may move on. Times are `clock.monotonicMs()`. */
export interface Expiring {
  /** Asked again at each wake. It may have moved on by itself; when it moves back, `consider` is called. */
  dueAt(): number
  expire(): void
}

/**
 * One sleep for all that run, until the earliest is due: a call costs no timer of its own. What has arrived by then counts:
 * a process that stood still finds its timers due before it has read what came meanwhile, and that may be an answer which
 * exists nowhere else.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #running: () => readonly Expiring[]
  #wakeAt = Number.POSITIVE_INFINITY
  #sleeping = new AbortController()
  #stopped = false

  /** `running` gives everything that may expire. */
  constructor(clock: Clock, running: () => readonly Expiring[]) {
    this.#clock = clock
    this.#running = running
  }

  /** To be called for what has begun to run, and for what is due earlier than it was. */
  consider(item: Expiring): void {
    const dueAt = item.dueAt()
    if (dueAt < this.#wakeAt) this.#sleepUntil(dueAt)
  }

  /** Wakes no more. */
  stop(): void {
    this.#stopped = true
    this.#sleeping.abort()
  }

  #sleepUntil(wakeAt: number): void {
    this.#sleeping.abort()
    this.#wakeAt = wakeAt
    if (wakeAt === Number.POSITIVE_INFINITY || this.#stopped) return
    this.#sleeping = new AbortController()
    const { signal } = this.#sleeping
    const waitMs = Math.max(1, Math.ceil(wakeAt - this.#clock.monotonicMs()))
    this.#clock.sleep(waitMs, signal).then(
      // Sockets are read between timers and immediates.
      () => setImmediate(() => this.#wake(signal)),
      () => undefined,
    )
  }

  #wake(signal: AbortSignal): void {
    if (signal.aborted) return
    const now = this.#clock.monotonicMs()
    let next = Number.POSITIVE_INFINITY
    for (const item of this.#running()) {
      const dueAt = item.dueAt()
      if (dueAt <= now) item.expire()
      else next = Math.min(next, dueAt)
    }
    this.#sleepUntil(next)
  }
}
