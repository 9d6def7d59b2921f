import { newId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { ListTokensRequest, RefreshRequest, RefreshResponse, TokenTimes } from '@credence/proto/refresh'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { type RpcMount, type RpcServer, rpcMount, type ServiceName, serveRpc, type TlsIdentity } from '@credence/rpc'
import { type Clock, createLogger, startTracing, systemRandom } from '@credence/service'
import { testAuthority } from '@credence/testkit'

/** One credential as vault and registry have it. */
export interface Held {
  readonly id: string
  readonly project: string
  version: number
  state: 'active' | 'expired' | 'disabled' | 'deleted'
  refreshClass: string
  clientId: string
  family: string
  hasRefreshToken: boolean
  issuedAt: Date | undefined
  expiresAt: Date | undefined
  /** Of each access token, ms. */
  lifeMs: number
  lastRefresh: Partial<RefreshResponse> | undefined
  openIntent: boolean
}

type Answer = Partial<RefreshResponse>
export type Respond = (held: Held, request: RefreshRequest) => Answer | undefined | Promise<Answer | undefined>

export interface OrderSeen {
  readonly id: string
  readonly version: number
  readonly at: number
  readonly cause: string
  readonly project: string
  readonly from: string
}

const silent = createLogger({ service: 'fake', level: 'silent' })

/**
 * Vault and registry at the wire: real servers with the behaviour that the refresher sees, over one table of credentials.
 * Versions move with each refresh, the fence follows MarkExpired, and the answer of the token endpoint is the test's.
 */
export class FakePeers {
  readonly held: Map<string, Held> = new Map()
  readonly orders: OrderSeen[] = []
  /** What the registry heard, in order: `expired <id> <version> <reason>`, `health <id> <version> <word>`. */
  readonly heard: string[] = []
  readonly errorsTold: string[] = []
  listed = 0
  /** How far the vault's clock is ahead of the refresher's. */
  skewMs = 0
  /** The answer to an order; undefined: tokens. */
  respond: Respond = () => undefined
  /** Throws to refuse what the registry is told. */
  registryDoes: (method: 'markExpired' | 'reportHealth', id: string) => void | Promise<void> = () => undefined
  /** Told of every change, as the vault and the registry tell the bus. */
  onFact: (type: string, held: Held) => Promise<void> = async () => undefined
  readonly #clock: Clock
  readonly #servers = new Map<string, RpcServer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async start(): Promise<void> {
    for (const [service, mount] of [['vault', this.#vaultMount()] as const, ['registry', this.#registryMount()] as const]) {
      const tracing = startTracing({ serviceName: service })
      const server = await serveRpc({ host: '127.0.0.1', port: 0, mounts: [mount], log: silent, tracing, tls: identity(service) })
      this.#servers.set(service, server)
    }
  }

  address(service: ServiceName): string | undefined {
    const server = this.#servers.get(service)
    return server === undefined ? undefined : `${server.host}:${server.port}`
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()))
  }

  /** A credential that was connected now: an OAuth grant of one hour, unless said otherwise. */
  add(over: Partial<Held> = {}): Held {
    const now = this.#clock.now()
    const lifeMs = over.lifeMs ?? 3_600_000
    const held: Held = {
      id: newId('cred', systemRandom.bytes),
      project: PROJECT,
      version: 1,
      state: 'active',
      refreshClass: 'strict',
      clientId: CLIENT,
      family: 'oauth2',
      hasRefreshToken: true,
      issuedAt: new Date(now),
      expiresAt: new Date(now + lifeMs),
      lastRefresh: undefined,
      openIntent: false,
      ...over,
      lifeMs,
    }
    this.held.set(held.id, held)
    return held
  }

  /** A new secret in force, as after a connect or a refresh. */
  renew(held: Held): void {
    held.version++
    held.state = 'active'
    held.lastRefresh = undefined
    if (held.issuedAt !== undefined) held.issuedAt = new Date(this.#clock.now())
    if (held.expiresAt !== undefined) held.expiresAt = new Date(this.#clock.now() + held.lifeMs)
  }

  /** A refresh that somebody else ordered and that failed. */
  async failElsewhere(held: Held, answer: Answer): Promise<void> {
    held.lastRefresh = {
      outcome: 'failed',
      version: held.version,
      refreshClass: held.refreshClass,
      at: new Date(this.#clock.now() + this.skewMs),
      ...answer,
    }
    await this.onFact('credential.refresh_failed', held)
  }

  #vaultMount(): RpcMount {
    return mountOf(VaultServiceDefinition, {
      refresh: async (request: RefreshRequest, { principal, from }) => {
        const { credentialId: id, expectedVersion: version, cause } = request
        this.orders.push({ id, version, cause, at: this.#clock.now(), project: principal.project, from })
        return this.#refresh(request)
      },
      listTokens: async (request: ListTokensRequest) => this.#list(request),
    })
  }

  async #refresh(request: RefreshRequest): Promise<Answer> {
    const held = this.held.get(request.credentialId)
    if (held === undefined || held.state === 'deleted') throw new CodedError('NOT_FOUND')
    const { refreshClass } = held
    const common = { version: held.version, refreshClass }
    if (held.state !== 'active') return { ...common, outcome: held.state === 'disabled' ? 'disabled' : 'not_active' }
    if (request.expectedVersion !== held.version) return { ...common, outcome: 'moved' }
    if (!held.hasRefreshToken) return { ...common, outcome: 'no_refresh_token' }
    const answer = await this.respond(held, request)
    if (answer === undefined) {
      this.renew(held)
      await this.onFact('credential.refreshed', held)
      const { version, issuedAt, expiresAt } = held
      return { outcome: 'refreshed', version, refreshClass, answerKind: 'tokens', httpStatus: 200, issuedAt, expiresAt }
    }
    if (answer.outcome !== undefined) return { ...common, outcome: 'failed', ...answer }
    await this.failElsewhere(held, answer)
    return { ...common, outcome: 'failed', at: held.lastRefresh?.at, ...answer }
  }

  #list({ credentialIds, pageSize, pageToken }: ListTokensRequest): { tokens: Partial<TokenTimes>[]; nextPageToken: string } {
    this.listed++
    if (credentialIds.length > 0) {
      return { tokens: credentialIds.flatMap((id) => this.#times(this.held.get(id))), nextPageToken: '' }
    }
    const all = [...this.held.values()].filter((held) => held.state !== 'deleted' && (held.issuedAt ?? held.expiresAt) !== undefined)
    const from = Number(pageToken)
    const next = from + pageSize
    return { tokens: all.slice(from, next).flatMap((held) => this.#times(held)), nextPageToken: next < all.length ? String(next) : '' }
  }

  #times(held: Held | undefined): Partial<TokenTimes>[] {
    if (held === undefined) return []
    const { id: credentialId, lifeMs: _life, lastRefresh, ...times } = held
    return [{ credentialId, ...times, lastRefresh: lastRefresh as RefreshResponse | undefined }]
  }

  #registryMount(): RpcMount {
    return mountOf(RegistryServiceDefinition, {
      markExpired: async ({ credentialId: id, version, reason }: { credentialId: string; version: number; reason: string }) => {
        await this.registryDoes('markExpired', id)
        const held = this.held.get(id)
        if (held === undefined || held.state === 'deleted') throw new CodedError('NOT_FOUND')
        if (version < held.version) throw new CodedError('CONFLICT')
        if (held.state === 'disabled') throw new CodedError('ILLEGAL_MOVE')
        const changed = held.state === 'active'
        held.state = 'expired'
        this.heard.push(`expired ${id} ${version} ${reason}`)
        return { reconnectUrl: `${PUBLIC_URL}/r/${id}`, changed }
      },
      reportHealth: async (report: { credentialId: string; version: number; health: string; lastError?: { code: string } }) => {
        await this.registryDoes('reportHealth', report.credentialId)
        this.heard.push(`health ${report.credentialId} ${report.version} ${report.health}`)
        if (report.lastError !== undefined) this.errorsTold.push(report.lastError.code)
        return {}
      },
    })
  }
}

export const PROJECT: string = newId('proj', systemRandom.bytes)
export const CLIENT: string = newId('ocl', systemRandom.bytes)
export const PUBLIC_URL = 'https://credence.example'

export function identity(service: ServiceName): TlsIdentity {
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], uris: [`spiffe://credence/${service}`] }
  return { ...testAuthority().issue({ commonName: service, ...names, client: true, server: true }), caPem: testAuthority().certificatePem }
}

type Handler = (request: never, context: { principal: { project: string }; from: string }) => Promise<unknown>

/** Every method that is not given answers NOT_FOUND. */
function mountOf(definition: Parameters<typeof rpcMount>[0], methods: Readonly<Record<string, Handler>>): RpcMount {
  const refuse: Handler = async () => {
    throw new CodedError('NOT_FOUND')
  }
  const names = Object.keys(definition.methods)
  return rpcMount(definition, Object.fromEntries(names.map((name) => [name, methods[name] ?? refuse])) as never)
}
