import type { Clock, Logger, Random } from '@credence/service'
import type { Collection, Doc, DocumentStore, Stored } from '@credence/store'
import type { Place } from '../cursor.ts'
import { pauseAfter } from '../pause.ts'

/** `{id: <durable>, v, epoch, position}`: all up to the position was handled. */
interface CursorDoc extends Doc, Place {}

export interface CursorOptions {
  readonly store: DocumentStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** At most so often is a cursor written: what it lags behind is delivered again after a crash, as the port allows. */
const WRITE_PAUSE_MS = 100

/** How far a durable subscriber has come, kept across restarts. */
export class DurableCursor {
  readonly #cursors: Collection<CursorDoc>
  readonly #options: CursorOptions
  readonly #closing = new AbortController()
  #stored: Stored<CursorDoc>
  #reached: Place
  #writing: Promise<void> | undefined

  private constructor(options: CursorOptions, cursors: Collection<CursorDoc>, stored: Stored<CursorDoc>) {
    this.#options = options
    this.#cursors = cursors
    this.#stored = stored
    this.#reached = stored
  }

  /** Finds the cursor of that name, or makes it at `first`. */
  static async open(durable: string, first: Place, options: CursorOptions): Promise<DurableCursor> {
    const cursors = await options.store.collection<CursorDoc>({ name: 'bus_cursors', indexes: [] })
    const { epoch, position } = first
    const stored = (await cursors.get(durable, { fresh: true })) ?? (await cursors.insert({ id: durable, v: 1, epoch, position }))
    return new DurableCursor(options, cursors, stored)
  }

  get place(): Place {
    return this.#reached
  }

  /** Remembers the place; it is written soon, together with those that come in the meantime. */
  moveTo({ epoch, position }: Place): void {
    this.#reached = { epoch, position }
    if (this.#behind()) this.#writing ??= this.#write()
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#writing
    if (this.#behind()) await this.#save().catch((error: unknown) => this.#options.log.failure('bus.cursor_failed', error))
  }

  #behind(): boolean {
    return this.#stored.position !== this.#reached.position || this.#stored.epoch !== this.#reached.epoch
  }

  async #write(): Promise<void> {
    const { clock, random, log } = this.#options
    const { signal } = this.#closing
    for (let failures = 0; this.#behind() && !signal.aborted; ) {
      let pauseMs = WRITE_PAUSE_MS
      try {
        await this.#save()
        failures = 0
      } catch (error) {
        log.failure('bus.cursor_failed', error, { attempt: ++failures })
        pauseMs = pauseAfter(failures, random)
        this.#stored = (await this.#cursors.get(this.#stored.id, { fresh: true }).catch(() => undefined)) ?? this.#stored
      }
      await clock.sleep(pauseMs, signal).catch(() => undefined)
    }
    // In the same turn as the last look, so that a place reached right after it starts a new write.
    this.#writing = undefined
  }

  async #save(): Promise<void> {
    this.#stored = await this.#cursors.replace({ ...this.#stored, ...this.#reached }, this.#stored.rev)
  }
}
