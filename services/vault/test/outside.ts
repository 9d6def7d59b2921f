import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type EgressSettings, parseEgressSettings } from '@credence/egress'
import { type FakeAuthorizationServer, startFakeAuthorizationServer, startStandIns, startUpstream, type Upstream } from '@credence/testkit'

/** The providers' side of a test: one mock API under several real names, and an authorization server under `auth.example.com`. */
export interface Outside {
  readonly api: Upstream
  readonly as: FakeAuthorizationServer
  readonly egress: EgressSettings
  readonly gate: Gate
  close(): Promise<void>
}

/** Where every connection from the vault arrives: closed, it keeps them waiting before their first byte is answered. */
export interface Gate {
  readonly port: number
  /** Connections that wait. */
  waiting(): number
  shut(): void
  open(): void
  close(): Promise<void>
}

type ServerOptions = NonNullable<Parameters<typeof startFakeAuthorizationServer>[0]>

export const API_NAMES: readonly string[] = ['api.example.com', 'app.asana.com', 'acme.freshdesk.com', 'api.attention.tech']

export async function startOutside(options: ServerOptions = {}): Promise<Outside> {
  const api = await startUpstream()
  const as = await startFakeAuthorizationServer({ issuer: 'https://auth.example.com', ...options })
  as.allowRedirect('https://credence.example/oauth/callback/x')
  const names = [...API_NAMES.map((host) => ({ host, target: api.server })), { host: 'auth.example.com', target: as.server }]
  const standIns = await startStandIns(names)
  const gate = await startGate(standIns.port)
  const resolve = names.map(({ host }) => `${host}:443=127.0.0.1:${gate.port}`).join(',')
  return {
    api,
    as,
    gate,
    egress: parseEgressSettings({ allow: `127.0.0.1:${gate.port}`, resolve, caFile: standIns.caFile }),
    async close() {
      await gate.close()
      await standIns.close()
      await Promise.all([api.close(), as.close()])
    },
  }
}

async function startGate(port: number): Promise<Gate> {
  const sockets = new Set<Socket>()
  const waiting: (() => void)[] = []
  let isShut = false
  const kept = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  }
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const pass = (): void => {
      const onward = kept(connect(port, '127.0.0.1'))
      onward.on('close', () => socket.destroy())
      kept(socket).on('close', () => onward.destroy())
      socket.pipe(onward).pipe(socket)
    }
    if (isShut) waiting.push(pass)
    else pass()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    waiting: () => waiting.length,
    shut() {
      isShut = true
    },
    open() {
      isShut = false
      for (const pass of waiting.splice(0)) pass()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface CallOptions {
  readonly key: string
  readonly user?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>
  readonly signal?: AbortSignal
}

/** One proxied call by HTTP. */
export function call(vault: { addresses: { data: string } }, credentialId: string, path: string, options: CallOptions): Promise<Response> {
  const { key, user = 'id:ann', method = 'GET', headers = {}, body, signal } = options
  const acting: Record<string, string> = user === '' ? {} : { 'credence-user': user }
  return fetch(`http://${vault.addresses.data}/v1/proxy/${credentialId}${path}`, {
    method,
    redirect: 'manual',
    headers: { authorization: `Bearer ${key}`, ...acting, ...headers },
    ...(body === undefined ? {} : { body, duplex: 'half' }),
    ...(signal === undefined ? {} : { signal }),
  } as RequestInit)
}
