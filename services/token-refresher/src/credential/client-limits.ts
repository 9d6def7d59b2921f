import type { RefreshResult } from './token-facts.ts'

/** What one order says of the endpoint, whatever it means for the grant. `silent`: the endpoint was not asked. */
export type EndpointWord = 'answered' | 'throttled' | 'failed' | 'silent'

export interface Place {
  /**
   * To be called once, when the order has ended. `retryAfterMs`: how long the endpoint wants to be left alone. True: with
   * this order the endpoint is known to be well again.
   */
  leave(word: EndpointWord, retryAfterMs?: number): boolean
}

/**
 * How many refreshes of one OAuth client are under way in this process (REFRESH 4.6). A client is registered at one token
 * endpoint, so its id stands for both. Each replica has limits of its own: every one of them hears the endpoint itself, and
 * additive increase with multiplicative decrease makes them share it as TCP flows share a line. Nothing is kept anywhere.
 */
export interface ClientLimits {
  /** A place, or the time to ask for one again (ms). Refreshes without a client are not limited. */
  enter(clientId: string | undefined): Place | { readonly waitUntil: number }
  /** How many endpoints are left alone now, by why. */
  avoided(): Readonly<Record<'open' | 'half_open' | 'waiting', number>>
}

export interface ClientLimitsOptions {
  /** Places of a client that nothing is known of. */
  readonly start: number
  /** More than these no client gets. */
  readonly most: number
  now(): number
  /** Uniform in [0, 1). */
  fraction(): number
}

/** The breaker opens when so many ended within the time, and half of them failed. */
const BREAKER = { afterResults: 20, withinMs: 60_000, share: 0.5, openMs: 30_000, spreadMs: 150_000 } as const
/** Who found no place comes back when it is his turn by the pace so far, and not much later than that pace can be trusted. */
const WAIT = { atLeastMs: 1_000, atMostMs: 60_000 } as const
/** Of the running mean of durations. */
const NEWEST_WEIGHT = 0.2
/** Retry-After is a floor, its cap is that of REFRESH 4.6. */
const MAX_RETRY_AFTER_MS = 3_600_000

interface Endpoint {
  limit: number
  running: number
  lastCutAt: number
  /** No order before it: Retry-After, or the open breaker. */
  closedUntil: number
  /** After the breaker was open: one order decides. */
  isHalfOpen: boolean
  results: { readonly at: number; readonly isFailure: boolean }[]
  meanMs: number
  /** The turn that was given out last. */
  lastTurn: number
}

const ENDLESS: Place = { leave: () => false }

export function openClientLimits(options: ClientLimitsOptions): ClientLimits {
  const { now, fraction, start, most } = options
  const endpoints = new Map<string, Endpoint>()
  const later = (from: number): { waitUntil: number } => ({ waitUntil: Math.trunc(from + WAIT.atLeastMs * (1 + fraction())) })
  return {
    enter(clientId) {
      if (clientId === undefined) return ENDLESS
      const endpoint = endpoints.get(clientId) ?? fresh(start)
      endpoints.set(clientId, endpoint)
      // An open breaker lets one through in its time: nobody else need come so often, and all are back soon after it closes.
      if (endpoint.closedUntil > now()) return later(endpoint.closedUntil + (endpoint.isHalfOpen ? fraction() * BREAKER.spreadMs : 0))
      if (endpoint.running >= (endpoint.isHalfOpen ? 1 : Math.floor(endpoint.limit)))
        return later(nextTurn(endpoint, now()) - WAIT.atLeastMs)
      endpoint.running++
      const begunAt = now()
      return {
        leave(word, retryAfterMs = 0) {
          endpoint.running--
          const wasHalfOpen = endpoint.isHalfOpen
          learn(endpoint, word, { begunAt, now: now(), retryAfterMs, most })
          // What is as it was in the beginning need not be remembered.
          if (endpoint.running === 0 && endpoint.limit === start && endpoint.results.length === 0) endpoints.delete(clientId)
          return wasHalfOpen && !endpoint.isHalfOpen
        },
      }
    },
    avoided() {
      const count = { open: 0, half_open: 0, waiting: 0 }
      for (const { closedUntil, isHalfOpen } of endpoints.values()) {
        if (closedUntil > now()) count[isHalfOpen ? 'open' : 'waiting']++
        else if (isHalfOpen) count.half_open++
      }
      return count
    },
  }
}

/** The endpoint's part in how an order ended. An answer that refuses a grant is a good answer; a vault that is away says nothing. */
export function endpointWord({ outcome, answer }: Pick<RefreshResult, 'outcome' | 'answer'>): EndpointWord {
  if (outcome === 'refreshed' || answer?.kind === 'tokens') return 'answered'
  if (answer === undefined) return 'silent'
  if (answer.kind === 'not_sent') return answer.cause === 'vault_unavailable' ? 'silent' : 'failed'
  if (answer.kind === 'lost') return 'failed'
  if (answer.status === 429 || (answer.status === 503 && answer.retryAfterMs !== undefined)) return 'throttled'
  return answer.status >= 500 ? 'failed' : 'answered'
}

function fresh(start: number): Endpoint {
  const never = Number.NEGATIVE_INFINITY
  return { limit: start, running: 0, lastCutAt: never, closedUntil: never, isHalfOpen: false, results: [], meanMs: 1_000, lastTurn: never }
}

/** One turn after the other, as far apart as orders have ended until now. */
function nextTurn(endpoint: Endpoint, now: number): number {
  const turn = Math.max(endpoint.lastTurn, now + WAIT.atLeastMs) + endpoint.meanMs / endpoint.limit
  endpoint.lastTurn = Math.min(turn, now + WAIT.atMostMs)
  return endpoint.lastTurn
}

function learn(endpoint: Endpoint, word: EndpointWord, at: { begunAt: number; now: number; retryAfterMs: number; most: number }): void {
  if (word === 'silent') return
  const { begunAt, now, retryAfterMs, most } = at
  endpoint.meanMs += NEWEST_WEIGHT * (now - begunAt - endpoint.meanMs)
  if (word === 'answered') endpoint.limit = Math.min(endpoint.limit + 1 / endpoint.limit, most)
  // Those that began before the last cut speak of the time before it.
  else if (begunAt >= endpoint.lastCutAt) {
    endpoint.limit = Math.max(endpoint.limit / 2, 1)
    endpoint.lastCutAt = now
  }
  if (word === 'throttled') endpoint.closedUntil = Math.max(endpoint.closedUntil, now + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
  else switchBreaker(endpoint, word === 'failed', now)
}

function switchBreaker(endpoint: Endpoint, isFailure: boolean, now: number): void {
  const results = endpoint.results.filter(({ at }) => at > now - BREAKER.withinMs)
  results.push({ at: now, isFailure })
  endpoint.results = results.slice(-10 * BREAKER.afterResults)
  const failures = results.filter((result) => result.isFailure).length
  const isOverdone = results.length >= BREAKER.afterResults && failures >= BREAKER.share * results.length
  if (endpoint.isHalfOpen ? isFailure : isOverdone) {
    endpoint.closedUntil = now + BREAKER.openMs
    endpoint.isHalfOpen = true
    endpoint.results = []
  } else if (endpoint.isHalfOpen) endpoint.isHalfOpen = false
}
