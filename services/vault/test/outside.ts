import { type EgressSettings, parseEgressSettings } from '@credence/egress'
import { type FakeAuthorizationServer, startFakeAuthorizationServer, startStandIns, startUpstream, type Upstream } from '@credence/testkit'

/** The providers' side of a test: one mock API under several real names, and an authorization server under `auth.example.com`. */
export interface Outside {
  readonly api: Upstream
  readonly as: FakeAuthorizationServer
  readonly egress: EgressSettings
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
  const { egressAllow: allow, egressResolve: resolve, caFile } = standIns
  return {
    api,
    as,
    egress: parseEgressSettings({ allow, resolve, caFile }),
    async close() {
      await standIns.close()
      await Promise.all([api.close(), as.close()])
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
