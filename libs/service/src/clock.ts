import { randomBytes } from 'node:crypto'

/** Time as the product sees it; built in `main.ts` and handed down, so that a test can be its own clock. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. Leases and expiries compare it. */
  now(): number
  /** Never goes back; for deadlines inside one process. Milliseconds. */
  monotonicMs(): number
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Chance as the product sees it. */
export interface Random {
  bytes(count: number): Uint8Array
  /** Uniform in [0, 1). */
  fraction(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      const stop = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
    })
  },
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
}
