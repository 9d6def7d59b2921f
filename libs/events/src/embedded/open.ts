import { CodedError } from '@credence/errors'
import type { EventBus, Fact, FactFilter, FactHandler, Subscription } from '../event-bus.ts'
import { sweepHourly } from '../outbox/event-log.ts'
import { BusLog, type BusLogOptions } from './bus-log.ts'
import { Deliverer } from './deliver.ts'
import { DurableCursor } from './durable-cursor.ts'
import { read } from './read.ts'

/** What every bus can use as a name. */
const DURABLE = /^[A-Za-z0-9_-]{1,64}$/

/**
 * The bus of the embedded profile: facts in `bus_log`, cursors in `bus_cursors`, wake-ups in the process. To be opened
 * once per store. A new durable name starts with the oldest fact that is kept; facts are kept 30 days.
 */
export async function openEmbeddedBus(options: BusLogOptions): Promise<EventBus> {
  const stream = await BusLog.open(options)
  const closing = new AbortController()
  const { signal } = closing
  const open = new Map<string, Promise<Deliverer>>()
  const sweeping = sweepHourly({ ...options, signal, sweep: () => stream.sweep(signal) })
  return {
    async publish(facts) {
      refuseWhen(signal.aborted)
      await Promise.all(bySubject(facts).map((group) => appendInOrder(stream, group)))
    },
    async subscribe(durable, filter, handler) {
      refuseWhen(signal.aborted)
      if (!DURABLE.test(durable)) throw new TypeError('a durable name is 1 to 64 letters, digits, _ and -')
      if (open.has(durable)) throw new TypeError(`the durable subscriber ${durable} is open`)
      const opening = openDeliverer(stream, { ...options, durable, filter, handler })
      open.set(durable, opening)
      const deliverer = await opening.catch((error: unknown) => {
        open.delete(durable)
        throw error
      })
      return { close: () => deliverer.close().finally(() => open.delete(durable)) } satisfies Subscription
    },
    read: (request) => read(stream, { ...options, ...request, signal: AbortSignal.any([request.signal, signal]) }),
    async close() {
      closing.abort()
      const deliverers = await Promise.allSettled(open.values())
      await Promise.all(deliverers.map((result) => result.status === 'fulfilled' && result.value.close()))
      await sweeping
      stream.close()
    },
  }
}

interface SubscribeOptions extends BusLogOptions {
  readonly durable: string
  readonly filter: FactFilter
  readonly handler: FactHandler
}

async function openDeliverer(stream: BusLog, options: SubscribeOptions): Promise<Deliverer> {
  const oldest = { epoch: stream.epoch, position: stream.swept.to }
  const cursor = await DurableCursor.open(options.durable, oldest, options)
  const { epoch, position } = cursor.place
  if (epoch !== oldest.epoch || position < oldest.position || position > stream.head) {
    options.log.warn('bus.cursor_reset', { to_service: options.durable })
    cursor.moveTo(oldest)
  }
  return new Deliverer({ ...options, stream, cursor })
}

/** One after the other within a subject: after a crash the log never holds a fact without those before it. */
async function appendInOrder(stream: BusLog, facts: readonly Fact[]): Promise<void> {
  for (const fact of facts) await stream.append(fact)
}

function bySubject(facts: readonly Fact[]): readonly Fact[][] {
  return [...Map.groupBy(facts, (fact) => fact.subject).values()]
}

function refuseWhen(closed: boolean): void {
  if (closed) throw new CodedError('UNAVAILABLE', 'The event bus is closed.')
}
