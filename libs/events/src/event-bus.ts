/** A fact in the past tense, in the shape of CloudEvents 1.0. It carries ids, times and reason codes; never a secret. */
export interface Fact {
  /** `evt_…`, unique; a repeated delivery has the same id. */
  readonly id: string
  /** `credential.refreshed`; on the wire `dev.credence.credential.refreshed`. */
  readonly type: string
  /** The service that owns the fact: `registry`, `vault`, … */
  readonly source: string
  readonly project: string
  /** The id of what it is about: `cred_…`, `prov_…`, `csmr_…`, `sess_…`. */
  readonly subject: string
  /** Counts the facts of one source document: a handler skips a `seq` not above the last it saw, and reads again. */
  readonly seq: number
  readonly time: Date
  /** Short members: versions, reason codes, ids, times as RFC 3339. Values are strings, numbers or booleans. */
  readonly data: Readonly<Record<string, string | number | boolean>>
  /** W3C trace context of the change that caused it. */
  readonly traceparent?: string
}

/** A fact as it was delivered, with the place in the stream that a reader may continue from. */
export interface Delivery {
  readonly fact: Fact
  /** `<epoch>.<position>`. */
  readonly cursor: string
}

/** Said once when a cursor is of another epoch or older than what is kept: what was missed must be read from the services. */
export interface Reset {
  readonly reset: true
  readonly oldest?: Date
  readonly cursor: string
}

/** Called in the trace of the change that the fact is about. */
export type FactHandler = (delivery: Delivery) => Promise<void>

export interface Subscription {
  close(): Promise<void>
}

/** Which facts: by type prefix (`credential.`), by exact types, by project. Absent means all. */
export interface FactFilter {
  readonly types?: readonly string[]
  readonly project?: string
}

/** What a stream holds: positions as in cursors. `oldest` is one above `newest` when there is nothing. */
export interface StreamState {
  readonly epoch: string
  readonly oldest: number
  readonly newest: number
}

/** A stream that is not in the store of the services, and can so be lost without them. The relay puts the facts back. */
export interface SeparateStream {
  /** As it was a few seconds ago; `fresh`: as it is now. Throws UNAVAILABLE. */
  state(options?: { readonly fresh?: boolean }): Promise<StreamState>
  /** To be called when the stream of this epoch has lost facts: it gets a new epoch, so that readers and relays notice. */
  renew(epoch: string): Promise<void>
  /** Publishes facts that were published before this epoch began. Within an epoch each is taken once, however often it is asked for. */
  restore(facts: readonly Fact[]): Promise<void>
  /** Publishes facts once more, whether the stream holds them or not; within one `run` each is taken once. Durable subscribers hear them again, under their own ids. */
  replay(facts: readonly Fact[], run: string): Promise<void>
  /** What the stream holds after a cursor, up to where it ends now. Throws INVALID_CURSOR at the call. */
  held(options: { readonly after: string; readonly signal: AbortSignal }): AsyncIterable<Delivery | Reset>
}

/**
 * The port to the event stream. At least once; in order per source document.
 *
 * B1 A published fact is durable when `publish` resolves; a fact id is published once, however often it is asked for.
 * B2 A durable subscriber that was down reads what it missed: its cursor moves only after its handler resolved.
 * B3 A handler that throws is called again with the same fact, after a growing pause; facts of other subjects go on.
 */
export interface EventBus {
  publish(facts: readonly Fact[]): Promise<void>
  subscribe(durable: string, filter: FactFilter, handler: FactHandler): Promise<Subscription>
  /** Reads from a cursor or a time on, then follows the stream; ends when the signal aborts. */
  read(options: {
    readonly from?: string | Date
    readonly filter?: FactFilter
    readonly signal: AbortSignal
  }): AsyncIterable<Delivery | Reset>
  /** Absent where the stream is in the store of the services. */
  readonly stream?: SeparateStream
  close(): Promise<void>
}
