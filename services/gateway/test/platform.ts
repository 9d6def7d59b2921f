import { type EventBus, type Fact, openEmbeddedBus } from '@credence/events'
import { type GatewayServiceClient, GatewayServiceDefinition } from '@credence/proto/gateway'
import { openChannel, openPeers, type RpcServer, type ServiceName, serveRpc, type TlsIdentity } from '@credence/rpc'
import { createLogger, startTracing, systemRandom } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { type DocumentStore, openSqliteStore } from '@credence/store'
import { TestClock, tempHome, testAuthority } from '@credence/testkit'
import { type GatewayConfig, type RunningGateway, start } from '../src/index.ts'
import { ADMIN_KEY, FakeServices, PROJECT } from './fake-services.ts'

/** A gateway with everything around it real but the other services, which are fakes behind real mTLS. */
export class Platform {
  readonly clock: TestClock = new TestClock()
  readonly fakes: FakeServices = new FakeServices()
  readonly lines: string[] = []
  readonly facts: Fact[] = []
  gateway!: RunningGateway
  store!: DocumentStore
  bus!: EventBus
  readonly #home = tempHome()
  readonly #servers = new Map<ServiceName, RpcServer>()
  readonly #closing: (() => unknown)[] = []

  static async start(config: Partial<GatewayConfig> = {}): Promise<Platform> {
    const platform = new Platform()
    const log = createLogger({ service: 'test', write: (line) => platform.lines.push(line) })
    for (const [name, mount] of Object.entries(platform.fakes.mounts()) as [ServiceName, ReturnType<FakeServices['mounts']>['vault']][]) {
      const tracing = startTracing({ serviceName: name })
      platform.#servers.set(name, await serveRpc({ host: '127.0.0.1', port: 0, mounts: [mount], log, tracing, tls: identity(name) }))
    }
    platform.store = await openSqliteStore({ file: `${platform.#home.path}/data.sqlite`, random: systemRandom })
    await platform.#startGateway(config, log)
    return platform
  }

  async #startGateway(config: Partial<GatewayConfig>, log: ReturnType<typeof createLogger>): Promise<void> {
    const { clock, store } = this
    this.bus = await openEmbeddedBus({ store, clock, random: systemRandom, log })
    await this.bus.subscribe('test', {}, async ({ fact }) => {
      this.facts.push(fact)
    })
    const tls = identity('gateway')
    const peers = openPeers({ tls, address: (name) => this.#addressOf(name) })
    const tracing = startTracing({ serviceName: 'gateway' })
    const addresses = { publicUrl: 'http://localhost:7400', adminUrl: 'http://localhost:7401' }
    const ports = { host: '127.0.0.1', port: 0, publicPort: 0, adminPort: 0 }
    this.gateway = await start(
      { ...ports, ...addresses, ...config },
      { store, bus: this.bus, clock, random: systemRandom, log, tls, peers, tracing, metrics: unmeasured },
    )
    this.#closing.push(() => peers.close())
  }

  #addressOf(name: ServiceName): string | undefined {
    const server = this.#servers.get(name)
    return server === undefined ? undefined : `${server.host}:${server.port}`
  }

  get file(): string {
    return `${this.#home.path}/data.sqlite`
  }

  get publicUrl(): string {
    return `http://${this.gateway.addresses.public}`
  }

  get adminUrl(): string {
    return `http://${this.gateway.addresses.admin}`
  }

  /** One call of the API as JSON. */
  async api(method: string, path: string, options: ApiOptions = {}): Promise<ApiAnswer> {
    const { key = ADMIN_KEY, user, body, headers = {} } = options
    const answer = await fetch(`${this.adminUrl}${path}`, {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
        ...(user === undefined ? {} : { 'credence-user': user }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, body: text === '' ? {} : parse(text) }
  }

  /** The gateway's rpcs as a caller with the admin key reaches them, for this user. */
  async caller(user: string): Promise<GatewayServiceClient> {
    const principal = {
      project: PROJECT,
      subject: 'key_grpc',
      user: '',
      userNames: user === '' ? [] : [user],
      roles: ['owner'],
      scopes: SCOPES_OF_CALLER,
      via: 'grpc',
    }
    const log = createLogger({ service: 'test', level: 'silent' })
    const tracing = startTracing({ serviceName: 'api' })
    const server = await serveRpc({
      host: '127.0.0.1',
      port: 0,
      mounts: this.gateway.mounts,
      log,
      tracing,
      authenticate: async () => principal,
    })
    const channel = openChannel(`${server.host}:${server.port}`)
    this.#closing.push(
      () => channel.close(),
      () => server.stop(),
    )
    return channel.client(GatewayServiceDefinition) as GatewayServiceClient
  }

  /** A connect session and the path of its link. */
  async session(body: object, user: string = 'id:ann'): Promise<{ id: string; path: string }> {
    const answer = await this.api('POST', '/v1/sessions', { user, body })
    if (answer.status !== 201) throw new TypeError(`no session: ${answer.text}`)
    const { session, link } = answer.body as { session: { id: string }; link: string }
    return { id: session.id, path: new URL(link).pathname }
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close()
    await this.gateway.stop()
    await this.bus.close()
    await this.store.close()
    await Promise.all([...this.#servers.values()].map((server) => server.stop()))
    this.#home.remove()
  }
}

const SCOPES_OF_CALLER = ['sessions', 'act_for', 'events.read']

interface ApiOptions {
  readonly key?: string
  readonly user?: string
  readonly body?: object | string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

function identity(service: ServiceName): TlsIdentity {
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  const request = { commonName: service, ...names, uris: [`spiffe://credence/${service}`], client: true, server: true }
  return { ...testAuthority().issue(request), caPem: testAuthority().certificatePem }
}
