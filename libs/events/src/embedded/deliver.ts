import { withTraceFrom } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { cursorOf } from '../cursor.ts'
import { SubjectQueues } from '../deliver/subject-queues.ts'
import type { FactFilter, FactHandler, Subscription } from '../event-bus.ts'
import { matches } from '../filter.ts'
import { Wakeup } from '../wakeup.ts'
import type { BusLog, BusLogOptions } from './bus-log.ts'
import type { DurableCursor } from './durable-cursor.ts'
import type { Entry } from './entry.ts'
import { follow } from './follow.ts'
import { Order } from './order.ts'

export interface DeliverOptions extends Pick<BusLogOptions, 'clock' | 'random' | 'log' | 'metrics'> {
  readonly stream: BusLog
  readonly durable: string
  readonly cursor: DurableCursor
  readonly filter: FactFilter
  readonly handler: FactHandler
}

/** Facts held in memory for one subscriber. With so many behind subjects that fail, reading stops until some are handled. */
const MAX_HELD = 10_000
const SAFETY_POLL_MS = 30_000

/**
 * Hands the facts of the stream to one durable subscriber; H1 and H3 are kept by its queues.
 *
 * H2 The cursor never passes a fact whose handler has not resolved.
 */
export class Deliverer implements Subscription {
  readonly #options: DeliverOptions
  readonly #closing = new AbortController()
  readonly #queues: SubjectQueues<Entry>
  readonly #room: Wakeup
  readonly #order: Order
  readonly #reading: Promise<void>
  #held = 0

  constructor(options: DeliverOptions) {
    this.#options = options
    this.#room = new Wakeup(options.clock)
    this.#order = new Order(options.cursor.place.position)
    this.#queues = new SubjectQueues({ ...options, handle: (entry, attempt) => this.#handle(entry, attempt) })
    this.#reading = this.#read()
  }

  /** Waits for the handlers that run; what they do not finish is delivered at the next subscribe. Not to be awaited in a handler. */
  async close(): Promise<void> {
    this.#closing.abort()
    const handled = this.#queues.close()
    await this.#reading
    await handled
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
      this.#queues.add(entry.fact.subject, entry)
    }
  }

  async #handle(entry: Entry, attempt: number): Promise<void> {
    const { stream, handler, log, durable, metrics = unmeasured } = this.#options
    const { fact } = entry
    if (attempt > 1) metrics.count('credence_events_redelivered_total', { subscriber: durable })
    try {
      const cursor = cursorOf({ epoch: stream.epoch, position: entry.position })
      await withTraceFrom(fact.traceparent, () => handler({ fact, cursor }))
    } catch (error) {
      metrics.count('credence_events_delivered_total', { subscriber: durable, outcome: 'failed' })
      log.failure('bus.handler_failed', error, { event_id: fact.id, event_type: fact.type, to_service: durable, attempt })
      throw error
    }
    metrics.count('credence_events_delivered_total', { subscriber: durable, outcome: 'handled' })
    this.#held--
    this.#finish(entry)
    this.#room.wake()
  }

  #finish({ position }: Entry): void {
    const { stream, cursor } = this.#options
    this.#order.done(position)
    if (this.#order.settled > cursor.place.position) cursor.moveTo({ epoch: stream.epoch, position: this.#order.settled })
  }
}
