import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { testAuthority } from './test-authority.ts'

/** Which names a server's certificate is for; 127.0.0.1 and localhost are always among them. */
export interface TlsNames {
  readonly names: readonly string[]
}

export interface LoopbackServer {
  readonly server: Server
  readonly port: number
  /** `http` or `https`, then 127.0.0.1 and the port. */
  readonly url: string
  /** Ends every connection, open answers included. */
  close(): Promise<void>
}

/** A server on 127.0.0.1, with TLS by a certificate of the test authority when `tls` names hosts. Port 0 takes a free one. */
export async function startLoopbackServer(
  listener: RequestListener,
  options: { readonly port?: number | undefined; readonly tls?: TlsNames | undefined },
): Promise<LoopbackServer> {
  const server = options.tls === undefined ? createServer(listener) : tlsServer(listener, options.tls)
  // A test that aborts a call is no failure of the server that served it.
  server.on('clientError', (_error, socket) => socket.destroy())
  await listenOnLoopback(server, options.port ?? 0)
  const { port } = server.address() as AddressInfo
  return { server, port, url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, close: () => closeServer(server) }
}

function tlsServer(listener: RequestListener, { names }: TlsNames): Server {
  const { certPem, keyPem } = testAuthority().issue({
    commonName: names[0] ?? 'localhost',
    dnsNames: [...new Set([...names, 'localhost'])],
    ipAddresses: ['127.0.0.1'],
  })
  return createTlsServer({ cert: certPem, key: keyPem }, listener)
}

export function listenOnLoopback(server: NetServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
