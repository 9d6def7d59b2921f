import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openEmbeddedBus } from '@credence/events'
import { start as startGateway } from '@credence/gateway'
import { type Host, startProbes } from '@credence/host'
import { start as startRegistry } from '@credence/registry'
import { openPeers, type RpcMount, type ServiceName, serveRpc, type TlsIdentity } from '@credence/rpc'
import {
  type Authority,
  type Clock,
  createAuthority,
  createLogger,
  type Logger,
  type Random,
  startTracing,
  systemClock,
  systemRandom,
} from '@credence/service'
import { type ProcessMetrics, startMetrics } from '@credence/service/metrics'
import { openSqliteStore } from '@credence/store'
import { start as startRefresher } from '@credence/token-refresher'
import { start as startVault } from '@credence/vault'
import { start as startVerifier } from '@credence/verifier'
import type { StandaloneConfig } from './config.ts'
import { type ClaimedPorts, claimPorts } from './ports.ts'

export interface StandaloneAdapters {
  readonly clock?: Clock
  readonly random?: Random
  /** Takes the log lines of all services. Default: standard error. */
  readonly writeLog?: (line: string) => void
}

export interface RunningStandalone {
  /** `http://…` of public, admin, data and probes, `host:port` of the rest. */
  readonly addresses: Readonly<Record<'public' | 'admin' | 'data' | 'api' | 'probes' | ServiceName, string>>
  readonly home: string
  /** The admin key, at the first start only. */
  readonly firstKey?: string
  /** A one-time link that signs in to the console. */
  signInLink(): Promise<string>
  stop(): Promise<void>
}

/** Starts everything and resolves when it can be used. Throws PORT_IN_USE, KEY_MISMATCH, ROLLED_BACK, STORE_UNAVAILABLE, INVALID_SETTING. */
export async function startStandalone(config: StandaloneConfig, adapters: StandaloneAdapters = {}): Promise<RunningStandalone> {
  const { settings } = config
  const { clock = systemClock, random = systemRandom } = adapters
  const home = resolve(settings.home)
  const claimed = await claimPorts(settings.host, portsOf(settings), { known: ['PUBLIC_PORT', 'ADMIN_PORT'], random })
  const publicUrl = settings.publicUrl ?? `http://localhost:${claimed.ports.PUBLIC_PORT}`
  const stops: (() => Promise<void>)[] = [claimed.release]
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
    const figures = startMetrics({ serviceName: 'platform', endpoint: settings.otlpEndpoint, clock })
    stops.push(() => figures.shutdown())
    const store = await openSqliteStore({ file: join(home, 'credence.db'), random })
    stops.push(() => store.close())
    const bus = await openEmbeddedBus({ store, clock, random, log: loggerOf('bus', adapters), metrics: figures.of('platform') })
    stops.push(() => bus.close())
    const authority = createAuthority({ random, clock, name: 'Credence services', folder: join(home, 'tls') })
    const addresses = new Map<ServiceName, string>()
    const hand = (service: ServiceName): Host => {
      const tls = identityOf(authority, service)
      const tracing = startTracing({ serviceName: service, endpoint: settings.otlpEndpoint })
      const peers = openPeers({ tls, address: (name) => addresses.get(name) })
      stops.push(
        async () => peers.close(),
        () => tracing.shutdown(),
      )
      return { store, bus, clock, random, log: loggerOf(service, adapters), tracing, metrics: figures.of(service), tls, peers }
    }
    const ready = async (): Promise<readonly string[]> => {
      await store.ping()
      return []
    }
    return await startServices({ config, claimed, publicUrl, home, hand, addresses, stops, probes: { ready, figures } })
  } catch (error) {
    await stopAll(stops)
    throw error
  }
}

function portsOf(settings: StandaloneConfig['settings']) {
  return {
    PUBLIC_PORT: settings.publicPort,
    ADMIN_PORT: settings.adminPort,
    DATA_PORT: settings.dataPort,
    API_PORT: settings.apiPort,
    REGISTRY_PORT: settings.registryPort,
    VAULT_PORT: settings.vaultPort,
    REFRESHER_PORT: settings.refresherPort,
    VERIFIER_PORT: settings.verifierPort,
    GATEWAY_PORT: settings.gatewayPort,
    PROBE_PORT: settings.probePort,
  }
}

