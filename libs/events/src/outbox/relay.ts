import { isCoded } from '@credence/errors'
import type { Clock, Logger } from '@credence/service'
import { type Metrics, unmeasured } from '@credence/service/metrics'
import type { Collection, DocumentStore, Stored } from '@credence/store'
import type { EventBus, Fact } from '../event-bus.ts'
import { Wakeup } from '../wakeup.ts'
import { observeOutbox } from './backlog.ts'
import { openEventLog, sweepHourly } from './event-log.ts'
import { type HasOutbox, OUTBOX_INDEX, withoutFacts } from './outbox.ts'
import { streamGuard } from './stream-guard.ts'

/** As many as a store takes in one group commit. */
const PAGE = 64
const INTERVAL_MS = 5_000
const FIRST_RETRY_MS = 100

export interface RelayOptions {
  /** The service whose facts these are; they are kept in `<source>_events`. */
  readonly source: string
  readonly store: DocumentStore
  /** Opened with `OUTBOX_INDEX` among their indexes. */
  readonly collections: readonly Collection<HasOutbox>[]
  readonly bus: EventBus
  readonly clock: Clock
  readonly log: Logger
  readonly metrics?: Metrics
  /** How often the outboxes are looked at without a nudge. Default 5 s. */
  readonly intervalMs?: number
}

export interface Relay {
  /** To be called after a write that added facts. Returns at once. */
  nudge(): void
  /** Resolves when all that waits now is relayed; rejects with the first error, and the facts stay where they are. */
  drain(): Promise<void>
  /** Ends the timer and waits for the documents in hand. What is left is relayed after the next start. */
  stop(): Promise<void>
}

/**
 * Moves facts out of the documents into the event log and onto the bus.
 *
 * R1 A fact leaves its document only when it is in the event log and on the bus: a crash at any point repeats, never loses.
 * R2 The facts of one document go in their order: none is published before all older ones are.
 * R3 Several relays may work on one document: event log and bus take an event id once, and the document is changed by
 *    compare-and-set, so that facts written in the meantime stay.
 * R4 What a lost stream held is on the bus again before anything newer is.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { source, store, clock, log, metrics = unmeasured, intervalMs = INTERVAL_MS } = options
  const events = await openEventLog({ source, store, clock })
  const stopping = new AbortController()
  const { signal } = stopping
  const nudges = new Wakeup(clock)
  let wanted = true

  const guard = streamGuard({ bus: options.bus, events, clock, log, signal })
  const publish = async (fact: Fact): Promise<void> => {
    await guard.publish(fact)
    metrics.count('credence_events_published_total', { type: fact.type })
  }
  observeOutbox({ metrics, collections: options.collections, clock })

  const relayAll = async (): Promise<void> => {
    await guard.restore()
    for (const collection of options.collections) await relayCollection({ collection, publish, keep: events.keep, signal })
    await guard.mark()
  }
  const run = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      wanted = false
      try {
        await relayAll()
        failures = 0
        if (!wanted) await nudges.sleep(intervalMs, signal)
      } catch (error) {
        failures++
        log.failure('relay.failed', error, { attempt: failures })
        // A nudge does not cut this pause short: a bus that is down would be asked once per change.
        await clock.sleep(Math.min(intervalMs, FIRST_RETRY_MS * 2 ** failures), signal).catch(() => undefined)
      }
    }
  }
  const running = Promise.all([run(), sweepHourly({ sweep: () => events.sweep(signal), clock, log, signal })])

  return {
    nudge() {
      wanted = true
      nudges.wake()
    },
    drain: relayAll,
    async stop() {
      stopping.abort()
      await running
    },
  }
}

interface Pass {
  readonly collection: Collection<HasOutbox>
  readonly publish: (fact: Fact) => Promise<void>
  readonly keep: (fact: Fact) => Promise<void>
  readonly signal: AbortSignal
}

/** Goes over the index once. One document that cannot be relayed does not hold up the others; a whole page that cannot does. */
async function relayCollection(pass: Pass): Promise<void> {
  let after: string | undefined
  let failure: PromiseRejectedResult | undefined
  do {
    const page = await pass.collection.find(OUTBOX_INDEX.name, { prefix: [], limit: PAGE, ...(after === undefined ? {} : { after }) })
    const results = await Promise.allSettled(page.docs.map((doc) => relayDocument(pass, doc)))
    const failed = results.filter((result) => result.status === 'rejected')
    failure ??= failed[0]
    if (failed.length > 0 && failed.length === results.length) throw failed[0]!.reason
    after = page.next
  } while (after !== undefined && !pass.signal.aborted)
  if (failure !== undefined) throw failure.reason
}

/** R1: log, bus, document, in this order. */
async function relayDocument({ collection, publish, keep }: Pass, found: Stored<HasOutbox>): Promise<void> {
  await Promise.all(found.outbox.map(keep))
  // R2: one by one, because a bus keeps the order of a subject only, and a document may tell of several.
  for (const fact of found.outbox) await publish(fact)
  const relayed = new Set(found.outbox.map((fact) => fact.id))
  let doc: Stored<HasOutbox> | undefined = found
  while (doc?.outbox.some((fact) => relayed.has(fact.id))) {
    const written = await collection.replace(withoutFacts(doc, relayed), doc.rev).catch((error: unknown) => {
      if (!isCoded(error, 'CONFLICT')) throw error
    })
    if (written !== undefined) return
    doc = await collection.get(doc.id, { fresh: true })
  }
}
