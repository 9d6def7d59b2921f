import { pauseAfter } from '../pause.ts'
import type { BusLog, BusLogOptions } from './bus-log.ts'
import type { Entry } from './entry.ts'

export interface FollowOptions extends Pick<BusLogOptions, 'clock' | 'random' | 'log'> {
  readonly signal: AbortSignal
}

/** The entries after a position, then those to come, until the signal aborts. A store that fails is told of and asked again. */
export async function* follow(stream: BusLog, position: number, options: FollowOptions): AsyncGenerator<Entry, void, undefined> {
  const { clock, random, log, signal } = options
  for (let failures = 0; !signal.aborted; ) {
    try {
      await stream.change(position, signal)
      const { entries, upTo } = await stream.after(position)
      failures = 0
      for (const entry of entries) {
        if (signal.aborted) return
        yield entry
      }
      position = upTo
    } catch (error) {
      log.failure('bus.read_failed', error, { attempt: ++failures })
      await clock.sleep(pauseAfter(failures, random), signal).catch(() => undefined)
    }
  }
}
