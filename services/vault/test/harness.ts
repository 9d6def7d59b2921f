import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { newId, SCOPES, type Scope } from '@credence/credential'
import type { EgressSettings } from '@credence/egress'
import { CodedError, isCoded } from '@credence/errors'
import { type EventBus, type Fact, openEmbeddedBus } from '@credence/events'
import { RegistryServiceDefinition, type ReportUseRequest } from '@credence/proto/registry'
import { type VaultServiceClient, VaultServiceDefinition } from '@credence/proto/vault'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import {
  callAs,
  openChannel,
  openPeers,
  type Principal,
  type RpcChannel,
  type RpcServer,
  rpcMount,
  type ServiceName,
  serveRpc,
  servicePrincipal,
  type TlsIdentity,
} from '@credence/rpc'
import { createLogger, startTracing, systemRandom } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { type DocumentStore, openSqliteStore } from '@credence/store'
import { TestClock, tempHome, testAuthority } from '@credence/testkit'
import { type RunningVault, start, type VaultConfig } from '../src/index.ts'

export const PUBLIC_URL = 'https://credence.example'
const HOST = '127.0.0.1'
const NO_EGRESS: EgressSettings = { allow: [], resolve: [] }

export interface HarnessOptions extends Partial<VaultConfig> {
  readonly failpoint?: (name: string) => void
  readonly clock?: TestClock
  /** What the vault is given instead of the store itself. */
  readonly wrapStore?: (store: DocumentStore) => DocumentStore
}

/** The real vault with everything around it real: a store in a file, the bus, mTLS, and a registry on the wire that takes reports. */
export class Harness {
  readonly clock: TestClock
  readonly project: string = newId('proj', (count) => systemRandom.bytes(count))
  readonly home: ReturnType<typeof tempHome> = tempHome()
  readonly facts: Fact[] = []
  readonly reports: ReportUseRequest['uses'] = []
  readonly logLines: string[] = []
  vault!: RunningVault
  store!: DocumentStore

  readonly #options: HarnessOptions
  readonly #closing: (() => unknown)[] = []
  readonly #clients = new Map<string, VaultServiceClient>()
  #registry!: RpcServer
  #api!: RpcServer
  #bus!: EventBus
  #heard: () => void = () => undefined