interface Starting {
  readonly config: StandaloneConfig
  readonly claimed: ClaimedPorts<keyof ReturnType<typeof portsOf>>
  readonly publicUrl: string
  readonly home: string
  readonly hand: (service: ServiceName) => Host
  readonly addresses: Map<ServiceName, string>
  readonly stops: (() => Promise<void>)[]
  readonly probes: { readonly ready: () => Promise<readonly string[]>; readonly figures: ProcessMetrics }
}

async function startServices(at: Starting): Promise<RunningStandalone> {
  const { config, claimed, publicUrl, home, hand, addresses, stops } = at
  const { ports } = claimed
  const { settings, egress, refreshTimes } = config
  const { host } = settings
  const started = <R extends { readonly addresses: { readonly grpc: string }; stop(): Promise<void> }>(
    service: ServiceName,
    running: R,
  ): R => {
    addresses.set(service, running.addresses.grpc)
    stops.push(() => running.stop())
    return running
  }
  const vaultConfig = {
    host,
    port: ports.VAULT_PORT,
    dataPort: ports.DATA_PORT,
    folder: join(home, 'vault'),
    keyFile: resolve(settings.keyUri ?? join(home, 'key')),
    publicUrl,
    egress,
    maxRequestBytes: settings.maxRequestBytes,
    fenceMaxAgeMs: 0,
    acceptRestore: settings.acceptRestore,
    auditDeadlineMs: settings.auditDeadlineMs,
    refreshTimes,
  }
  const vault = started('vault', await startVault(vaultConfig, { ...hand('vault'), failpoint: config.failpoint }))
  const registry = started('registry', await startRegistry({ host, port: ports.REGISTRY_PORT, publicUrl }, hand('registry')))
  const verifier = started(
    'verifier',
    await startVerifier({ host, port: ports.VERIFIER_PORT, egress, research: config.research }, hand('verifier')),
  )
  const refresher = started(
    'token-refresher',
    await startRefresher(
      { host, port: ports.REFRESHER_PORT, publicUrl, refreshTimes, tickMs: settings.refreshTickMs },
      hand('token-refresher'),
    ),
  )
  const gatewayConfig = {
    host,
    port: ports.GATEWAY_PORT,
    publicPort: ports.PUBLIC_PORT,
    adminPort: ports.ADMIN_PORT,
    publicUrl,
    adminUrl: `http://localhost:${ports.ADMIN_PORT}`,
    egress,
  }
  await claimed.release()
  const gateway = started('gateway', await startGateway(gatewayConfig, hand('gateway')))
  const callers: RpcMount[] = [...registry.mounts, ...vault.mounts, ...verifier.mounts, ...refresher.mounts, ...gateway.mounts]
  const { log, tracing, metrics } = hand('gateway')
  const api = await serveRpc({
    host,
    port: ports.API_PORT,
    mounts: callers,
    log,
    tracing,
    metrics,
    authenticate: (shown) => vault.authenticate(shown, 'grpc'),
  })
  stops.push(() => api.stop())
  const probes = await startProbes({ host, port: ports.PROBE_PORT, ...at.probes })
  stops.push(() => probes.close())
  // A key is shown when it works everywhere.
  await registry.keysTold
  return {
    addresses: {
      public: publicUrl,
      admin: `http://${gateway.addresses.admin}`,
      data: `http://${vault.addresses.data}`,
      api: `${api.host}:${api.port}`,
      probes: probes.address,
      ...(Object.fromEntries(addresses) as Record<ServiceName, string>),
    },
    home,
    ...(registry.firstKey === undefined ? {} : { firstKey: registry.firstKey }),
    signInLink: () => gateway.makeSignInLink({ role: 'admin' }),
    stop: () => stopAll(stops),
  }
}

function identityOf(authority: Authority, service: ServiceName): TlsIdentity {
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'], uris: [`spiffe://credence/${service}`] }
  return { ...authority.issue({ commonName: service, ...names, client: true, server: true }), caPem: authority.certificatePem }
}

function loggerOf(service: string, adapters: StandaloneAdapters): Logger {
  return createLogger({ service, ...(adapters.writeLog === undefined ? {} : { write: adapters.writeLog }) })
}

/** The last that started stops first: whoever is called outlives its callers. */
async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop().catch(() => undefined)
}
