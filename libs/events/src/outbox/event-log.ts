import { isCoded } from '@credence/errors'
import type { Clock, Logger } from '@credence/service'
import type { Doc, DocumentStore, Stored } from '@credence/store'
import type { Fact } from '../event-bus.ts'
import { SubjectOrder } from './subject-order.ts'

/** How long facts can be read again, in the event log of a service and on the bus. */
export const KEPT_MS: number = 30 * 24 * 3_600_000
const SWEEP_EVERY_MS = 3_600_000
const PAGE = 200
const STREAM_ID = 'stream'

interface Event extends Doc {
  /** When it came into the log; the relay of an old outbox may be late. */
  readonly storedAt: Date
  readonly seq: number
  readonly fact: Fact
}

/** A position of the stream and when it was its newest. */
export interface Mark {
  readonly position: number
  readonly at: Date
}

/** `{id: 'stream', v, epoch, marks}`: the one document without `storedAt`, and so not in the index. */
export interface StreamDoc extends Doc {
  /** The stream that holds the facts of this log. */
  readonly epoch: string
  /** Oldest first, a day or more apart but for the last. */
  readonly marks: readonly Mark[]
}

/** The facts of one service, each under its event id, kept 30 days: a lost stream is published again from here. */
export interface EventLog {
  /** What is known of the stream that the facts are on; undefined before the first was published. */
  stream(): Promise<Stored<StreamDoc> | undefined>
  /** Writes that over what was read, or over nothing. Throws CONFLICT or ALREADY_EXISTS when another relay was faster. */
  setStream(doc: Omit<StreamDoc, 'id' | 'v'>, read: Stored<StreamDoc> | undefined): Promise<void>
  /** All facts, or those that came from a time on, in the order in which they came and each subject's by their seq, page by page. */
  pages(from?: Date): AsyncIterable<readonly Fact[]>
  /** Resolves when the fact is in the log; it may have been there before. */
  keep(fact: Fact): Promise<void>
  /** Removes what is older than is kept, page by page, until the signal aborts. */
  sweep(signal: AbortSignal): Promise<void>
}

/** Opens the collection `<source>_events`. */
export async function openEventLog(options: {
  readonly source: string
  readonly store: DocumentStore
  readonly clock: Clock
}): Promise<EventLog> {
  const { store, clock } = options
  const spec = {
    name: `${options.source.replaceAll('-', '_')}_events`,
    // `seq` keeps the facts of one document in order when they came in the same millisecond.
    indexes: [{ name: 'stored', members: ['storedAt', 'seq'] }],
  }
  const events = await store.collection<Event>(spec)
  const streams = await store.collection<StreamDoc>(spec)
  return {
    stream: () => streams.get(STREAM_ID, { fresh: true }),
    async setStream(doc, read) {
      await (read === undefined ? streams.insert({ id: STREAM_ID, v: 1, ...doc }) : streams.replace({ ...read, ...doc }, read.rev))
    },
    async *pages(from) {
      const order = new SubjectOrder()
      for (let after: string | undefined, more = true; more; more = after !== undefined) {
        const page = await events.find('stored', {
          prefix: [],
          limit: PAGE,
          ...(from === undefined ? {} : { from }),
          ...(after === undefined ? {} : { after }),
        })
        order.add(page.docs)
        after = page.next
        yield after === undefined ? order.takeAll() : order.takeRipe()
      }
    },
    async keep(fact) {
      const event = { id: fact.id, v: 1, storedAt: new Date(clock.now()), seq: fact.seq, fact }
      await events.insert(event).catch(unless('ALREADY_EXISTS'))
    },
    async sweep(signal) {
      const to = new Date(clock.now() - KEPT_MS)
      for (let more = true; more && !signal.aborted; ) {
        const { docs, next } = await events.find('stored', { prefix: [], to, limit: PAGE })
        await Promise.all(docs.map((event) => events.remove(event.id, event.rev).catch(unless('CONFLICT'))))
        more = next !== undefined
      }
    },
  }
}

/** Sweeps at once and then every hour until the signal aborts. A sweep that fails is told and tried at the next. */
export async function sweepHourly(options: {
  readonly sweep: () => Promise<unknown>
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}): Promise<void> {
  const { clock, log, signal } = options
  while (!signal.aborted) {
    await options.sweep().catch((error: unknown) => log.failure('events.sweep_failed', error))
    await clock.sleep(SWEEP_EVERY_MS, signal).catch(() => undefined)
  }
}

/** Passes over the one refusal that means "somebody has done it already". */
function unless(code: 'ALREADY_EXISTS' | 'CONFLICT'): (error: unknown) => void {
  return (error) => {
    if (!isCoded(error, code)) throw error
  }
}
