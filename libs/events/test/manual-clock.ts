import type { Clock } from '@credence/service'

interface Sleeper {
  readonly ms: number
  readonly until: number
  readonly wake: () => void
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00Z')
  readonly #sleepers = new Set<Sleeper>()
  readonly #watchers = new Set<() => void>()

  now(): number {
    return this.#now
  }

  monotonicMs(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = (): void => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', stop)
        this.#sleepers.delete(sleeper)
        resolve()
      }
      const sleeper = { ms, until: this.#now + ms, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', stop, { once: true })
      for (const watcher of this.#watchers) watcher()
    })
  }

  advance(ms: number): void {
    this.#now += ms
    for (const sleeper of this.#sleepers) if (sleeper.until <= this.#now) sleeper.wake()
  }

  /** Resolves when something sleeps for a time within these limits. */
  asleep(leastMs: number, mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        for (const { ms } of this.#sleepers) {
          if (ms < leastMs || ms > mostMs) continue
          this.#watchers.delete(look)
          resolve()
        }
      }
      this.#watchers.add(look)
      look()
    })
  }
}
