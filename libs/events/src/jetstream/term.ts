import { ERRORS, isCoded } from '@credence/errors'
import { type Clock, type Logger, type Random, withTraceFrom } from '@credence/service'
import { type Metrics, unmeasured } from '@credence/service/metrics'
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import { cursorOf, type Place } from '../cursor.ts'
import { SubjectQueues } from '../deliver/subject-queues.ts'
import type { Fact, FactFilter, FactHandler } from '../event-bus.ts'
import { matches } from '../filter.ts'
import { bury } from './dead-letter.ts'
import type { EventStream } from './event-stream.ts'
import type { Handled } from './handled.ts'
import type { Lease } from './lease.ts'
import type { Link } from './link.ts'
import { factIn } from './message.ts'
import type { Names } from './stream-config.ts'

export interface TermOptions {
  readonly link: Link
  readonly stream: EventStream
  readonly names: Names
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics?: Metrics
  readonly durable: string
  readonly filter: FactFilter
  readonly handler: FactHandler
  readonly handled: Handled
  readonly lease: Lease
  readonly consumer: Consumer
  readonly epoch: string
  /** How many facts were handed out to somebody before and not acknowledged. */
  readonly outstanding: number
  /** The position up to which all is acknowledged. */
  readonly acknowledged: number
  /** After how many failures that are no outage a fact is put aside. */
  readonly attempts: number
}

interface Entry {
  readonly position: number
  /** Of the last delivery: an older one's reply means the same, but its delivery count does not. */
  message: JsMsg
  readonly content: { readonly fact: Fact } | { readonly fault: unknown }
  /** Failures of the handler that are no outage. */
  failures: number
}

const CONSUME = { max_messages: 256, idle_heartbeat: 2_000, abort_on_missing_resource: true }
/** Three beats in the time of a lease: one may be lost. */
const BEATS = 3
/** How many times the wait for outstanding facts may outlast their wait at the server, before it is given up. */
const PATIENCE = 3

/**
 * One replica's time as the one that serves a durable subscriber.
 *
 * T1 Only who holds the lease acknowledges: what he cannot acknowledge any more, the next one is given.
 * T2 A fact is not handled before those that were handed out earlier and not acknowledged are here again: the server
 *    gives them out anew only after their time, behind newer ones. So it is at the start, and after each cut.
 * T3 A fact in hand or waiting is kept from being given out anew by a word at each beat.
 */
export class Term {
  readonly #options: TermOptions
  readonly #ending = new AbortController()
  readonly #queues: SubjectQueues<Entry>
  /** Received and not acknowledged, by position. */
  readonly #held = new Map<number, Entry>()
  /** Of these, the ones that wait for earlier ones (T2); undefined when nothing is waited for. */
  #gathered: Entry[] | undefined
  #settling = false
  #base: number
  #highest = 0

  constructor(options: TermOptions) {
    this.#options = options
    this.#base = options.acknowledged
    this.#queues = new SubjectQueues({ ...options, handle: (entry) => this.#handle(entry) })
  }

