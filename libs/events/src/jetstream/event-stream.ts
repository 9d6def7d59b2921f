import type { Clock, Logger, Random } from '@credence/service'
import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import type { StreamState } from '../event-bus.ts'
import { Wakeup } from '../wakeup.ts'
import { asUnavailable, type Link } from './link.ts'
import { companionConfigs, differs, factsConfig, type Names, type Wanted } from './stream-config.ts'

export interface EventStreamOptions {
  readonly link: Link
  readonly names: Names
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What the stream holds, and when its oldest message came. */
export interface HeldState extends StreamState {
  /** It was not made with this epoch: the server still remembers message ids of the one before. */
  readonly renewed: boolean
  readonly oldestAt?: Date
}

const EPOCH = 'epoch'
const RENEWED = 'renewed'
const EPOCH_BYTES = 8
/** How old an answer of the server may be where nothing hints at a change. */
const FRESH_MS = 5_000
const CONNECT_MS = 1_000
/** In which a server removes the files of a stream that it has told us is deleted. */
const REMOVAL_MS = 1_000
/** Made in the meantime, by somebody who chose another epoch. */
const NAME_IN_USE = 10_058

/**
 * The stream of facts on the server, made and kept in shape by whoever finds it missing.
 *
 * S1 The epoch is random and made with the stream. It is in the stream's metadata, so that it lives and dies with it.
 * S2 A stream that ends before a position that was acknowledged has lost facts: it gets a new epoch.
 * S3 A stream that was there is made anew a second after it was found missing: a server says that a stream is deleted before
 *    it removes the files, and takes those of a stream of the same name with them.
 */
export class EventStream {
  readonly #options: EventStreamOptions
  readonly #closed = new AbortController()
  readonly #changed: Wakeup
  readonly #stopListening: () => void
  readonly #watching: Promise<void>
  #held: HeldState | undefined
  #heldAt = 0
  #asking: Promise<HeldState> | undefined
  #highest = 0
  #companions = false

