import { type Clock, type Logger, withTraceFrom } from '@credence/service'
import { MAX_CONCURRENT, type QueueDepth, type QueueWorker, type RefreshJob, type RefreshQueue } from './refresh-queue.ts'

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
  /** In the future. */
  readonly #jobs = new Map<string, RefreshJob>()
  /** Of `#jobs`, the latest first, when `#isSorted`. One that is not the one in `#jobs` was moved. */
  #sorted: RefreshJob[] = []
  #isSorted = true
  /** Due and waiting for a place, in the order of their coming. */
  readonly #ready = { priority: new Map<string, RefreshJob>(), normal: new Map<string, RefreshJob>() }
  readonly #running = new Map<string, Promise<void>>()
  #handler: ((credentialId: string) => Promise<void>) | undefined
  readonly #stopping = new AbortController()
  #timer: { readonly at: number; readonly stop: AbortController } | undefined

  constructor(options: TimerQueueOptions) {
    this.#clock = options.clock
    this.#log = options.log
  }

  async schedule(...jobs: RefreshJob[]): Promise<void> {
    for (const job of jobs) this.#put(job)
  }

  async cancel(credentialId: string): Promise<void> {
    this.#takeOut(credentialId)
  }

  async depth(): Promise<QueueDepth> {
    const { priority, normal } = this.#ready
    return { delayed: this.#jobs.size, ready: priority.size + normal.size, running: this.#running.size }
  }

  async process(handler: (credentialId: string) => Promise<void>): Promise<QueueWorker> {
    if (this.#handler !== undefined) throw new TypeError('the queue has its handler')
    this.#handler = handler
    const loop = this.#loop()
    return {
      stop: async () => {
        this.#stopping.abort()
        this.#timer?.stop.abort()
        await loop
        await Promise.all(this.#running.values())
      },
    }
  }

  #put(job: RefreshJob): void {
    const before = this.#jobs.get(job.credentialId)
    if (before?.at === job.at && before.priority === job.priority) return
    this.#takeOut(job.credentialId)
    if (job.at <= this.#clock.now()) {
      this.#becomesDue(job)
      this.#startReady()
      return
    }
    this.#jobs.set(job.credentialId, job)
    this.#sorted.push(job)
    this.#isSorted = false
    // Only an earlier one than the timer's is looked at now: a tick that puts in thousands sorts a few times.
    if (this.#timer !== undefined && job.at < this.#timer.at) this.#timer.stop.abort()
  }

  #takeOut(credentialId: string): void {
    this.#jobs.delete(credentialId)
    this.#ready.priority.delete(credentialId)
    this.#ready.normal.delete(credentialId)
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#collectDue()
      this.#startReady()
      await this.#sleepUntilNext()
    }
  }

  /** The job that is due next; those that were moved fall out here. */
  #next(): RefreshJob | undefined {
    if (!this.#isSorted) this.#sorted = [...this.#jobs.values()].sort((one, other) => other.at - one.at)
    this.#isSorted = true
    for (let job = this.#sorted.at(-1); job !== undefined; job = this.#sorted.at(-1)) {
      if (this.#jobs.get(job.credentialId) === job) return job
      this.#sorted.pop()
    }
    return undefined
  }

  #collectDue(): void {
    const now = this.#clock.now()
    for (let job = this.#next(); job !== undefined && job.at <= now; job = this.#next()) {
      this.#jobs.delete(job.credentialId)
      this.#becomesDue(job)
    }
  }

  #becomesDue(job: RefreshJob): void {
    this.#ready[job.priority ? 'priority' : 'normal'].set(job.credentialId, job)
  }

  #startReady(): void {
    if (this.#handler === undefined) return
    for (const lane of [this.#ready.priority, this.#ready.normal]) {
      for (const [credentialId, job] of lane) {
        if (this.#running.size >= MAX_CONCURRENT || this.#stopping.signal.aborted) return
        // Q3: its place in the lane waits for the one under way.
        if (this.#running.has(credentialId)) continue
        lane.delete(credentialId)
        this.#running.set(credentialId, this.#handle(this.#handler, job))
      }
    }
  }

  async #handle(handler: (credentialId: string) => Promise<void>, { credentialId, traceparent }: RefreshJob): Promise<void> {
    try {
      await (traceparent === undefined ? handler(credentialId) : withTraceFrom(traceparent, () => handler(credentialId)))
    } catch (error) {
      // A stop cuts what does not end in time: that is no failure to tell.
      if (!this.#stopping.signal.aborted) this.#log.failure('queue.handler_failed', error, { credential_id: credentialId })
    } finally {
      this.#running.delete(credentialId)
      this.#startReady()
    }
  }

  /** The one timer. */
  async #sleepUntilNext(): Promise<void> {
    const latest = this.#clock.now() + LONGEST_SLEEP_MS
    const at = Math.min(this.#next()?.at ?? latest, latest)
    const stop = new AbortController()
    this.#timer = { at, stop }
    await this.#clock.sleep(Math.max(at - this.#clock.now(), 0), stop.signal).catch(() => undefined)
    this.#timer = undefined
  }
}
