import { setTimeout as sleep } from 'node:timers/promises'
import { CredenceError } from './credence-error.ts'
import { readEventStream, type StreamMessage } from './event-source.ts'
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

export function eventsOf(rest: Rest, apiUrl: string): Events {
  return {
    async *tail(options = {}) {
      const { signal, reconnectMs = RECONNECT_MS } = options
      const place = { lastEventId: '' }
      while (signal?.aborted !== true) {
        try {
          yield* readOnce(rest, options, place)
        } catch (error) {
          if (signal?.aborted) return
          if (!isBreak(error)) throw error
        }
        await sleep(reconnectMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
      }
    },
  }

  async function* readOnce(rest: Rest, options: TailOptions, place: { lastEventId: string }): AsyncGenerator<CredenceEvent> {
    const { from, types, credentialId, signal } = options
    const response = await rest.open({
      method: 'GET',
      path: '/v1/events',
      query: {
        from: place.lastEventId === '' ? (from instanceof Date ? from.toISOString() : from) : undefined,
        types: types?.join(','),
        credential_id: credentialId,
      },
      headers: { accept: 'text/event-stream', ...(place.lastEventId === '' ? {} : { 'last-event-id': place.lastEventId }) },
      signal,
      timeoutMs: Number.POSITIVE_INFINITY,
    })
    if (response.body === null) return
    try {
      for await (const message of readEventStream(response.body, place.lastEventId)) {
        const event = eventOf(message, options)
        // Moved first: a consumer that stops here has been given this event.
        place.lastEventId = message.lastEventId
        if (event !== undefined) yield event
      }
    } catch (error) {
      throw error instanceof CredenceError ? error : networkError(error, apiUrl)
    }
  }
}

function eventOf(message: StreamMessage, { onReset }: TailOptions): CredenceEvent | undefined {
  const data = fromWire(JSON.parse(message.data))
  if (message.event !== 'reset') return data as CredenceEvent
  const reset = data as Reset
  if (onReset === undefined) {
    const oldest = reset.oldest === undefined ? '' : `; what is kept begins at ${reset.oldest.toISOString()}`
    throw new CredenceError(
      'INVALID_CURSOR',
      `The stream cannot go on from there${oldest}. Read the state anew and start without \`from\`.`,
    )
  }
  onReset(reset)
  return undefined
}

/** A break of the line or of the platform: the stream is opened again. A refusal is final. */
function isBreak(error: unknown): boolean {
  return error instanceof CredenceError && (error.status === 0 || error.status >= 500) && error.code !== 'INVALID_CURSOR'
}
