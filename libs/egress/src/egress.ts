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
import { MARK_HEADER, requestHead } from './request-head.ts'
import type { EgressSettings } from './settings.ts'
import { Slots } from './slots.ts'
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
  readonly #flights = new Slots<Flight>()
  readonly #markPrefix: string
  #started = 0
  #closed = false

  constructor({ settings, clock, random, resolver = systemResolver, connect = systemConnect }: EgressOptions) {
    this.#clock = clock
    this.#deadlines = new Deadlines(clock, () => this.#flights.all())
    this.#markPrefix = Buffer.from(random.bytes(MARK_BYTES)).toString('hex')
    const connector = new Connector({ settings, clock, resolver, connect })
    this.#pools = new Pools({ connector, clock, take: (mark) => this.#take(mark) })
  }

  send(request: OutboundRequest): Promise<OutboundResponse> {
    try {
      return this.#start(request).answer
    } catch (error) {
      // Nothing in there has touched a socket.
      return Promise.reject(error instanceof CodedError ? withSent(error, false) : error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const flight of this.#flights.all()) flight.close()
    this.#deadlines.stop()
    await this.#pools.close()
  }

  #start(request: OutboundRequest): Flight {
    if (this.#closed) throw closed()
    const target = targetOf(request.url, request.hosts)
    const headers = requestHead(request, target)
    const { pool, leave } = this.#pools.enter(request.project, target)
    const flight: Flight = new Flight({
      request,
      clock: this.#clock,
      onStage: () => this.#deadlines.consider(flight),
      onEnd: () => {
        this.#flights.remove(slot)
        leave()
      },
    })
    const slot = this.#flights.add(flight)
    flight.mark = `${slot.toString(36)}-${this.#markPrefix}-${(this.#started++).toString(36)}`
    headers.push(MARK_HEADER, flight.mark)
    this.#deadlines.consider(flight)
    if (request.signal?.aborted) flight.abort()
    else pool.dispatch({ path: target.path, method: request.method as Dispatcher.HttpMethod, headers, body: flight.body }, flight)
    return flight
  }

  /** Gives each flight away once: what the dispatcher might send a second time finds nothing. */
  #take(mark: string): Flight | undefined {
    const flight = this.#flights.at(Number.parseInt(mark, 36))
    if (flight === undefined || flight.mark !== mark) return undefined
    flight.mark = ''
    return flight
  }
}