  constructor(options: EventStreamOptions) {
    this.#options = options
    this.#changed = new Wakeup(options.clock)
    this.#stopListening = options.link.onChange(() => this.doubt())
    // Made, changed or deleted by whomever. It may be said too late, or to nobody: the watch is what counts.
    options.link.listen(`$JS.EVENT.ADVISORY.STREAM.*.${options.names.stream}`, () => this.#suspect())
    this.#watching = this.#watch()
  }

  /** The state as last heard, asked for anew when that is older than 5 s or in doubt. Throws UNAVAILABLE. */
  async state(): Promise<HeldState> {
    const fresh = this.#held !== undefined && this.#options.clock.monotonicMs() - this.#heldAt < FRESH_MS
    return fresh ? this.#held! : this.refresh()
  }

  /** The state now. Makes the stream when there is none. */
  async refresh(): Promise<HeldState> {
    // An answer that is on its way may be older than the question.
    await this.#asking?.catch(() => undefined)
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  /** Something may have happened to the stream: the next who needs its state asks. */
  doubt(): void {
    this.#heldAt = Number.NEGATIVE_INFINITY
  }

  #suspect(): void {
    this.doubt()
    void this.refresh().catch(() => undefined)
  }

  /** Something else is missing on the server: the streams beside this one are looked at, too. */
  mend(): void {
    this.#companions = false
    this.doubt()
  }

  /** The server has acknowledged a message at this position. */
  reached(position: number): void {
    // Below the highest: the stream was made anew under us.
    if (position <= this.#highest) this.doubt()
    else this.#highest = position
  }

  /** Resolves when the epoch is another than this one, or the signal aborts. */
  async ended(epoch: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (this.#held === undefined || this.#held.epoch === epoch)) await this.#changed.sleep(FRESH_MS, signal)
  }

  /** Gives the stream a new epoch, if it still has this one. What it holds stays, and so do the consumers of others. */
  async renew(epoch: string): Promise<void> {
    try {
      await this.#setEpoch(epoch)
    } catch (error) {
      throw asUnavailable(error)
    }
    await this.refresh()
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#stopListening()
    await this.#watching
  }

  /** Asks now and then, so that readers hear of a new epoch though nothing is published. */
  async #watch(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#closed
    while (!signal.aborted) {
      await this.state().catch(() => undefined)
      await clock.sleep(FRESH_MS / 2, signal).catch(() => undefined)
    }
  }

  async #ask(): Promise<HeldState> {
    try {
      for (;;) {
        const highest = this.#highest
        const held = await this.#look()
        // Known before it was asked, so that an answer that crossed an acknowledgement is not taken for a loss.
        if (held.newest >= highest || this.#highest < highest) return held
        await this.#setEpoch(held.epoch)
      }
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  async #look(): Promise<HeldState> {
    const { link, names, clock, log } = this.#options
    const asked = clock.monotonicMs()
    const held = stateOf(await link.ask(({ jsm }) => this.#info(jsm), CONNECT_MS))
    if (!this.#companions) for (const config of companionConfigs(names)) await link.ask(({ jsm }) => this.#ensure(jsm, config))
    this.#companions = true
    if (this.#held?.epoch !== held.epoch) {
      if (this.#held !== undefined) log.warn('bus.epoch_changed')
      this.#highest = 0
    }
    this.#held = held
    this.#heldAt = asked
    this.#changed.wake()
    return held
  }

  /** The stream as it is; brought into shape once, and made where it is missing. */
  async #info(jsm: JetStreamManager): Promise<StreamInfo> {
    const { names, random } = this.#options
    if (this.#held !== undefined) {
      const info = await orUndefined(jsm.streams.info(names.stream), JetStreamApiCodes.StreamNotFound)
      if (info !== undefined) return info
    }
    return this.#ensure(jsm, { ...factsConfig(names), metadata: { [EPOCH]: newEpoch(random) } })
  }

  /** Makes the stream, or changes what differs in it. An epoch that it has stays. */
  async #ensure(jsm: JetStreamManager, wanted: Wanted): Promise<StreamInfo> {
    const info = await orUndefined(jsm.streams.info(wanted.name), JetStreamApiCodes.StreamNotFound)
    if (info !== undefined) return inShape(jsm, info, wanted)
    // S3
    if (this.#held !== undefined) await this.#options.clock.sleep(REMOVAL_MS, this.#closed.signal)
    const made = await orUndefined(jsm.streams.add(wanted), NAME_IN_USE)
    // Another replica was faster, with an epoch of its own.
    return made ?? jsm.streams.info(wanted.name)
  }

  /** Compares as well as it can: of two that renew at once both may win, and the later epoch is the one that counts. */
  async #setEpoch(ended: string): Promise<void> {
    const { link, names, random, log } = this.#options
    const { config } = await link.ask(({ jsm }) => jsm.streams.info(names.stream), CONNECT_MS)
    if (config.metadata?.[EPOCH] !== ended) return
    const metadata = { ...config.metadata, [EPOCH]: newEpoch(random), [RENEWED]: 'true' }
    await link.ask(({ jsm }) => jsm.streams.update(names.stream, { ...config, metadata }))
    log.warn('bus.stream_renewed')
  }
}

async function inShape(jsm: JetStreamManager, info: StreamInfo, wanted: Wanted): Promise<StreamInfo> {
  const metadata = { ...wanted.metadata, ...info.config.metadata }
  if (!differs(info.config, wanted) && (wanted.metadata === undefined || info.config.metadata?.[EPOCH] !== undefined)) return info
  const { name, storage: _storage, retention: _retention, ...changeable } = wanted
  return jsm.streams.update(name, { ...info.config, ...changeable, metadata })
}

async function orUndefined<T>(asked: Promise<T>, code: number): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === code) return undefined
    throw error
  }
}

function newEpoch(random: Random): string {
  return Buffer.from(random.bytes(EPOCH_BYTES)).toString('hex')
}

function stateOf({ config, state }: StreamInfo): HeldState {
  const { [EPOCH]: epoch = '', [RENEWED]: renewed } = config.metadata ?? {}
  // Of an empty stream the server calls the oldest 0, as if it held a message before all others.
  const oldest = state.messages === 0 ? state.last_seq + 1 : state.first_seq
  const held = { epoch, renewed: renewed !== undefined, oldest, newest: state.last_seq }
  return state.messages === 0 ? held : { ...held, oldestAt: new Date(state.first_ts) }
}
