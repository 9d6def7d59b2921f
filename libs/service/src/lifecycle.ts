import type { Logger } from './logger.ts'

export interface Running {
  /** Refuses new work, finishes what is under way, closes everything. */
  stop(): Promise<void>
}

export interface RunOptions {
  readonly logger?: Logger
  /** How long a stop may take before the process leaves with 1; default 20 s, which is one token request. */
  readonly drainMs?: number
}

const DRAIN_MS = 20_000
const EXIT_INTERRUPTED = 130

/**
 * Starts, waits for SIGINT or SIGTERM, and stops once. A second signal leaves at once with 130. Resolves when the stop is
 * complete; a failure of `start` is the caller's to tell. A signal during the start is served as soon as it is over.
 */
export async function runUntilSignal(start: () => Promise<Running>, options: RunOptions = {}): Promise<void> {
  const signalled = firstSignal()
  try {
    const running = await start()
    const signal = await signalled.promise
    options.logger?.info('service.stopping', { signal })
    await withinDrain(running.stop(), options)
    options.logger?.info('service.stopped', { signal })
  } finally {
    signalled.forget()
  }
}

function firstSignal(): { promise: Promise<string>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<string>()
  let received = 0
  const onSignal = (signal: string): void => {
    received++
    if (received > 1) process.exit(EXIT_INTERRUPTED)
    resolve(signal)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return { promise, forget: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal) }
}

/** A stop that hangs must not outlive the patience of whoever sent the signal. */
async function withinDrain(stopping: Promise<void>, options: RunOptions): Promise<void> {
  const deadline = setTimeout(() => {
    options.logger?.error('service.drain_overrun', { duration_ms: options.drainMs ?? DRAIN_MS })
    process.exit(1)
  }, options.drainMs ?? DRAIN_MS)
  try {
    await stopping
  } finally {
    clearTimeout(deadline)
  }
}
