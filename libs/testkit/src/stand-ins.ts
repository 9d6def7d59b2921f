import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { listenOnLoopback } from './loopback-server.ts'
import { spkiHashOf, testAuthority } from './test-authority.ts'

/** A real host name and the plain HTTP server that stands for it: in this process, or a loopback port of another. */
export interface StandIn {
  /** `app.asana.com`, or `auth.internal:8443` where the port is not 443. */
  readonly host: string
  readonly target: Server | number
}

export interface StandIns {
  /** For EGRESS_RESOLVE: every name to this machine. */
  readonly egressResolve: string
  /** For EGRESS_ALLOW: the one loopback address that they share. */
  readonly egressAllow: string
  /** For EGRESS_CA. */
  readonly caFile: string
  /** For chromium's `--ignore-certificate-errors-spki-list`. */
  readonly spkiHash: string
  /** For chromium's `--host-resolver-rules`. */
  readonly browserRules: string
  readonly port: number
  close(): Promise<void>
}

/** Terminates TLS for all names on one loopback port, with one certificate, and hands each connection to the server of its SNI name. */
export async function startStandIns(names: readonly StandIn[]): Promise<StandIns> {
  const targets = new Map(names.map(({ host, target }) => [host.split(':')[0] ?? host, target]))
  const { certPem, keyPem } = testAuthority().issue({ commonName: 'stand-ins', dnsNames: [...targets.keys()] })
  const open = new Set<Socket>()
  const server = createServer({ cert: certPem, key: keyPem, ALPNProtocols: ['http/1.1'] }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    handOver(socket, targets.get(serverNameOf(socket)))
  })
  await listenOnLoopback(server, 0)
  const { port } = server.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'credence-stand-ins-'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, testAuthority().certificatePem)
  return {
    egressResolve: names.map(({ host }) => `${host.includes(':') ? host : `${host}:443`}=127.0.0.1:${port}`).join(','),
    egressAllow: `127.0.0.1:${port}`,
    caFile,
    spkiHash: spkiHashOf(certPem),
    browserRules: names.map(({ host }) => `MAP ${host.includes(':') ? host : `${host}:443`} 127.0.0.1:${port}`).join(','),
    port,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function serverNameOf(socket: TLSSocket): string {
  return typeof socket.servername === 'string' ? socket.servername : ''
}

function handOver(socket: TLSSocket, target: Server | number | undefined): void {
  if (target === undefined) socket.destroy()
  // The HTTP server sees an encrypted connection and knows that it is `https`.
  else if (typeof target !== 'number') target.emit('connection', socket)
  else {
    const plain = connect(target, '127.0.0.1')
    plain.on('error', () => socket.destroy())
    socket.on('close', () => plain.destroy())
    socket.pipe(plain).pipe(socket)
  }
}
