import { CodedError } from '@credence/errors'
import type { Clock, Logger, Random } from '@credence/service'
import { AckPolicy, type ConsumerMessages, DeliverPolicy, type JsMsg, ReplayPolicy } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { cursorOf, type Place, placeOf } from '../cursor.ts'
import type { Delivery, Fact, FactFilter, Reset } from '../event-bus.ts'
import { matches } from '../filter.ts'
import { KEPT_MS } from '../outbox/event-log.ts'
import { pauseAfter } from '../pause.ts'
import type { EventStream, HeldState } from './event-stream.ts'
import { ANSWER_MS, asUnavailable, type Link } from './link.ts'
import { factIn, subjectsOf } from './message.ts'
import type { Names } from './stream-config.ts'

export interface ReadOptions {
  readonly link: Link
  readonly stream: EventStream
  readonly names: Names
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly from?: string | Date | undefined
  readonly filter?: FactFilter | undefined
  /** The last place, asked for once; reading ends when it has come so far. Only without a filter: what is filtered out is not seen to pass. */
  readonly until?: () => Promise<Place>
  readonly signal: AbortSignal
}

const CONSUME = { max_messages: 256, idle_heartbeat: 2_000, abort_on_missing_resource: true }
/** The server forgets the consumer of a reader that went away without a word. */
const FORGET_MS = 60_000

/** Where a reader stands: at a place, at a time, or where the stream ended when it began. */
type Start = Place | Date | Promise<Place>

/** Reads from a cursor, from a time, or from now on. Throws INVALID_CURSOR at once, so that a server can still answer with it. */
export function read(options: ReadOptions, here: () => Promise<Place>): AsyncGenerator<Delivery | Reset, void, undefined> {
  const { from } = options
  if (from instanceof Date && Number.isNaN(from.getTime())) throw new CodedError('INVALID_CURSOR')
  return deliveries(typeof from === 'string' ? placeOf(from) : (from ?? here()), options)
}

async function* deliveries(first: Start, options: ReadOptions): AsyncGenerator<Delivery | Reset, void, undefined> {
  const { stream, signal, clock, random, log } = options
  let start: Place | Date | undefined
  let last: number | undefined
  for (let failures = 0; !signal.aborted; ) {
    try {
      start ??= await Promise.resolve(first).catch(async () => end(await stream.refresh()))
      last ??= (await options.until?.())?.position
      const state = await stream.refresh()
      if (missed(start, { state, now: clock.now() })) {
        start = { epoch: state.epoch, position: Math.max(0, state.oldest - 1) }
        yield { reset: true, cursor: cursorOf(start), ...(state.oldestAt === undefined ? {} : { oldest: state.oldestAt }) }
      }
      if (last !== undefined && !(start instanceof Date) && start.position >= last) return
      for await (const { fact, position } of follow(start, { ...options, epoch: state.epoch })) {
        failures = 0
        start = { epoch: state.epoch, position }
        if (fact !== undefined) yield { fact, cursor: cursorOf(start) }
        if (last !== undefined && position >= last) return
      }
    } catch (error) {
      if (signal.aborted) return
      log.failure('bus.read_failed', asUnavailable(error), { attempt: ++failures })
    }
    await clock.sleep(pauseAfter(Math.max(1, failures), random), signal).catch(() => undefined)
  }
}

/** Where the stream ends. */
export function end({ epoch, newest }: HeldState): Place {
  return { epoch, position: newest }
}

/** True when something after the start is gone, or the start is of another stream. */
function missed(start: Place | Date, { state, now }: { readonly state: HeldState; readonly now: number }): boolean {
  const { epoch, oldest, newest, oldestAt } = state
  if (start instanceof Date) {
    // What went by its age is older than all that a reader of this time may expect.
    const kept = Math.min(oldestAt?.getTime() ?? now, now - KEPT_MS)
    return oldest > 1 && start.getTime() < kept
  }
  return start.epoch !== epoch || start.position < oldest - 1 || start.position > newest
}

interface Read {
  readonly position: number
  /** Undefined for what is no event of ours, or not what the reader wants. */
  readonly fact: Fact | undefined
}

/** What comes after the start, until the signal aborts. Ends also with the epoch, with the connection, and at a gap: the caller looks again where it stands. */
async function* follow(start: Place | Date, options: ReadOptions & { readonly epoch: string }): AsyncGenerator<Read, void, undefined> {
  const { link, stream, epoch, filter = {} } = options
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const stopListening = link.onChange(() => ending.abort())
  const messages = await openConsumer(start, options)
  const stop = (): void => messages.stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    // Made for this stream, and not for one that took its place in between.
    if ((await stream.refresh()).epoch !== epoch || signal.aborted) return
    void stream.ended(epoch, signal).then(stop)
    let delivered = 0
    for await (const message of messages) {
      if (signal.aborted || message.info.deliverySequence !== ++delivered) return
      const fact = factOf(message)
      yield { position: message.seq, fact: fact !== undefined && matches(filter, fact) ? fact : undefined }
    }
  } finally {
    stopListening()
    signal.removeEventListener('abort', stop)
    ending.abort()
    messages.stop()
  }
}

async function openConsumer(start: Place | Date, { link, names, filter = {} }: ReadOptions): Promise<ConsumerMessages> {
  const begin =
    start instanceof Date
      ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start.toISOString() }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.position + 1 }
  const config = {
    ...begin,
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    filter_subjects: subjectsOf(filter),
    inactive_threshold: nanos(FORGET_MS),
    mem_storage: true,
    num_replicas: 1,
  }
  return link.ask(
    async ({ js, jsm }) => js.consumers.getConsumerFromInfo(await jsm.consumers.add(names.stream, config)).consume(CONSUME),
    ANSWER_MS,
  )
}

function factOf(message: JsMsg): Fact | undefined {
  try {
    return factIn(message)
  } catch {
    return undefined
  }
}
