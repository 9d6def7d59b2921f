import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Clock } from '@credence/service'
import { createAuthority, systemClock, systemRandom } from '@credence/service'
import type { Egress, EgressOptions, EgressSettings, OutboundRequest, OutboundResponse } from '../src/index.ts'
import { createEgress, parseEgressSettings } from '../src/index.ts'

/** The name under which tests call their TLS server on loopback. */
export const HOST = 'api.example.test'

export interface Loopback {
  readonly port: number
  /** What a client must trust to believe the server; empty without TLS. */
  readonly ca: string
  /** Connections that were ever accepted. */
  readonly connections: () => number
  readonly close: () => Promise<void>
}

/** A TLS server on a random port of 127.0.0.1 with a certificate for `names`. */
export async function startTls(handler: RequestListener, names: readonly string[] = [HOST]): Promise<Loopback> {
  const authority = createAuthority({ random: systemRandom, clock: systemClock, name: 'test authority' })
  const { certPem, keyPem } = authority.issue({ commonName: 'test server', dnsNames: names })
  return listen(createTlsServer({ cert: certPem, key: keyPem }, handler), authority.certificatePem)
}

/** The same without TLS. */
export async function startPlain(handler: RequestListener): Promise<Loopback> {
  return listen(createServer(handler), '')
}

/** A server that shows the bytes as they come. */
export async function startRaw(onConnection: (socket: Socket) => void): Promise<Loopback> {
  return listen(net.createServer(onConnection), '')
}

async function listen(server: net.Server, ca: string): Promise<Loopback> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    sockets.add(socket.on('error', () => undefined))
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { port: (server.address() as AddressInfo).port, ca, connections: () => accepted, close }
}

/** Settings under which `https://api.example.test` is the server given. */
export function settingsFor(server: Loopback): EgressSettings {
  const { allow, resolve } = parseEgressSettings({
    allow: `127.0.0.1:${server.port}`,
    resolve: `${HOST}:443=127.0.0.1:${server.port}`,
  })
  return server.ca === '' ? { allow, resolve } : { allow, resolve, extraCa: server.ca }
}

export function egressFor(server: Loopback, options: Partial<EgressOptions> = {}): Egress {
  return createEgress({ settings: settingsFor(server), clock: systemClock, random: systemRandom, ...options })
}

/** A GET of `https://api.example.test/v1/things` with whatever the test changes. */
export function outbound(changes: Partial<OutboundRequest> = {}): OutboundRequest {
  return { project: 'proj_a', method: 'GET', url: `https://${HOST}/v1/things`, hosts: [`https://${HOST}`], headers: [], ...changes }
}

export async function textOf(response: OutboundResponse): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

/** Answers with what it was asked, as JSON: method, path, headers, body. */
export function mirror(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('latin1')
    response.end(JSON.stringify({ method: request.method, path: request.url, raw: request.rawHeaders, headers: request.headers, body }))
  })
}

/** A clock that stands still until it is moved. */
export class StillClock implements Clock {
  #nowMs = 0
  readonly #sleepers = new Set<{ readonly due: number; readonly wake: () => void }>()

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { due: this.#nowMs + ms, wake: resolve }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper)
        reject(signal.reason)
      })
    })
  }

  /** Moves on and wakes who is due, then lets run what they begin, and what they put off to the next turn. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.due > this.#nowMs) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
    for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve))
  }
}