  /** Serves until the signal aborts, the lease is somebody else's, the epoch ends, or the consumer is gone. */
  async run(signal: AbortSignal): Promise<void> {
    const { consumer, link, stream, epoch, outstanding } = this.#options
    const ending = AbortSignal.any([signal, this.#ending.signal])
    if (outstanding > 0) this.#gather()
    const messages = await link.ask(() => consumer.consume(CONSUME))
    const stopListening = link.onChange((up) => (up ? this.#settle() : this.#gather()))
    const stop = (): void => {
      this.#end()
      messages.stop()
    }
    ending.addEventListener('abort', stop, { once: true })
    if (ending.aborted) stop()
    if (outstanding > 0) this.#settle()
    const served = new AbortController()
    const beating = this.#beat(served.signal)
    void stream.ended(epoch, ending).then(() => this.#end())
    try {
      await this.#receive(messages)
    } finally {
      stopListening()
      ending.removeEventListener('abort', stop)
      this.#end()
      // The lease is kept for the handlers that still run: nobody else is given their facts.
      await this.#queues.close()
      served.abort()
      await beating
      this.#handBack()
    }
  }

  /** All up to here was handled or is none of this subscriber's. What is still to come back (T2) is above it. */
  get floor(): Place {
    const { epoch } = this.#options
    if (this.#gathered !== undefined) return { epoch, position: this.#base }
    const lowest = Math.min(this.#highest, ...[...this.#held.keys()].map((position) => position - 1))
    return { epoch, position: Math.max(this.#base, lowest) }
  }

  #end(): void {
    this.#ending.abort()
  }

  async #receive(messages: ConsumerMessages): Promise<void> {
    const { durable, metrics = unmeasured } = this.#options
    for await (const message of messages) {
      const position = message.info.streamSequence
      if (message.redelivered) metrics.count('credence_events_redelivered_total', { subscriber: durable })
      const known = this.#held.get(position)
      if (known !== undefined) {
        known.message = message
        continue
      }
      const entry = { position, message, content: contentOf(message), failures: 0 }
      this.#held.set(position, entry)
      this.#highest = Math.max(this.#highest, position)
      // After the end the client gives what it still has: it goes back with the rest.
      if (this.#ending.signal.aborted) continue
      if (this.#gathered === undefined) this.#enqueue(entry)
      else this.#gathered.push(entry)
    }
  }

  #enqueue(entry: Entry): void {
    const { content, position } = entry
    // A message that names no subject can wait for nobody.
    this.#queues.add('fact' in content ? content.fact.subject : `.${position}`, entry)
  }

  async #handle(entry: Entry): Promise<void> {
    const { content } = entry
    if ('fact' in content) await this.#give(entry, content.fact)
    else await this.#putAside(entry, { reason: 'MALFORMED', attempts: 0, error: content.fault })
    this.#acknowledge(entry)
  }

  async #give(entry: Entry, fact: Fact): Promise<void> {
    const { handler, handled, filter, log, durable, epoch, metrics = unmeasured } = this.#options
    if (handled.has(fact.id) || !matches(filter, fact)) return
    try {
      const cursor = cursorOf({ epoch, position: entry.position })
      await withTraceFrom(fact.traceparent, () => handler({ fact, cursor }))
      metrics.count('credence_events_delivered_total', { subscriber: durable, outcome: 'handled' })
    } catch (error) {
      metrics.count('credence_events_delivered_total', { subscriber: durable, outcome: 'failed' })
      log.failure('bus.handler_failed', error, { event_id: fact.id, event_type: fact.type, to_service: durable, attempt: entry.failures })
      if (mayPass(error)) throw error
      const attempts = ++entry.failures + entry.message.info.deliveryCount - 1
      if (attempts < this.#options.attempts) throw error
      await this.#putAside(entry, { reason: 'HANDLER_FAILED', attempts, error })
    }
    handled.add(fact.id)
  }

  async #putAside(
    { message, position }: Entry,
    why: { readonly reason: 'MALFORMED' | 'HANDLER_FAILED'; readonly attempts: number; readonly error: unknown },
  ): Promise<void> {
    const { link, stream, durable, epoch, log, metrics = unmeasured } = this.#options
    const cursor = cursorOf({ epoch, position })
    try {
      await bury(message, { ...why, link, durable, cursor })
    } catch (error) {
      stream.mend()
      throw error
    }
    metrics.count('credence_events_dead_lettered_total', { subscriber: durable, reason: why.reason })
    log.error('bus.dead_letter', { reason: why.reason, cursor, to_service: durable, attempt: why.attempts })
  }

  /** T1. One that is not acknowledged comes again, and is known by its id. */
  #acknowledge({ position, message }: Entry): void {
    const { lease, link } = this.#options
    this.#held.delete(position)
    if (lease.held && link.up) message.ack()
  }

  /** T2: from now on what comes is kept apart. */
  #gather(): void {
    this.#base = this.floor.position
    this.#gathered ??= []
  }

  #settle(): void {
    if (this.#settling || this.#gathered === undefined) return
    this.#settling = true
    void this.#waitForOutstanding().finally(() => {
      this.#settling = false
    })
  }

  /** T2: compares how many the server counts as handed out with those that are here, and were here when it counted. */
  async #waitForOutstanding(): Promise<void> {
    const { consumer, clock, link, log, durable, names } = this.#options
    const { signal } = this.#ending
    const started = clock.monotonicMs()
    while (!signal.aborted && link.up) {
      const before = [...this.#held.keys()]
      const pending = await link
        .ask(() => consumer.info())
        .then(
          (info) => info.num_ack_pending,
          () => Number.POSITIVE_INFINITY,
        )
      const here = before.filter((position) => this.#held.has(position)).length
      const tooLong = clock.monotonicMs() - started > PATIENCE * names.takeoverMs
      if (signal.aborted) return
      if (tooLong) log.warn('bus.outstanding', { to_service: durable, count: pending - here })
      if (pending <= here || tooLong) return this.#release()
      await clock.sleep(names.takeoverMs / 20, signal).catch(() => undefined)
    }
  }

  #release(): void {
    const gathered = this.#gathered ?? []
    this.#gathered = undefined
    for (const entry of gathered.sort((a, b) => a.position - b.position)) this.#enqueue(entry)
  }

  /** T3, and the lease with it; its loss ends the term. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { clock, names, lease, link, log, durable } = this.#options
    while (!signal.aborted && lease.held) {
      await clock.sleep(names.takeoverMs / BEATS, signal).catch(() => undefined)
      if (signal.aborted || !link.up) continue
      const kept = await lease.renew().catch((error: unknown) => {
        log.failure('bus.lease_failed', error, { to_service: durable })
        return lease.held
      })
      if (!kept) break
      for (const { message } of this.#held.values()) message.working()
    }
    if (!signal.aborted) log.warn('bus.lease_lost', { to_service: durable })
    this.#end()
  }

  /** What was not handled goes to the next without a wait. */
  #handBack(): void {
    if (!this.#options.lease.held || !this.#options.link.up) return
    for (const { message } of this.#held.values()) message.nak()
  }
}

function contentOf(message: JsMsg): Entry['content'] {
  try {
    return { fact: factIn(message) }
  } catch (fault) {
    return { fault }
  }
}

/** The world may answer later: such a failure says nothing about the fact. */
function mayPass(error: unknown): boolean {
  return isCoded(error) && ERRORS[error.code].kind === 'world'
}
