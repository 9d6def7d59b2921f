import type { Clock, Random } from '@credence/service'
import { pauseAfter } from '../pause.ts'

/** Handlers that run at a time for one subscriber. */
const CONCURRENT = 16

/** What waits of one subject, the first of it in hand or about to be tried again. */
interface Queue<E> {
  readonly entries: E[]
  failures: number
}

export interface QueuesOptions<E> {
  readonly clock: Clock
  readonly random: Random
  /** Handles the first of a subject; `attempt` counts from 1. A rejection brings the same entry again after a growing pause. */
  readonly handle: (entry: E, attempt: number) => Promise<void>
}

/**
 * The order in which one subscriber's facts are handled.
 *
 * H1 One fact of a subject at a time, in the order in which they were added.
 * H3 A subject whose handler throws waits by itself, without a place among the running.
 */
export class SubjectQueues<E> {
  readonly #options: QueuesOptions<E>
  readonly #closing = new AbortController()
  readonly #queues = new Map<string, Queue<E>>()
  readonly #ready: string[] = []
  readonly #calls = new Set<Promise<void>>()
  #running = 0

  constructor(options: QueuesOptions<E>) {
    this.#options = options
  }

  add(subject: string, entry: E): void {
    const queue = this.#queues.get(subject)
    if (queue !== undefined) {
      queue.entries.push(entry)
      return
    }
    this.#queues.set(subject, { entries: [entry], failures: 0 })
    this.#offer(subject)
  }

  /** Starts nothing more, and waits for the handlers that run. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#calls)
  }

  /** Puts a subject at the end of the line of those whose next fact may be handled. */
  #offer(subject: string): void {
    this.#ready.push(subject)
    this.#start()
  }

  #start(): void {
    while (this.#running < CONCURRENT && !this.#closing.signal.aborted) {
      const subject = this.#ready.shift()
      if (subject === undefined) return
      this.#running++
      const call = this.#handle(subject).finally(() => this.#calls.delete(call))
      this.#calls.add(call)
    }
  }

  async #handle(subject: string): Promise<void> {
    const { clock, random, handle } = this.#options
    const queue = this.#queues.get(subject)!
    const handled = await settles(() => handle(queue.entries[0]!, queue.failures + 1))
    this.#running--
    if (handled) {
      queue.failures = 0
      queue.entries.shift()
    } else {
      this.#start()
      await clock.sleep(pauseAfter(++queue.failures, random), this.#closing.signal).catch(() => undefined)
    }
    if (queue.entries.length > 0) return this.#offer(subject)
    this.#queues.delete(subject)
    this.#start()
  }
}

/** False when the call failed, also when it threw before its first await. */
async function settles(call: () => Promise<void>): Promise<boolean> {
  try {
    await call()
    return true
  } catch {
    return false
  }
}
