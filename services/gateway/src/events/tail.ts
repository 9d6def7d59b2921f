import { CodedError } from '@credence/errors'
import { asCloudEvent, type Delivery, type EventBus, type Fact, type Reset } from '@credence/events'
import type { Event } from '@credence/proto/events'
import type { Principal } from '@credence/rpc'
import { requireScope } from '../connect/create-session.ts'
import type { Sight } from './sight.ts'

export interface TailRequest {
  /** A cursor, or a time (RFC 3339); empty: from now on. */
  readonly from: string
  /** Whole types or prefixes that end in a dot; empty: all. */
  readonly types: readonly string[]
  readonly credentialId: string
}

/**
 * Facts of the caller's project that he may see, from a place in the stream on, then as they come. A reset is said first when
 * the place cannot be continued. Ends when the signal aborts. Throws at once: SCOPE_REQUIRED without `events.read`,
 * INVALID_CURSOR for a place that is none.
 */
export function tailEvents(
  { bus, sight }: { readonly bus: EventBus; readonly sight: (principal: Principal) => Sight },
  principal: Principal,
  request: TailRequest & { readonly signal: AbortSignal },
): AsyncGenerator<Delivery | Reset> {
  requireScope(principal, 'events.read')
  const from = placeOf(request.from)
  const types = request.types.map((type) => type.replace(/^dev\.credence\./, ''))
  const filter = { project: principal.project, ...(types.length === 0 ? {} : { types }) }
  const reading = bus.read({ filter, signal: request.signal, ...(from === undefined ? {} : { from }) })
  return visible(reading, sight(principal), request.credentialId)
}

async function* visible(reading: AsyncIterable<Delivery | Reset>, seen: Sight, credentialId: string): AsyncGenerator<Delivery | Reset> {
  for await (const item of reading) {
    if ('reset' in item || (isAbout(item.fact, credentialId) && (await seen.maySee(item.fact)))) yield item
  }
}

function isAbout({ subject, data }: Fact, credentialId: string): boolean {
  return credentialId === '' || subject === credentialId || data.credential_id === credentialId
}

function placeOf(from: string): string | Date | undefined {
  if (from === '') return undefined
  if (!/^\d{4}-\d{2}-\d{2}T/.test(from)) return from
  const time = new Date(from)
  if (Number.isNaN(time.getTime())) throw new CodedError('INVALID_CURSOR')
  return time
}

/** A fact as the API's message. */
export function eventMessage({ fact, cursor }: Delivery): Event {
  const { id, type, source, project, subject, seq, data, traceparent = '' } = asCloudEvent(fact)
  const texts = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)]))
  return { id, type, source, project, subject, seq, time: fact.time, data: texts, traceparent, cursor }
}
