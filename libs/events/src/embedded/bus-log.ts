import { isId } from '@credence/credential'
import { isCoded } from '@credence/errors'
import type { Clock, Logger, Random } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { Collection, Doc, DocumentStore, Stored } from '@credence/store'
import type { Fact } from '../event-bus.ts'
import { KEPT_MS } from '../outbox/event-log.ts'
import { pauseAfter } from '../pause.ts'
import { Wakeup } from '../wakeup.ts'
import type { Entry } from './entry.ts'
import { Order } from './order.ts'
import { Tail } from './tail.ts'

/** `{id: 'evt_…', v, position, at, fact}`: the id is the claim that publishes a fact once. */
interface EntryDoc extends Doc, Entry {}

/** `{id: 'epoch', v, epoch, sweptTo, sweptAt?}`: the one document without a position, and so not in the index. */
interface EpochDoc extends Doc {
  readonly epoch: string
  /** All positions up to here were removed; a newer log never gives them again. */
  readonly sweptTo: number
  /** When the last of them was published. */
  readonly sweptAt?: Date
}

export interface BusLogOptions {
  readonly store: DocumentStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics?: Metrics
}

interface Start {
  readonly docs: Collection<EntryDoc>
  readonly epochs: Collection<EpochDoc>
  readonly epoch: Stored<EpochDoc>
  readonly newest: Entry | undefined
}

const INDEX = 'position'
const EPOCH_ID = 'epoch'
const EPOCH_BYTES = 8
const PAGE = 200
/** Only a lost wake-up would need it. */
const SAFETY_POLL_MS = 30_000

/**
 * The stream of the embedded bus: facts at strictly growing positions.
 *
 * L1 A fact id has one place: it is the id of its document, which can be inserted once.
 * L2 Readers are shown nothing above a position whose insert is not decided, so that nothing appears behind them.
 * L3 A position is never given twice: a new writer goes on after the highest that is stored or was swept.
 * One writer at a time: the embedded profile is one process, which opens the log once.
 */
export class BusLog {
  readonly #docs: Collection<EntryDoc>
  readonly #epochs: Collection<EpochDoc>
  readonly #options: BusLogOptions
  readonly #order: Order
  readonly #tail: Tail
  readonly #wakeup: Wakeup
  readonly #closed = new AbortController()
  #epoch: Stored<EpochDoc>
  #last: number
  #lastAt: number

  private constructor(options: BusLogOptions, start: Start) {
    const { docs, epochs, epoch, newest } = start
    this.#options = options
    this.#docs = docs
    this.#epochs = epochs
    this.#epoch = epoch
    this.#last = Math.max(epoch.sweptTo, newest?.position ?? 0)
    this.#lastAt = (newest?.at ?? epoch.sweptAt)?.getTime() ?? 0
    this.#order = new Order(this.#last)
    this.#tail = new Tail(this.#last)
    this.#wakeup = new Wakeup(options.clock)
  }

  static async open(options: BusLogOptions): Promise<BusLog> {
    const spec = { name: 'bus_log', indexes: [{ name: INDEX, members: ['position'] }] }
    const docs = await options.store.collection<EntryDoc>(spec)
    const epochs = await options.store.collection<EpochDoc>(spec)
    const epoch = await readEpoch(epochs, options.random)
    const { docs: newest } = await docs.find(INDEX, { prefix: [], reverse: true, limit: 1 })
    return new BusLog(options, { docs, epochs, epoch, newest: newest[0] })
  }

  get epoch(): string {
    return this.#epoch.epoch
  }

  /** Everything up to here can be read. */
  get head(): number {
    return this.#order.settled
  }

  /** What was removed: a reader who saw less has missed facts. */
  get swept(): { readonly to: number; readonly at?: Date } {
    const { sweptTo: to, sweptAt: at } = this.#epoch
    return at === undefined ? { to } : { to, at }
  }

