import type { Clock, Logger, Random } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { Place } from '../cursor.ts'
import type { FactFilter, FactHandler, Subscription } from '../event-bus.ts'
import { pauseAfter } from '../pause.ts'
import { openDurable } from './durable.ts'
import type { EventStream } from './event-stream.ts'
import { Handled } from './handled.ts'
import { Lease, type LeaseOptions, newHolder } from './lease.ts'
import { asUnavailable, type Link } from './link.ts'
import type { Names } from './stream-config.ts'
import { Term } from './term.ts'

export interface SubscriberOptions {
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
  readonly attempts: number
}

/** How many times in the life of a lease a replica that has none asks for it. */
const ASKS = 4

/** A durable subscriber on this replica: it waits for the lease, serves, and begins again with whatever ended its term. */
export class Subscriber implements Subscription {
  readonly #options: SubscriberOptions
  readonly #lease: LeaseOptions
  readonly #closing = new AbortController()
  readonly #handled = new Handled()
  readonly #running: Promise<void>
  #floor: Place | undefined

  constructor(options: SubscriberOptions) {
    this.#options = options
    this.#lease = { ...options, holder: newHolder(options.random) }
    this.#running = this.#run()
  }

  /** Waits for the handlers that run; what they do not finish is delivered at the next subscribe, here or elsewhere. Not to be awaited in a handler. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random, log, names, stream, durable } = this.#options
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; ) {
      let pauseMs = (names.takeoverMs / ASKS) * (1 - random.fraction() / 2)
      try {
        await stream.state()
        const lease = await Lease.take(this.#lease)
        failures = 0
        if (lease !== undefined) {
          await this.#serve(lease)
          pauseMs = 0
        }
      } catch (error) {
        stream.mend()
        log.failure('bus.subscribe_failed', asUnavailable(error), { to_service: durable, attempt: ++failures })
        pauseMs = Math.min(names.takeoverMs, pauseAfter(failures, random))
      }
      if (pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => undefined)
    }
  }

  async #serve(lease: Lease): Promise<void> {
    const { link, stream, names, durable, filter } = this.#options
    try {
      const { epoch } = await stream.refresh()
      const open = await link.ask((wire) => openDurable(wire, { names, durable, filter, epoch, floor: this.#floor }))
      const term = new Term({ ...this.#options, ...open, handled: this.#handled, lease, epoch })
      try {
        await term.run(this.#closing.signal)
      } finally {
        if (term.floor.position > 0) this.#floor = term.floor
      }
    } finally {
      await lease.release().catch(() => undefined)
    }
  }
}
