import { CodedError } from '@credence/errors'
import type { Clock, Random } from '@credence/service'
import type { DocumentStore } from '@credence/store'
import type { EventBus, Fact } from '../event-bus.ts'
import { matches } from '../filter.ts'
import { openEventLog } from './event-log.ts'

/** Which facts. */
export interface ReplayWish {
  /** A cursor: what the stream holds after that place. A time: what has happened since, by the event logs of the services. */
  readonly from: string | Date
  /** Only what happened before. */
  readonly to?: Date
  /** Whole types, or prefixes that end in a dot. Default: all. */
  readonly types?: readonly string[]
  /** Only of these services. Default: all. */
  readonly sources?: readonly string[]
}

export interface ReplayOptions {
  readonly wish: ReplayWish
  /** On a stream of its own. */
  readonly bus: EventBus
  /** Of each service, opened when its log is read, which a cursor does not need. It is closed afterwards. */
  readonly open: (source: string) => Promise<DocumentStore | undefined>
  readonly logs: readonly string[]
  /** Otherwise the facts are counted, and nothing is published. */
  readonly publishes: boolean
  /** Told after each page: how many facts of a source there were. */
  readonly progress: (source: string, count: number) => void
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/** The clocks of services may differ by so much; what was stored earlier has not happened later. */
const SKEW_MS = 5_000
const PAGE = 200
const RUN_BYTES = 6

/**
 * Puts facts back on the stream, in the order of each subject, for consumers that have lost what they had made of them. Each
 * keeps its id and `seq`, by which a consumer that has it knows it. A second run publishes them once more. Throws
 * INVALID_CURSOR when the stream does not go back so far, UNAVAILABLE when the bus does not take them.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { wish, bus, random } = options
  const { stream } = bus
  if (stream === undefined) throw new TypeError('the stream is in the store: whoever wants to read it again reads it from there')
  const run = Buffer.from(random.bytes(RUN_BYTES)).toString('hex')
  const take = async (facts: readonly Fact[]): Promise<void> => {
    const wanted = facts.filter((fact) => isWished(wish, fact))
    if (options.publishes) await stream.replay(wanted, run)
    for (const [source, own] of Map.groupBy(wanted, (fact) => fact.source)) options.progress(source, own.length)
  }
  const pages = wish.from instanceof Date ? loggedSince(wish.from, options) : heldAfter(wish.from, { stream, signal: options.signal })
  for await (const facts of pages) {
    if (options.signal.aborted) return
    await take(facts)
  }
}

function isWished({ from, to, types, sources }: ReplayWish, fact: Fact): boolean {
  if (from instanceof Date && fact.time < from) return false
  if (to !== undefined && fact.time >= to) return false
  if (sources !== undefined && !sources.includes(fact.source)) return false
  return matches(types === undefined ? {} : { types }, fact)
}

async function* loggedSince(from: Date, { logs, open, clock, wish: { sources = logs } }: ReplayOptions): AsyncGenerator<readonly Fact[]> {
  for (const source of logs.filter((log) => sources.includes(log))) {
    const store = await open(source)
    if (store === undefined) continue
    try {
      const events = await openEventLog({ source, store, clock })
      yield* events.pages(new Date(from.getTime() - SKEW_MS))
    } finally {
      await store.close()
    }
  }
}

/** As far as the stream goes when it begins: not what it publishes itself. */
async function* heldAfter(
  after: string,
  { stream, signal }: { readonly stream: NonNullable<EventBus['stream']>; readonly signal: AbortSignal },
): AsyncGenerator<readonly Fact[]> {
  let page: Fact[] = []
  for await (const item of stream.held({ after, signal })) {
    if ('reset' in item) throw new CodedError('INVALID_CURSOR', 'The stream does not go back to this place: give a time instead.')
    page.push(item.fact)
    if (page.length < PAGE) continue
    yield page
    page = []
  }
  yield page
}
