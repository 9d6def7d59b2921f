import type { Clock } from '@credence/service'

/** Lets loops sleep until there is something to do; the time limit of each sleep is the safety net for a lost call. */
export class Wakeup {
  readonly #clock: Clock
  readonly #sleeping = new Set<AbortController>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wake(): void {
    for (const sleeper of this.#sleeping) sleeper.abort()
  }

  /** Resolves at `wake`, after `ms`, or when the signal aborts. Registers at once: a `wake` right after the call is not lost. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const sleeper = new AbortController()
    const stop = (): void => sleeper.abort()
    this.#sleeping.add(sleeper)
    signal.addEventListener('abort', stop, { once: true })
    await this.#clock.sleep(ms, sleeper.signal).catch(() => undefined)
    signal.removeEventListener('abort', stop)
    this.#sleeping.delete(sleeper)
  }
}
