import type { Clock } from '@credence/service'

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  readonly #sleepers = new Set<Sleeper>()

  constructor(startMs: number = Date.parse('2026-01-01T00:00:00Z')) {
    this.#wallMs = startMs
  }

  now(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** How many sleeps are under way: what a test waits for before it moves the clock. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** How many of them wake in exactly so long from now: tells the one that a test waits for from what else comes and goes. */
  sleepingFor(ms: number): number {
    return [...this.#sleepers].filter(({ due }) => due === this.#monotonicMs + ms).length
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = {
        due: this.#monotonicMs + ms,
        wake: () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        },
      }
      const stop = (): void => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
      this.#sleepers.add(sleeper)
    })
  }

  /**
   * Moves both clocks by `ms` and wakes the sleepers on the way, the earliest first, each at its own time. What a woken
   * sleeper starts runs before the next one is woken, so a loop that sleeps again within the span is woken again.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#moveTo(Math.max(next.due, this.#monotonicMs))
      this.#sleepers.delete(next)
      next.wake()
      await settle()
    }
    this.#moveTo(end)
    await settle()
  }

  /** Moves the wall clock alone, as an operator or a time server does; deadlines must not follow. */
  jumpWall(ms: number): void {
    this.#wallMs += ms
  }

  #nextUntil(end: number): Sleeper | undefined {
    let first: Sleeper | undefined
    for (const sleeper of this.#sleepers) {
      if (sleeper.due <= end && (first === undefined || sleeper.due < first.due)) first = sleeper
    }
    return first
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}

/** Lets promise chains run to where they wait for a timer or a socket. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
