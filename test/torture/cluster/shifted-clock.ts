import type { Clock } from '@credence/service'

interface Sleeper {
  readonly due: number
  readonly wake: () => void
  timer: NodeJS.Timeout
}

/** The system's time, which a scenario moves ahead: an hour passes at once for all that sleep on it, and nothing stands still. */
export class ShiftedClock implements Clock {
  #shift = 0
  readonly #sleepers = new Set<Sleeper>()

  now(): number {
    return Date.now() + this.#shift
  }

  monotonicMs(): number {
    return performance.now() + this.#shift
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const end = (settle: () => void) => (): void => {
        clearTimeout(sleeper.timer)
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', stop)
        settle()
      }
      const wake = end(resolve)
      const stop = end(() => reject(signal?.reason))
      const sleeper: Sleeper = { due: this.monotonicMs() + ms, wake, timer: setTimeout(wake, ms) }
      signal?.addEventListener('abort', stop, { once: true })
      this.#sleepers.add(sleeper)
    })
  }

  /** Moves both clocks ahead and wakes whoever would have woken meanwhile; the others sleep for what is left. */
  shift(ms: number): void {
    this.#shift += ms
    for (const sleeper of [...this.#sleepers]) {
      clearTimeout(sleeper.timer)
      const left = sleeper.due - this.monotonicMs()
      if (left <= 0) sleeper.wake()
      else sleeper.timer = setTimeout(sleeper.wake, left)
    }
  }
}
