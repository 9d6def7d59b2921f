import type { Clock, Logger } from '@credence/service'

export interface Round {
  readonly everyMs: number
  readonly work: (signal: AbortSignal) => Promise<unknown>
}

export interface RoundsOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly rounds: Readonly<Record<string, Round>>
}

const FIRST_RETRY_MS = 500

/** Does each work at once and then again and again. One that fails is told, and tried again sooner than its next turn. */
export function startRounds({ clock, log, rounds }: RoundsOptions): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const go = async (name: string, { everyMs, work }: Round): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await work(signal)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        failures++
        log.failure('round.failed', error, { outcome: name, attempt: failures })
      }
      const waitMs = failures === 0 ? everyMs : Math.min(everyMs, FIRST_RETRY_MS * 2 ** failures)
      await clock.sleep(waitMs, signal).catch(() => undefined)
    }
  }
  const running = Promise.all(Object.entries(rounds).map(([name, round]) => go(name, round)))
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
