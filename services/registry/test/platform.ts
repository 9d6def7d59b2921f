import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SCOPES, type Scope } from '@credence/credential'
import { type EventBus, type Fact, openEmbeddedBus } from '@credence/events'
import { type RegistryServiceClient, RegistryServiceDefinition } from '@credence/proto/registry'
import { type SetupServiceClient, SetupServiceDefinition } from '@credence/proto/setup'
import {
  callAs,
  openChannel,
  openPeers,
  type Principal,
  type RpcChannel,
  type RpcServer,
  type ServiceName,
  serveRpc,
  servicePrincipal,
} from '@credence/rpc'
import { createLogger, startTracing, systemRandom } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { openSqliteStore } from '@credence/store'
import { TestClock, tempHome, testAuthority } from '@credence/testkit'
import { type RunningRegistry, start } from '../src/index.ts'
import { HeldStore } from './held-store.ts'
import { RecordingRefresher } from './recording-refresher.ts'
import { type Promised, RecordingVault } from './recording-vault.ts'
import { RecordingVerifier } from './recording-verifier.ts'

export const PUBLIC_URL = 'https://credence.example'
/** Longer than any turn of the sweeper, so that only a test that means it lets a push run out of time. */
export const PUSH_TIMEOUT_MS = 60_000

/** The four payloads that every test may register, as they stand in the files. */
export function payload(name: 'asana' | 'bearer' | 'freshdesk' | 'attention'): Buffer {
  return readFileSync(new URL(`../../../libs/provider/test/payloads/${name}.json`, import.meta.url))
}

/** A registry with everything around it real: mTLS between services, a store in a file, the bus, a vault on the wire. */
export class Platform {
  readonly clock: TestClock = new TestClock()
  readonly vault: RecordingVault = new RecordingVault()
  readonly refresher: RecordingRefresher = new RecordingRefresher()
  readonly verifier: RecordingVerifier = new RecordingVerifier()
  readonly facts: Fact[] = []
  firstKey = ''
  project = ''
  registry!: RunningRegistry
  store!: HeldStore

  readonly #home = tempHome()
  readonly #log = createLogger({ service: 'registry', level: 'silent' })
  readonly #clients = new Map<ServiceName, RegistryServiceClient>()
  readonly #closing: (() => unknown)[] = []
  #bus!: EventBus
  #caller!: RpcServer
  #heard: () => void = () => undefined

  static async start(): Promise<Platform> {
    const platform = new Platform()
    await platform.vault.start(identity('vault'))
    await platform.refresher.start(identity('token-refresher'))
    await platform.verifier.start(identity('verifier'))
    await platform.startRegistry()
    const { project } = await platform.caller(platform.firstKey).getProject({})
    platform.project = project?.id ?? ''
    return platform
  }

  /** Where everything that the registry writes stands. */
  get folder(): string {
    return this.#home.path
  }

  async startRegistry(): Promise<void> {
    const { clock } = this
    const log = this.#log
    this.store = new HeldStore(await openSqliteStore({ file: join(this.folder, 'data.sqlite'), random: systemRandom }))
    this.#bus = await openEmbeddedBus({ store: this.store, clock, random: systemRandom, log })
    const tls = identity('registry')
    const peers = openPeers({ tls, address: (service) => this.#addressOf(service) })
    const tracing = startTracing({ serviceName: 'registry' })
    const adapters = { store: this.store, bus: this.#bus, clock, random: systemRandom, log, tracing, metrics: unmeasured, tls, peers }
    this.registry = await start({ host: '127.0.0.1', port: 0, publicUrl: PUBLIC_URL, pushTimeoutMs: PUSH_TIMEOUT_MS }, adapters)
    this.firstKey = this.registry.firstKey ?? this.firstKey
    await this.#bus.subscribe('test', {}, async ({ fact }) => {
      this.facts.push(fact)
      this.#heard()
    })
    const { mounts } = this.registry
    const { authenticate } = this.vault
    this.#caller = await serveRpc({ host: '127.0.0.1', port: 0, mounts, log, tracing, authenticate })
    await this.registry.keysTold
    this.#closing.push(() => peers.close())
  }

  #addressOf(service: ServiceName): string | undefined {
    if (service === 'vault') return this.vault.address
    return service === 'verifier' ? this.verifier.address : this.refresher.address
  }

