import { CodedError } from '@credence/errors'
import type { Clock, Random } from '@credence/service'
import type { Dispatcher } from 'undici'
import { type Resolver, systemResolver } from './address-check.ts'
import { type Connect, Connector, systemConnect } from './connector.ts'
import { Deadlines } from './deadlines.ts'
import { closed, withSent } from './failure.ts'
import { Flight } from './flight.ts'
import type { OutboundRequest, OutboundResponse } from './outbound.ts'
import { Pools } from './pools.ts'
import { requestHead } from './request-head.ts'
import type { EgressSettings } from './settings.ts'
import { targetOf } from './target.ts'

/** The door to the outside. */
export interface Egress {
  /**
   * Sends one request, once: no redirect is followed, no cookie kept, nothing repeated. Resolves when the answer's head is
   * here. Every failure is a CodedError whose `facts.sent` says whether any byte of the request was given to the socket
   * ('yes' or 'no') and whose `facts.cause` says where it failed; only what `beforeWrite` throws comes back as it is.
   */
  send(request: OutboundRequest): Promise<OutboundResponse>
  /** Ends every call and connection; calls after it are refused. */
  close(): Promise<void>
}

export interface EgressOptions {
  readonly settings: EgressSettings
  readonly clock: Clock
  readonly random: Random
  readonly resolver?: Resolver
  readonly connect?: Connect
}

const MARK_BYTES = 16

export function createEgress(options: EgressOptions): Egress {
  return new SocketEgress(options)
}

class SocketEgress implements Egress {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #pools: Pools
  /** Calls whose head has not been written, by the mark that their head carries to the socket. */
  readonly #departing = new Map<string, Flight>()
  readonly #flights = new Set<Flight>()
  readonly #markPrefix: string
  #marks = 0
  #closed = false

  constructor({ settings, clock, random, resolver = systemResolver, connect = systemConnect }: EgressOptions) {
    this.#clock = clock
    this.#deadlines = new Deadlines(clock)
    this.#markPrefix = Buffer.from(random.bytes(MARK_BYTES)).toString('hex')
    const connector = new Connector({ settings, clock, resolver, connect })
    this.#pools = new Pools({ connector, clock, take: (mark) => this.#take(mark) })
  }

  send(request: OutboundRequest): Promise<OutboundResponse> {
    try {
      return this.#start(request).answer
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const flight of [...this.#flights]) flight.close()
    this.#deadlines.stop()
    await this.#pools.close()
  }

  /** Nothing in here has touched a socket, so every failure is one that sent nothing. */
  #start(request: OutboundRequest): Flight {
    try {
      if (this.#closed) throw closed()
      const target = targetOf(request.url, request.hosts)
      const mark = `${this.#markPrefix}z${(this.#marks++).toString(36)}`
      const headers = requestHead(request, target, mark)
      const { pool, leave } = this.#pools.enter(request.project, target)
      const flight = new Flight({
        request,
        clock: this.#clock,
        onStage: (moved) => this.#deadlines.add(moved),
        onEnd: (ended) => this.#forget(ended, mark, leave),
      })
      this.#departing.set(mark, flight)
      this.#flights.add(flight)
      this.#deadlines.add(flight)
      if (request.signal?.aborted) flight.abort()
      else
        pool.dispatch(
          { origin: target.origin, path: target.path, method: request.method as Dispatcher.HttpMethod, headers, body: flight.body },
          flight,
        )
      return flight
    } catch (error) {
      throw error instanceof CodedError ? withSent(error, false) : error
    }
  }

  /** Each mark is given out once: what the dispatcher might send again finds nothing. */
  #take(mark: string): Flight | undefined {
    const flight = this.#departing.get(mark)
    this.#departing.delete(mark)
    return flight
  }

  #forget(flight: Flight, mark: string, leave: () => void): void {
    this.#departing.delete(mark)
    this.#flights.delete(flight)
    this.#deadlines.remove(flight)
    leave()
  }
}
