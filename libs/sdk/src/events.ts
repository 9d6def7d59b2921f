import { setTimeout as sleep } from 'node:timers/promises'
import { CredenceError } from './credence-error.ts'
import { readEventStream } from './event-source.ts'
import type { CredenceEvent } from './messages.ts'
import { networkError, type Rest } from './rest.ts'
import { fromWire } from './wire-names.ts'

export interface EventFilter {
  /** A cursor that an event carried, or a time. */
  readonly from?: string | Date | undefined
  /** Whole types, or prefixes that end in a dot: `credential.`; absent: all. */
  readonly types?: readonly string[] | undefined
  readonly credentialId?: string | undefined
  /**
   * Called when `from` cannot be continued, because it is of another stream or older than what is kept: read the state anew,
   * then go on. Without it the iterator throws INVALID_CURSOR.
   */
  readonly onReset?: ((reset: Reset) => void) | undefined
}

/** Without `from`: from now on. */
export interface TailOptions extends EventFilter {
  /** Ends the stream. */
  readonly signal?: AbortSignal
  /** Pause before the stream is opened again after a break; default 1,000 ms. */
  readonly reconnectMs?: number
}

export interface Reset {
  /** Time of the oldest event that is kept. */
  readonly oldest?: Date
  readonly cursor: string
}

export interface Events {
  /**
   * Facts as they happen, at least once each. Opens the stream again after a break and goes on behind the last event that was
   * given out. Ends when the signal aborts; throws what the platform refuses.
   */
  tail(options?: TailOptions): AsyncIterable<CredenceEvent>
  /** What has happened since `from` (absent: all that is kept), oldest first; ends there. */
  list(options?: EventFilter): AsyncIterable<CredenceEvent>
}

const RECONNECT_MS = 1000
const PAGE = 500

/** Where a reader stands: behind this event, once the stream has been open. */
interface Place {
  lastEventId: string
  opened: boolean
}

export function eventsOf(rest: Rest, apiUrl: string): Events {
  return {
    async *tail(options = {}) {
      const { signal, reconnectMs = RECONNECT_MS } = options
      const place: Place = { lastEventId: '', opened: false }
      while (signal?.aborted !== true) {
        try {
          yield* readStream(rest, options, { place, apiUrl })
        } catch (error) {
          if (signal?.aborted) return
          if (!place.opened || !isBreak(error)) throw error
        }
        await sleep(reconnectMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
      }
    },
    async *list(filter = {}) {
      let query: Record<string, string | number | undefined> = { ...queryOf(filter), limit: PAGE }
      for (;;) {
        const page = await rest.call<EventPage>({ method: 'GET', path: '/v1/events', query })
        if (page.reset !== undefined) tellReset(page.reset, filter)
        yield* page.events
        if (page.events.length < PAGE || page.cursor === undefined) return
        query = { ...query, from: page.cursor }
      }
    },
  }
}

interface EventPage {
  readonly events: readonly CredenceEvent[]
  readonly cursor?: string
  readonly reset?: Reset
}

async function* readStream(rest: Rest, options: TailOptions, at: { place: Place; apiUrl: string }): AsyncGenerator<CredenceEvent> {
  const { place } = at
  const { lastEventId } = place
  const response = await rest.open({
    method: 'GET',
    path: '/v1/events/stream',
    query: queryOf(lastEventId === '' ? options : { ...options, from: undefined }),
    headers: { accept: 'text/event-stream', ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }) },
    signal: options.signal,
    timeoutMs: Number.POSITIVE_INFINITY,
  })
  place.opened = true
  try {
    for await (const message of readEventStream(response.body ?? [], lastEventId)) {
      if (options.signal?.aborted === true) return
      // Moved first: whoever stops in the middle of an event has been given it.
      place.lastEventId = message.lastEventId
      const data = fromWire(JSON.parse(message.data))
      if (message.event === 'reset') tellReset(data as Reset, options)
      else yield data as CredenceEvent
    }
  } catch (error) {
    throw error instanceof CredenceError ? error : networkError(error, at.apiUrl)
  }
}

function queryOf({ from, types, credentialId }: EventFilter): Record<string, string | undefined> {
  return { from: from instanceof Date ? from.toISOString() : from, types: types?.join(','), credential_id: credentialId }
}

function tellReset(reset: Reset, { onReset }: EventFilter): void {
  if (onReset !== undefined) {
    onReset(reset)
    return
  }
  const kept = reset.oldest === undefined ? '' : ` What is kept begins at ${reset.oldest.toISOString()}.`
  throw new CredenceError('INVALID_CURSOR', `The stream cannot go on from there.${kept} Read the state anew, then start without \`from\`.`)
}

/** A break of the line or of the platform: the stream is opened again. A refusal is final. */
function isBreak(error: unknown): boolean {
  return error instanceof CredenceError && (error.status === 0 || error.status >= 500) && error.code !== 'INVALID_CURSOR'
}
