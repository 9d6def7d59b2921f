import { isCoded } from '@credence/errors'
import { type BullmqQueue, type BullmqQueueOptions, openBullmqQueue } from './bullmq-queue.ts'
import { MAX_CONCURRENT, type RefreshJob } from './refresh-queue.ts'
import { openTimerQueue } from './timer-queue.ts'

/** How long Redis is left alone after it did not answer: each page of a tick would wait for it anew. */
const LEFT_ALONE_MS = 5_000

/**
 * The queue of the distributed profile, and one in the memory of this replica for as long as Redis does not answer: tokens end
 * whether Redis is there or not. Then each replica wakes up what is due by itself, and so one credential may be handled by
 * several at a time (Q3 holds within each); the vault sends one request per version, whoever orders it (REFRESH 4.3).
 *
 * E1 What is put in while Redis does not answer is held here, and here only what comes due within the window of the feed.
 * E2 What Redis has taken is held here no longer.
 * E3 Both together handle MAX_CONCURRENT at a time, and one credential once.
 *
 * Throws as `openBullmqQueue`.
 */
export async function openEnduringQueue(options: BullmqQueueOptions): Promise<BullmqQueue> {
  const { clock, log } = options
  const shared = await openBullmqQueue(options)
  const own = openTimerQueue({ clock, log })
  let askAgainAt = Number.NEGATIVE_INFINITY
  const isAway = (): boolean => clock.monotonicMs() < askAgainAt
  /** Gives whether Redis took it. */
  const tell = async (ask: () => Promise<void>): Promise<boolean> => {
    if (isAway()) return false
    try {
      await ask()
    } catch (error) {
      if (!isCoded(error, 'UNAVAILABLE')) throw error
      if (askAgainAt === Number.NEGATIVE_INFINITY) log.warn('queue.on_its_own', { reason: error.code })
      askAgainAt = clock.monotonicMs() + LEFT_ALONE_MS
      return false
    }
    askAgainAt = Number.NEGATIVE_INFINITY
    return true
  }
  return {
    async schedule(...jobs: RefreshJob[]) {
      if (await tell(() => shared.schedule(...jobs))) await Promise.all(jobs.map(({ credentialId }) => own.cancel(credentialId)))
      else await own.schedule(...jobs)
    },
    async cancel(credentialId) {
      await own.cancel(credentialId)
      // What stays in Redis is a hint to a plan that is not due any more.
      await tell(() => shared.cancel(credentialId))
    },
    async process(handler) {
      const alone = oneByOne(handler)
      const workers = [await shared.process(alone), await own.process(alone)]
      return { stop: async () => void (await Promise.all(workers.map((worker) => worker.stop()))) }
    },
    depth: () => (isAway() ? own.depth() : shared.depth()),
    ping: () => shared.ping(),
    close: () => shared.close(),
  }
}

type Handler = (credentialId: string) => Promise<void>

/** E3 */
function oneByOne(handler: Handler): Handler {
  const running = new Map<string, Promise<void>>()
  return async (credentialId) => {
    for (;;) {
      const before = running.get(credentialId)
      if (before === undefined && running.size < MAX_CONCURRENT) break
      await (before ?? Promise.race(running.values()))
    }
    const handled = handler(credentialId)
    const ended = handled.then(
      () => undefined,
      () => undefined,
    )
    running.set(credentialId, ended)
    try {
      await handled
    } finally {
      running.delete(credentialId)
    }
  }
}
