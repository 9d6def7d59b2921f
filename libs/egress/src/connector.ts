import net, { type Socket } from 'node:net'
import tls, { type SecureContext } from 'node:tls'
import { CodedError } from '@credence/errors'
import type { Clock } from '@credence/service'
import { type CheckedAddress, checkedAddresses, type Destination, type Resolver } from './address-check.ts'
import { ipText, parseIp } from './ip-address.ts'
import type { EgressSettings } from './settings.ts'

/** Opens a TCP connection to an address (never a name). Given from outside only by tests. */
export type Connect = (to: CheckedAddress) => Socket

export const systemConnect: Connect = ({ address, port }) => net.connect({ host: address, port, autoSelectFamily: false })

/** All addresses and the TLS handshake together. Without it a silent host would hold a pool slot for minutes. */
const CONNECT_TIMEOUT_MS = 10_000
/** So that a peer that vanished is noticed while an answer is awaited. */
const TCP_KEEPALIVE_MS = 60_000

export interface ConnectorOptions {
  readonly settings: EgressSettings
  readonly clock: Clock
  readonly resolver: Resolver
  readonly connect: Connect
}

/** Opens connected, checked and, for https, encrypted sockets. The first byte of a secret is far from it. */
export class Connector {
  readonly #options: ConnectorOptions
  #secureContext: SecureContext | undefined

  constructor(options: ConnectorOptions) {
    this.#options = options
  }

  /** Throws ADDRESS_REFUSED, UPSTREAM_TIMEOUT or UPSTREAM_UNREACHABLE, with the cause `dns`, `connect` or `tls`. */
  async open(to: Destination): Promise<Socket> {
    const { clock, resolver, settings } = this.#options
    const stop = new AbortController()
    const late = clock.sleep(CONNECT_TIMEOUT_MS, stop.signal).then(
      () => stop.abort(),
      () => undefined,
    )
    try {
      const addresses = await Promise.race([checkedAddresses(to, settings, resolver), late.then(expire)])
      const socket = await this.#connectFirst(addresses, stop.signal)
      return to.secure ? await this.#encrypt(socket, to.host, stop.signal) : socket
    } finally {
      stop.abort()
    }
  }

  async #connectFirst(addresses: readonly CheckedAddress[], signal: AbortSignal): Promise<Socket> {
    let failure = unreachable('connect')
    for (const address of addresses) {
      try {
        const socket = this.#options.connect(address)
        await settled(socket, { event: 'connect', signal, cause: 'connect' })
        return pinned(socket, address)
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== 'UPSTREAM_UNREACHABLE') throw error
        failure = error
      }
    }
    throw failure
  }

  async #encrypt(socket: Socket, host: string, signal: AbortSignal): Promise<Socket> {
    this.#secureContext ??= trustOf(this.#options.settings)
    const encrypted = tls.connect({
      socket,
      host,
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      secureContext: this.#secureContext,
      // HTTP/2 multiplexes: the write hook and the swap know one request per connection.
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    })
    await settled(encrypted, { event: 'secureConnect', signal, cause: 'tls' })
    // The event comes from within the handshake. What is written there cannot be encrypted yet: the runtime would copy it,
    // secret and all, to memory that it never zeroes.
    await new Promise((resolve) => setImmediate(resolve))
    return encrypted
  }
}

/** What the kernel connected to must be what was checked, before anything is said on it. */
function pinned(socket: Socket, address: CheckedAddress): Socket {
  const remote = parseIp(socket.remoteAddress ?? '')
  if (remote === undefined || ipText(remote) !== address.address || socket.remotePort !== address.port) {
    socket.destroy()
    throw new CodedError('ADDRESS_REFUSED', 'The connection ended at another address than the one that was checked.', {
      facts: { cause: 'pinned' },
    })
  }
  socket.setNoDelay(true)
  socket.setKeepAlive(true, TCP_KEEPALIVE_MS)
  return socket
}

interface Awaited {
  readonly event: 'connect' | 'secureConnect'
  readonly signal: AbortSignal
  readonly cause: 'connect' | 'tls'
}

function settled(socket: Socket, { event, signal, cause }: Awaited): Promise<void> {
  // Stays for ever: a socket may report an error between two owners, and an 'error' nobody listens to ends the process.
  socket.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    const end = (error?: CodedError): void => {
      socket.removeListener(event, succeed).removeListener('close', fail)
      signal.removeEventListener('abort', late)
      if (error === undefined) resolve()
      else {
        socket.destroy()
        reject(error)
      }
    }
    const succeed = (): void => end()
    const fail = (): void => end(unreachable(cause))
    const late = (): void => end(timeout())
    socket.once(event, succeed).once('close', fail)
    signal.addEventListener('abort', late, { once: true })
    if (signal.aborted) late()
  })
}

/** OpenSSL's SSL_OP_CLEANSE_PLAINTEXT, for which the runtime has no name: an answer that echoes a secret is zeroed once it is read. */
const CLEANSE_PLAINTEXT = 0x2

function trustOf({ extraCa }: EgressSettings): SecureContext {
  const ca = extraCa === undefined ? {} : { ca: [...tls.getCACertificates('default'), extraCa] }
  return tls.createSecureContext({ secureOptions: CLEANSE_PLAINTEXT, ...ca })
}

function unreachable(cause: 'connect' | 'tls'): CodedError {
  const detail = cause === 'tls' ? 'The TLS handshake failed: look at its certificate, or EGRESS_CA.' : undefined
  return new CodedError('UPSTREAM_UNREACHABLE', detail, { facts: { cause } })
}

function timeout(): CodedError {
  return new CodedError('UPSTREAM_TIMEOUT', 'No connection could be made in time; nothing was sent.', { facts: { cause: 'connect' } })
}

function expire(): never {
  throw timeout()
}