  /** Resolves when the fact is durable. A fact that is in the log keeps its place. Throws STORE_UNAVAILABLE. */
  async append(fact: Fact): Promise<void> {
    if (!isId('evt', fact.id)) throw new TypeError('a fact has an evt_ id')
    this.#lastAt = Math.max(this.#lastAt, this.#options.clock.now())
    const entry = { position: ++this.#last, at: new Date(this.#lastAt), fact }
    this.#order.begin(entry.position)
    try {
      await this.#docs.insert({ id: fact.id, v: 1, ...entry })
      this.#decide(entry, true)
    } catch (error) {
      if (isCoded(error, 'ALREADY_EXISTS')) return this.#decide(entry, false)
      void this.#findOut(entry)
      throw error
    }
  }

  /** The next entries after a position, lowest first, and up to where they are all. */
  async after(position: number, limit: number = PAGE): Promise<{ readonly entries: readonly Entry[]; readonly upTo: number }> {
    const head = this.head
    if (position >= head) return { entries: [], upTo: position }
    const recent = this.#tail.after(position, limit)
    const entries = recent ?? (await this.#docs.find(INDEX, { prefix: [], from: position + 1, to: head + 1, limit })).docs
    return { entries, upTo: entries.length < limit ? head : entries.at(-1)!.position }
  }

  /** Resolves when there is something after `position`, when the signal aborts, or now and then for safety. */
  async change(position: number, signal: AbortSignal): Promise<void> {
    if (this.head <= position) await this.#wakeup.sleep(SAFETY_POLL_MS, signal)
  }

  /** The position after which everything was published at or after `time`. */
  async positionBefore(time: Date): Promise<number> {
    let [low, high] = [this.#epoch.sweptTo, this.head]
    // By halves: `at` grows with the position, and an index on it would cost each publish a write.
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2)
      const entry = (await this.after(middle, 1)).entries[0]
      if (entry === undefined || entry.at >= time) high = middle
      else low = entry.position
    }
    return low
  }

  /** Removes what is older than is kept. The mark is written first: after a crash between the two, readers still know. */
  async sweep(signal: AbortSignal): Promise<void> {
    const before = new Date(this.#options.clock.now() - KEPT_MS)
    while (!signal.aborted) {
      const { docs } = await this.#docs.find(INDEX, { prefix: [], to: this.head + 1, limit: PAGE })
      const old = docs.filter((entry) => entry.at < before)
      const last = old.at(-1)
      if (last === undefined) return
      if (last.position > this.#epoch.sweptTo) {
        const epoch = { ...this.#epoch, sweptTo: last.position, sweptAt: last.at }
        this.#epoch = await this.#epochs.replace(epoch, this.#epoch.rev)
      }
      await Promise.all(old.map((entry) => this.#docs.remove(entry.id, entry.rev)))
      if (old.length < PAGE) return
    }
  }

  close(): void {
    this.#closed.abort()
    this.#wakeup.wake()
  }

  #decide(entry: Entry, stored: boolean): void {
    this.#order.done(entry.position)
    this.#tail.put(entry.position, stored ? entry : undefined)
    if (this.#tail.show(this.head)) this.#wakeup.wake()
  }

  /** L2: an insert that failed may arrive all the same; its position stays undecided until the store takes writes again and can say. */
  async #findOut(entry: Entry): Promise<void> {
    const { store, clock, random, log } = this.#options
    const { signal } = this.#closed
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await store.ping()
        const stored = await this.#docs.get(entry.fact.id, { fresh: true })
        return this.#decide(entry, stored?.position === entry.position)
      } catch (error) {
        log.failure('bus.undecided', error, { event_id: entry.fact.id, attempt })
        await clock.sleep(pauseAfter(attempt, random), signal).catch(() => undefined)
      }
    }
  }
}

/** Random, and made with the log: a log that was lost and begun anew does not continue the cursors of the old one. */
async function readEpoch(epochs: Collection<EpochDoc>, random: Random): Promise<Stored<EpochDoc>> {
  const known = await epochs.get(EPOCH_ID, { fresh: true })
  if (known !== undefined) return known
  const epoch = Buffer.from(random.bytes(EPOCH_BYTES)).toString('hex')
  return epochs.insert({ id: EPOCH_ID, v: 1, epoch, sweptTo: 0 })
}
