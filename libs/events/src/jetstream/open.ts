import { CodedError } from '@credence/errors'
import type { Metrics } from '@credence/service/metrics'
import type { Place } from '../cursor.ts'
import type { EventBus, Fact } from '../event-bus.ts'
import { type DeadLetter, deadLetters } from './dead-letter.ts'
import { EventStream, type HeldState } from './event-stream.ts'
import { Link, type LinkOptions } from './link.ts'
import { publish } from './publish.ts'
import { end, read } from './read.ts'
import { namesOf, type StreamOptions } from './stream-config.ts'
import { Subscriber } from './subscriber.ts'

export interface JetStreamOptions extends LinkOptions, StreamOptions {
  /** After how many failures, outages not counted, a fact is put aside as a dead letter. Default 20: about eight minutes. */
  readonly attempts?: number
  readonly metrics?: Metrics
}

export interface JetStreamBus extends EventBus {
  /** What subscribers could not handle, the latest first; at most 100. Throws UNAVAILABLE. */
  deadLetters(): Promise<readonly DeadLetter[]>
}

/** What every bus can use as a name. */
const DURABLE = /^[A-Za-z0-9_-]{1,64}$/
const ATTEMPTS = 20
const LETTERS = 100

/**
 * The bus of the distributed profile: a stream of NATS JetStream, kept 30 days. Opens also while no server answers: then
 * `publish` throws UNAVAILABLE and subscribers wait. Replicas that subscribe under one durable name share it: one serves,
 * another takes over when it goes. Throws INVALID_SETTING for an address that is none.
 */
export async function openJetStreamBus(options: JetStreamOptions): Promise<JetStreamBus> {
  const { attempts = ATTEMPTS } = options
  const names = namesOf(options)
  const link = await Link.open(options)
  const stream = new EventStream({ ...options, link, names })
  if (link.up) await stream.state().catch((error: unknown) => options.log.failure('bus.stream_failed', error))
  const closing = new AbortController()
  const { signal } = closing
  const open = new Map<string, Subscriber>()
  const starting = new Set<Promise<Place>>()
  const parts = { ...options, link, stream, names, attempts }
  /** Facts that are published after a reader has begun come after its place: they wait until it is known. */
  const here = (): Promise<Place> => {
    const place = stream.refresh().then(end)
    starting.add(place)
    void place.catch(() => undefined).finally(() => starting.delete(place))
    return place
  }
  const publishAll = async (facts: readonly Fact[], again?: (state: HeldState) => string | undefined): Promise<void> => {
    if (signal.aborted) throw new CodedError('UNAVAILABLE', 'The event bus is closed.')
    await Promise.allSettled(starting)
    const state = await stream.state()
    const suffix = again?.(state)
    await publish(facts, { link, stream, ...(suffix === undefined ? {} : { again: suffix }) })
  }
  return {
    publish: (facts) => publishAll(facts),
    async subscribe(durable, filter, handler) {
      if (signal.aborted) throw new CodedError('UNAVAILABLE', 'The event bus is closed.')
      if (!DURABLE.test(durable)) throw new TypeError('a durable name is 1 to 64 letters, digits, _ and -')
      if (open.has(durable)) throw new TypeError(`the durable subscriber ${durable} is open`)
      const subscriber = new Subscriber({ ...parts, durable, filter, handler })
      open.set(durable, subscriber)
      return { close: () => subscriber.close().finally(() => open.delete(durable)) }
    },
    read: (request) => read({ ...parts, ...request, signal: AbortSignal.any([request.signal, signal]) }, here),
    stream: {
      state: ({ fresh = false } = {}) => (fresh ? stream.refresh() : stream.state()),
      renew: (epoch) => stream.renew(epoch),
      restore: (facts) => publishAll(facts, ({ epoch, renewed }) => (renewed ? epoch : undefined)),
      replay: (facts, run) => publishAll(facts, () => `again.${run}`),
      held: ({ after, signal: ending }) =>
        read({ ...parts, from: after, until: () => stream.refresh().then(end), signal: AbortSignal.any([ending, signal]) }, here),
    },
    deadLetters: () => deadLetters(link, { names, limit: LETTERS }),
    async close() {
      closing.abort()
      await Promise.all([...open.values()].map((subscriber) => subscriber.close()))
      await stream.close()
      await link.close()
    },
  }
}
