import type { FactFilter, FactHandler, Subscription } from '../event-bus.ts'
import { matches } from '../filter.ts'
import { pauseAfter } from '../pause.ts'
import { Wakeup } from '../wakeup.ts'
import type { BusLog, BusLogOptions, Entry } from './bus-log.ts'
import { cursorOf } from './cursor.ts'
import type { DurableCursor } from './durable-cursor.ts'
import { follow } from './follow.ts'
import { Order } from './order.ts'

export interface DeliverOptions extends Pick<BusLogOptions, 'clock' | 'random' | 'log'> {
  readonly stream: BusLog
  readonly durable: string
  readonly cursor: DurableCursor
  readonly filter: FactFilter
  readonly handler: FactHandler
}

/** Handlers that run at a time for one subscriber. */
const CONCURRENT = 16
/** Facts held in memory for one subscriber. With so many behind subjects that fail, reading stops until some are handled. */
const MAX_HELD = 10_000
const SAFETY_POLL_MS = 30_000

/** The facts of one subject that wait, the first of them in hand or about to be tried again. */
interface Queue {
  readonly entries: Entry[]
  failures: number
}

/**
 * Hands the facts of the stream to one durable subscriber.
 *
 * H1 One fact of a subject at a time, in the order of the stream.
 * H2 The cursor never passes a fact whose handler has not resolved.
 * H3 A subject whose handler throws waits by itself, without a place among the running.
 */
export class Deliverer implements Subscription {
  readonly #options: DeliverOptions
  readonly #closing = new AbortController()
  readonly #queues = new Map<string, Queue>()
  readonly #ready: string[] = []
  readonly #calls = new Set<Promise<void>>()
  readonly #room: Wakeup
  readonly #order: Order
  readonly #reading: Promise<void>
  #running = 0
  #held = 0

  constructor(options: DeliverOptions) {
    this.#options = options
    this.#room = new Wakeup(options.clock)
    this.#order = new Order(options.cursor.place.position)
    this.#reading = this.#read()
  }

  /** Waits for the handlers that run; what they do not finish is delivered at the next subscribe. Not to be awaited in a handler. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#reading
    await Promise.all(this.#calls)
    await this.#options.cursor.close()
  }

  async #read(): Promise<void> {
    const { stream, cursor, filter } = this.#options
    const { signal } = this.#closing
    for await (const entry of follow(stream, cursor.place.position, { ...this.#options, signal })) {
      this.#order.begin(entry.position)
      if (!matches(filter, entry.fact)) {
        this.#finish(entry)
        continue
      }
      while (this.#held >= MAX_HELD && !signal.aborted) await this.#room.sleep(SAFETY_POLL_MS, signal)
      this.#held++
      this.#enqueue(entry)
    }
  }

  #enqueue(entry: Entry): void {
    const queue = this.#queues.get(entry.fact.subject)
    if (queue !== undefined) {
      queue.entries.push(entry)
      return
    }
    this.#queues.set(entry.fact.subject, { entries: [entry], failures: 0 })
    this.#offer(entry.fact.subject)
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
    const { stream, clock, random, handler } = this.#options
    const queue = this.#queues.get(subject)!
    const entry = queue.entries[0]!
    const failure = await settle(() => handler({ fact: entry.fact, cursor: cursorOf({ epoch: stream.epoch, position: entry.position }) }))
    this.#running--
    if (failure === undefined) {
      queue.failures = 0
      queue.entries.shift()
      this.#held--
      this.#finish(entry)
      this.#room.wake()
    } else {
      this.#tell(entry, failure.error, ++queue.failures)
      this.#start()
      await clock.sleep(pauseAfter(queue.failures, random), this.#closing.signal).catch(() => undefined)
    }
    if (queue.entries.length > 0) return this.#offer(subject)
    this.#queues.delete(subject)
    this.#start()
  }

  #tell({ fact }: Entry, error: unknown, attempt: number): void {
    const { log, durable } = this.#options
    log.failure('bus.handler_failed', error, { event_id: fact.id, event_type: fact.type, to_service: durable, attempt })
  }

  #finish({ position }: Entry): void {
    const { stream, cursor } = this.#options
    this.#order.done(position)
    if (this.#order.settled > cursor.place.position) cursor.moveTo({ epoch: stream.epoch, position: this.#order.settled })
  }
}

/** What the handler threw, also when it threw before its first await. */
async function settle(call: () => Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    return { error }
  }
}