  private constructor(options: HarnessOptions) {
    this.#options = options
    this.clock = options.clock ?? new TestClock()
  }

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const harness = new Harness(options)
    await harness.up()
    return harness
  }

  get folder(): string {
    return join(this.home.path, 'vault')
  }

  get keyFile(): string {
    return this.#options.keyFile ?? join(this.home.path, 'key')
  }

  get storeFile(): string {
    return join(this.home.path, 'data.sqlite')
  }

  /** Starts on what the home holds; `again` replaces options of the first start. */
  async up(again: HarnessOptions = {}): Promise<void> {
    const { clock } = this
    const log = createLogger({ service: 'vault', write: (line) => void this.logLines.push(line) })
    const tracing = startTracing({ serviceName: 'vault' })
    this.store = await openSqliteStore({ file: this.storeFile, random: systemRandom })
    this.#bus = await openEmbeddedBus({ store: this.store, clock, random: systemRandom, log })
    this.#registry = await this.#startRegistry()
    const tls = identity('vault')
    const peers = openPeers({ tls, address: () => `${this.#registry.host}:${this.#registry.port}` })
    this.#closing.push(() => peers.close())
    const { failpoint = () => undefined, clock: _clock, wrapStore, ...config } = { ...this.#options, ...again }
    const store = wrapStore?.(this.store) ?? this.store
    const adapters = { store, bus: this.#bus, clock, random: systemRandom, log, tracing, metrics: unmeasured, tls, peers, failpoint }
    try {
      this.vault = await start(this.#config(config), adapters)
    } catch (error) {
      await this.#closeAround()
      throw error
    }
    await this.#bus.subscribe('test', {}, async ({ fact }) => {
      this.facts.push(fact)
      this.#heard()
    })
    const { mounts, authenticate } = this.vault
    this.#api = await serveRpc({ host: HOST, port: 0, mounts, log, tracing, authenticate: (shown) => authenticate(shown, 'grpc') })
  }

  /** Ends the vault cleanly; the home stays. */
  async down(): Promise<void> {
    await this.#api.stop()
    await this.vault.stop()
    await this.#closeAround()
  }

  async stop(): Promise<void> {
    await this.down()
    this.home.remove()
  }

  /** The vault as this service reaches it, with its own certificate. */
  as(service: ServiceName): VaultServiceClient {
    return this.#client(service, () => openChannel(this.vault.addresses.grpc, { tls: identity(service) }))
  }

  /** The vault as a caller reaches it by gRPC. */
  caller(key: string, user?: string): VaultServiceClient {
    const options = { authorization: `Bearer ${key}`, ...(user === undefined ? {} : { user }) }
    return this.#client(`${key} ${user ?? ''}`, () => openChannel(`${this.#api.host}:${this.#api.port}`, options))
  }

  /** The principal of a service's own order in this project, or in another one. */
  order(service: ServiceName = 'registry', project: string = this.project): Principal {
    return servicePrincipal(service, project)
  }

  /** A person whose order gateway or registry forwards. */
  person(project: string = this.project): Principal {
    return {
      project,
      subject: `key_${'0'.repeat(26)}`,
      user: USER,
      userNames: [...USER_NAMES],
      roles: [],
      scopes: [...SCOPES],
      via: 'http',
    }
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

  /** One channel for each who: a TLS handshake per call would be most of the time of these tests. */
  #client(who: string, open: () => RpcChannel): VaultServiceClient {
    const known = this.#clients.get(who)
    if (known !== undefined) return known
    const channel = open()
    this.#closing.push(() => channel.close())
    const client = channel.client(VaultServiceDefinition) as VaultServiceClient
    this.#clients.set(who, client)
    return client
  }

  async #startRegistry(): Promise<RpcServer> {
    const refuse = (): never => {
      throw new CodedError('UNAVAILABLE', 'The registry of these tests takes reports only.')
    }
    const methods = Object.fromEntries(Object.keys(RegistryServiceDefinition.methods).map((name) => [name, refuse]))
    const reportUse = async ({ uses }: ReportUseRequest): Promise<object> => {
      this.reports.push(...uses)
      return {}
    }
    const mounts = [rpcMount(RegistryServiceDefinition, { ...methods, reportUse } as never)]
    const log = createLogger({ service: 'registry', level: 'silent' })
    return serveRpc({
      host: HOST,
      port: 0,
      mounts,
      log,
      tracing: startTracing({ serviceName: 'registry' }),
      tls: identity('registry'),
    })
  }

  #config(config: Partial<VaultConfig>): VaultConfig {
    return Object.freeze({
      host: HOST,
      port: 0,
      dataPort: 0,
      folder: this.folder,
      keyFile: this.keyFile,
      publicUrl: PUBLIC_URL,
      egress: NO_EGRESS,
      maxRequestBytes: 32 * 1024 * 1024,
      fenceMaxAgeMs: 0,
      acceptRestore: false,
      refreshTimes: DEFAULT_REFRESH_TIMES,
      ...config,
    })
  }

  async #closeAround(): Promise<void> {
    this.#clients.clear()
    for (const close of this.#closing.splice(0)) await close()
    await this.#registry.stop()
    await this.#bus.close()
    await this.store.close()
  }
}

/** Who owns what these tests connect, unless they say otherwise. */
export const USER: string = `usr_${'0'.repeat(25)}1`
export const USER_NAMES: readonly string[] = ['id:ann', 'email:ann@example.com']

export function identity(service: ServiceName): TlsIdentity {
  const authority = testAuthority()
  const names = { dnsNames: ['localhost'], ipAddresses: [HOST], uris: [`spiffe://credence/${service}`] }
  return { ...authority.issue({ commonName: service, ...names, client: true, server: true }), caPem: authority.certificatePem }
}

export interface KeyOptions {
  readonly scopes?: readonly Scope[]
  readonly project?: string
  readonly state?: string
  readonly expiresAt?: Date
}

/** A new key, pushed as the registry does. */
export async function putKey(harness: Harness, options: KeyOptions = {}): Promise<{ key: string; keyId: string; sha256: Buffer }> {
  const { scopes = ['use', 'act_for'], project = harness.project, state = 'active', expiresAt } = options
  const key = `crd_${Buffer.from(systemRandom.bytes(32)).toString('base64url')}`
  const keyId = newId('key', (count) => systemRandom.bytes(count))
  const sha256 = createHash('sha256').update(key).digest()
  const caller = { keySha256: sha256, keyId, scopes: [...scopes], roles: [], state, generation: 1 }
  await harness
    .as('registry')
    .setCaller({ ...caller, ...(expiresAt === undefined ? {} : { expiresAt }) }, callAs(harness.order('registry', project)))
  return { key, keyId, sha256 }
}

/** The code of the error that this ends with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (isCoded(error) ? error.code : String(error)),
  )
}