  async stopRegistry(): Promise<void> {
    this.#clients.clear()
    for (const close of this.#closing.splice(0)) await close()
    await Promise.all([this.#caller.stop(), this.registry.stop()])
    await this.#bus.close()
    await this.store.close()
  }

  async stop(): Promise<void> {
    await this.stopRegistry()
    await Promise.all([this.vault.stop(), this.refresher.stop(), this.verifier.stop()])
    this.#home.remove()
  }

  /** The registry as this service reaches it, with its own certificate; one channel, so that calls made together arrive together. */
  as(service: ServiceName): RegistryServiceClient {
    const known = this.#clients.get(service)
    if (known !== undefined) return known
    const channel = openChannel(this.registry.addresses.grpc, { tls: identity(service) })
    this.#closing.push(() => channel.close())
    const client = channel.client(RegistryServiceDefinition) as RegistryServiceClient
    this.#clients.set(service, client)
    return client
  }

  /** Its setups as the gateway reaches them. */
  get setups(): SetupServiceClient {
    const channel = openChannel(this.registry.addresses.grpc, { tls: identity('gateway') })
    this.#closing.push(() => channel.close())
    return channel.client(SetupServiceDefinition) as SetupServiceClient
  }

  /** The registry as a caller with a key reaches it. */
  caller(authorization: string, user?: string): RegistryServiceClient {
    const options = { authorization: `Bearer ${authorization}`, ...(user === undefined ? {} : { user }) }
    const channel: RpcChannel = openChannel(`${this.#caller.host}:${this.#caller.port}`, options)
    this.#closing.push(() => channel.close())
    return channel.client(RegistryServiceDefinition) as RegistryServiceClient
  }

  /** A person of the project who reaches the registry through the gateway, with these scopes (all, when none are named). */
  async person(name: string, scopes: readonly Scope[] = SCOPES, project: string = this.project): Promise<Person> {
    const gateway = this.as('gateway')
    const { principal } = await gateway.authenticate({ user: name, via: 'http' }, callAs(servicePrincipal('gateway', project)))
    if (principal === undefined) throw new TypeError('authenticate answers a principal')
    return { gateway, principal: { ...principal, roles: [], scopes: [...scopes] } }
  }

  /** What `work` ends with when the vault, once it was asked by `method`, does not answer in time. */
  async unanswered(method: string, work: () => Promise<unknown>): Promise<string> {
    let seen = this.vault.log.length
    let ended = false
    const code = codeOf(work()).finally(() => {
      ended = true
    })
    // The sweeper may ask before it: each time that somebody asks, the time is over for whoever has asked by then.
    while (!ended) {
      const isAsked = this.vault.log.slice(seen).includes(method)
      seen = this.vault.log.length
      if (isAsked) await this.clock.advance(PUSH_TIMEOUT_MS)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return code
  }

  /** What `read` gives after one more turn of the sweeper; to be polled, since the turn goes on after the clock has moved. */
  async afterSweep<T>(read: () => T | Promise<T>): Promise<T> {
    await this.clock.advance(5_000)
    return read()
  }

  /** The facts of this type about this subject, once there are at least so many. */
  async heard(type: string, subject: string, count = 1): Promise<Fact[]> {
    for (;;) {
      const found = this.facts.filter((fact) => fact.type === type && fact.subject === subject)
      if (found.length >= count) return found
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }
}

export interface Person {
  readonly gateway: RegistryServiceClient
  readonly principal: Principal
}

/** Saves a payload and, for OAuth, registers a client. */
export async function provider(platform: Platform, name: Parameters<typeof payload>[0] = 'bearer'): Promise<string> {
  const { gateway, principal } = await platform.person('id:administrator')
  const created = await gateway.createProvider({ payloadJson: payload(name) }, callAs(principal))
  const providerId = created.provider?.id ?? ''
  if (name === 'asana') await gateway.putClient({ providerId, oauthClientId: 'client-1' }, callAs(principal))
  return providerId
}

export interface ConnectOptions extends Promised {
  readonly providerId: string
  readonly label?: string
  readonly level?: string
  readonly account?: { readonly id: string; readonly name: string }
}

/** A connected credential of this person: reserved, sealed in the vault, confirmed. */
export async function connected(platform: Platform, { gateway, principal }: Person, options: ConnectOptions): Promise<string> {
  const { providerId, label = '', level = '', account, ...promised } = options
  const { credentialId } = await gateway.reserve({ providerId, label, level }, callAs(principal))
  const candidateId = platform.vault.seal(credentialId, principal.project, promised)
  await gateway.connect(
    { credentialId, candidateId, sessionId: SESSION, verified: true, ...(account === undefined ? {} : { account }) },
    callAs(principal),
  )
  return credentialId
}

export const SESSION: string = `sess_${'0'.repeat(26)}`

/** The code of the error that this ends with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  )
}

function identity(service: ServiceName) {
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  const request = { commonName: service, ...names, uris: [`spiffe://credence/${service}`], client: true, server: true }
  return { ...testAuthority().issue(request), caPem: testAuthority().certificatePem }
}
