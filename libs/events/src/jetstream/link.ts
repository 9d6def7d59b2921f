import { readFile } from 'node:fs/promises'
import { CodedError } from '@credence/errors'
import type { Clock, Logger, Random } from '@credence/service'
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { credsAuthenticator, errors, type NatsConnection } from '@nats-io/nats-core'
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node'
import { pauseAfter } from '../pause.ts'
import { Wakeup } from '../wakeup.ts'

export interface LinkOptions {
  /** `nats://[user:password@]host:port`, of one cluster. */
  readonly servers: readonly string[]
  /** Files, so that no key passes through the settings. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }
  /** A file of credentials (`.creds`) for servers with accounts. */
  readonly credsFile?: string
  /** As which the server lists this client; default `credence`. */
  readonly clientName?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The server as it can be asked now. */
export interface Wire {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
}

/** How long one question to the server may take; an answer that comes later is not heard. */
export const ANSWER_MS = 5_000
const FIRST_CONNECT_MS = 2_000
const RECONNECT_MS = 250
/** A cut that no packet tells of is noticed after two of these. */
const PING_MS = 5_000
const WAIT_SLICE_MS = 1_000

/**
 * One connection to NATS that is taken up again for ever, whatever ends it.
 *
 * While it is down nothing is sent: a message that the client keeps back is lost with the process, and its sender
 * would believe that it is on its way.
 */
export class Link {
  readonly #options: LinkOptions
  readonly #closing = new AbortController()
  readonly #changed: Wakeup
  readonly #listeners = new Set<(up: boolean) => void>()
  readonly #heard = new Map<string, () => void>()
  readonly #running: Promise<void>
  #wire: Wire | undefined
  #up = false

  private constructor(options: LinkOptions) {
    this.#options = options
    this.#changed = new Wakeup(options.clock)
    this.#running = this.#run()
  }

  /** Resolves when it is connected, or after two seconds without a server: it goes on trying. Throws INVALID_SETTING for an address that is none and for a file of credentials that cannot be read. */
  static async open(options: LinkOptions): Promise<Link> {
    await connectionOptions(options)
    const link = new Link(options)
    await link.wire(FIRST_CONNECT_MS).catch(() => options.log.warn('bus.unreachable'))
    return link
  }

  get up(): boolean {
    return this.#up
  }

  /** Calls at each loss (`false`) and return (`true`) of the connection; gives back how to end that. */
  onChange(listener: (up: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls when something is said under the subject, on this connection and those after it. */
  listen(subject: string, heard: () => void): void {
    this.#heard.set(subject, heard)
    this.#wire?.nc.subscribe(subject, { callback: heard })
  }

  /** The connection; waits for it so long. Throws UNAVAILABLE. */
  async wire(withinMs = 0): Promise<Wire> {
    const { clock } = this.#options
    const until = clock.monotonicMs() + withinMs
    const { signal } = this.#closing
    while (!this.#up && !signal.aborted && clock.monotonicMs() < until) {
      await this.#changed.sleep(Math.min(WAIT_SLICE_MS, until - clock.monotonicMs()), signal)
    }
    if (!this.#up || this.#wire === undefined) throw new CodedError('UNAVAILABLE', 'The event bus cannot be reached.')
    return this.#wire
  }

  /** Asks the server, which must be there or come within that time; ends with the connection, so that nobody waits for an answer that it took along. */
  async ask<T>(question: (wire: Wire) => Promise<T>, withinMs = 0): Promise<T> {
    const wire = await this.wire(withinMs)
    let stopListening = (): void => undefined
    const lost = new Promise<never>((_, reject) => {
      stopListening = this.onChange(() => reject(new CodedError('UNAVAILABLE', 'The event bus was lost while it was asked.')))
    })
    try {
      return await Promise.race([question(wire), lost])
    } finally {
      stopListening()
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#changed.wake()
    // What is on its way (acknowledgements) is sent first, when there is somebody to send it to.
    if (this.#up) await this.#wire?.nc.flush().catch(() => undefined)
    this.#set(false)
    await this.#wire?.nc.close().catch(() => undefined)
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#options
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; ) {
      try {
        const nc = await connect(await connectionOptions(this.#options))
        failures = 0
        await this.#serve(nc)
      } catch (error) {
        log.failure('bus.connect_failed', asUnavailable(error), { attempt: ++failures })
      }
      await clock.sleep(pauseAfter(Math.max(1, Math.min(failures, 4)), random), signal).catch(() => undefined)
    }
  }

  /** Follows one connection, which reconnects by itself, until it is closed for good. */
  async #serve(nc: NatsConnection): Promise<void> {
    if (this.#closing.signal.aborted) return nc.close()
    try {
      this.#wire = {
        nc,
        js: jetstream(nc, { timeout: ANSWER_MS }),
        jsm: await jetstreamManager(nc, { checkAPI: false, timeout: ANSWER_MS }),
      }
      for (const [subject, heard] of this.#heard) nc.subscribe(subject, { callback: heard })
      this.#set(true)
      for await (const status of nc.status()) {
        if (status.type === 'disconnect') this.#set(false)
        if (status.type === 'reconnect') this.#set(true)
      }
    } finally {
      this.#set(false)
      await nc.close().catch(() => undefined)
    }
  }

  #set(up: boolean): void {
    if (this.#up === up) return
    this.#up = up
    if (!this.#closing.signal.aborted) this.#options.log[up ? 'info' : 'warn'](up ? 'bus.connected' : 'bus.disconnected')
    this.#changed.wake()
    for (const listener of this.#listeners) listener(up)
  }
}

async function connectionOptions(options: LinkOptions): Promise<NodeConnectionOptions> {
  const { servers, tls, credsFile, clientName = 'credence' } = options
  const urls = servers.map((server) => URL.parse(server))
  const first = urls[0]
  if (first === undefined || urls.some((url) => url === null || !/^(nats|tls):$/.test(url.protocol) || url.hostname === '')) {
    throw new CodedError('INVALID_SETTING', 'A NATS address has the form nats://host:port.')
  }
  return {
    servers: urls.map((url) => url!.host),
    name: clientName,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    timeout: ANSWER_MS,
    ...(first!.username === '' ? {} : { user: decodeURIComponent(first!.username), pass: decodeURIComponent(first!.password) }),
    ...(tls !== undefined || first!.protocol === 'tls:' ? { tls: { ...tls } } : {}),
    ...(credsFile === undefined ? {} : { authenticator: credsAuthenticator(await readCreds(credsFile)) }),
  }
}

async function readCreds(file: string): Promise<Uint8Array> {
  return readFile(file).catch(() => {
    throw new CodedError('INVALID_SETTING', 'The file of NATS credentials cannot be read.')
  })
}

/** What the client throws, in our words: whoever asked can only ask again. */
export function asUnavailable(error: unknown): Error {
  if (error instanceof CodedError || error instanceof TypeError) return error
  if (error instanceof errors.AuthorizationError || error instanceof errors.PermissionViolationError) {
    return new CodedError('UNAVAILABLE', 'The event bus refuses this client.')
  }
  return new CodedError('UNAVAILABLE', 'The event bus did not answer.')
}
