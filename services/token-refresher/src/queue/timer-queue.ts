import type { Clock, Logger } from '@credence/service'
import { MAX_CONCURRENT, type QueueWorker, type RefreshJob, type RefreshQueue } from './refresh-queue.ts'

export interface TimerQueueOptions {
  readonly clock: Clock
  readonly log: Logger
}

/** A wall clock that is set back or forth must not make one sleep last for days. */
const LONGEST_SLEEP_MS = 60_000

/** The queue of the embedded profile: in memory, with one timer for the earliest job. */
export function openTimerQueue(options: TimerQueueOptions): RefreshQueue {
  return new TimerQueue(options)
}

class TimerQueue implements RefreshQueue {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #jobs = new Map<string, RefreshJob>()
  /** Of `#jobs`, the latest first; sorted anew when something was put in. A job that is not the one in `#jobs` was moved. */
  #sorted: RefreshJob[] = []
  #isSorted = true
  /** Due and waiting for a place, in the order of their coming. */
  readonly #ready = { priority: new Set<string>(), normal: new Set<string>() }
  readonly #running = new Map<string, Promise<void>>()
  #handler: ((credentialId: string) => Promise<void>) | undefined
  readonly #stopping = new AbortController()
  #sleep: AbortController | undefined
  #isAwake = true

  constructor(options: TimerQueueOptions) {
    this.#clock = options.clock
    this.#log = options.log
  }

  async schedule(job: RefreshJob): Promise<void> {
    const before = this.#jobs.get(job.credentialId)
    if (before?.at === job.at && before.priority === job.priority) return
    await this.cancel(job.credentialId)
    this.#jobs.set(job.credentialId, job)
    this.#sorted.push(job)
    this.#isSorted = false
    this.#wake()
  }

  async cancel(credentialId: string): Promise<void> {
    this.#jobs.delete(credentialId)
    this.#ready.priority.delete(credentialId)
    this.#ready.normal.delete(credentialId)
  }

  async process(handler: (credentialId: string) => Promise<void>): Promise<QueueWorker> {
    if (this.#handler !== undefined) throw new TypeError('the queue has its handler')
    this.#handler = handler
    const loop = this.#loop()
    return {
      stop: async () => {
        this.#stopping.abort()
        this.#wake()
        await loop
        await Promise.all(this.#running.values())
      },
    }
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#isAwake = false
      this.#collectDue()
      this.#startReady()
      await this.#sleepUntilNext()
    }
  }

  #collectDue(): void {
    if (!this.#isSorted) this.#sorted = [...this.#jobs.values()].sort((one, other) => other.at - one.at)
    this.#isSorted = true
    const now = this.#clock.now()
    for (let job = this.#sorted.at(-1); job !== undefined && job.at <= now; job = this.#sorted.at(-1)) {
      this.#sorted.pop()
      if (this.#jobs.get(job.credentialId) !== job) continue
      this.#jobs.delete(job.credentialId)
      this.#ready[job.priority ? 'priority' : 'normal'].add(job.credentialId)
    }
  }

  #startReady(): void {
    for (const lane of [this.#ready.priority, this.#ready.normal]) {
      for (const credentialId of lane) {
        if (this.#running.size >= MAX_CONCURRENT || this.#stopping.signal.aborted) return
        // Q3: its place in the lane waits for the one under way.
        if (this.#running.has(credentialId)) continue
        lane.delete(credentialId)
        this.#running.set(credentialId, this.#handle(credentialId))
      }
    }
  }

  async #handle(credentialId: string): Promise<void> {
    try {
      await this.#handler?.(credentialId)
    } catch (error) {
      // A stop cuts what does not end in time: that is no failure to tell.
      if (!this.#stopping.signal.aborted) this.#log.failure('queue.handler_failed', error, { credential_id: credentialId })
    } finally {
      this.#running.delete(credentialId)
      this.#wake()
    }
  }

  #wake(): void {
    this.#isAwake = true
    this.#sleep?.abort()
  }

  /** The one timer. Without a job there is none, and only `#wake` ends it. */
  async #sleepUntilNext(): Promise<void> {
    // Lets a burst of jobs come in whole before anything is sorted again.
    await Promise.resolve()
    if (this.#isAwake) return
    const next = this.#sorted.at(-1)
    const waitMs = next === undefined ? LONGEST_SLEEP_MS : Math.min(Math.max(next.at - this.#clock.now(), 0), LONGEST_SLEEP_MS)
    this.#sleep = new AbortController()
    await this.#clock.sleep(waitMs, this.#sleep.signal).catch(() => undefined)
    this.#sleep = undefined
  }
}
