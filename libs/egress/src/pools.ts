import type { Clock } from '@credence/service'
import { Pool } from 'undici'
import type { Connector } from './connector.ts'
import { crowded } from './failure.ts'
import { type Departure, guardSocket } from './guarded-socket.ts'
import { Slabs } from './slabs.ts'
import type { Target } from './target.ts'

/** Connections per project and origin; what comes beyond waits. */
const MAX_CONNECTIONS = 64
/** Calls that may wait per project and origin. Without a bound a dead host would collect every caller. */
const MAX_WAITING = 1024
/** Pools kept in all; the longest idle one goes first. */
const MAX_POOLS = 512
const POOL_IDLE_MS = 60_000
/** Shorter than the idle time of common servers (5 s), so that a request seldom meets a connection that is being closed. */
const KEEP_ALIVE_MS = 4_000
const KEEP_ALIVE_MAX_MS = 60_000

export interface PoolsOptions {
  readonly connector: Connector
  readonly clock: Clock
  readonly take: (mark: string) => Departure | undefined
}

interface Entry {
  readonly key: string
  readonly pool: Pool
  active: number
  idleSince: number
}

/** Keep-alive connections, one pool per project and origin: no project ever writes on a connection that another one opened. */
export class Pools {
  readonly #options: PoolsOptions
  readonly #entries = new Map<string, Entry>()
  readonly #slabs = new Slabs()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(options: PoolsOptions) {
    this.#options = options
  }

  /** The pool to dispatch on, and what to call when the call has ended. Throws THROTTLED when too many wait. */
  enter(project: string, target: Target): { pool: Pool; leave: () => void } {
    this.#sweep()
    const key = `${project} ${target.origin}`
    const entry = this.#entries.get(key) ?? this.#open(key, project, target)
    if (entry.active >= MAX_CONNECTIONS + MAX_WAITING) throw crowded()
    entry.active++
    const leave = (): void => {
      entry.active--
      entry.idleSince = this.#options.clock.monotonicMs()
    }
    return { pool: entry.pool, leave }
  }

  get size(): number {
    return this.#entries.size
  }

  /** Ends every connection, also those with a call on them. */
  async close(): Promise<void> {
    const pools = [...this.#entries.values()].map(({ pool }) => pool)
    this.#entries.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  #open(key: string, project: string, target: Target): Entry {
    if (this.#entries.size >= MAX_POOLS) this.#makeRoom()
    const { connector, take } = this.#options
    const { host, port, secure } = target
    const pool = new Pool(target.origin, {
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      // Deadlines are ours, by the injected clock.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_, callback) => {
        connector.open({ project, host, port, secure }).then(
          (socket) => {
            guardSocket(socket, this.#slabs, take)
            callback(null, socket)
          },
          (error: Error) => callback(error, null),
        )
      },
    })
    const entry = { key, pool, active: 0, idleSince: this.#options.clock.monotonicMs() }
    this.#entries.set(key, entry)
    return entry
  }

  #sweep(): void {
    const now = this.#options.clock.monotonicMs()
    if (now - this.#sweptAt < POOL_IDLE_MS / 4) return
    this.#sweptAt = now
    for (const entry of this.#entries.values()) {
      if (entry.active === 0 && now - entry.idleSince >= POOL_IDLE_MS) this.#drop(entry)
    }
  }

  #makeRoom(): void {
    const idle = [...this.#entries.values()].filter(({ active }) => active === 0).sort((a, b) => a.idleSince - b.idleSince)[0]
    if (idle === undefined) throw crowded()
    this.#drop(idle)
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.key)
    entry.pool.destroy().catch(() => undefined)
  }
}
