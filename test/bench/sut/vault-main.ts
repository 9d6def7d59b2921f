/**
 * The vault under test in a process of its own: vault and registry on one SQLite file as the embedded profile has them, the
 * caller listener, and beside it a listener whose `Check` and `Send` do nothing of a vault's work.
 *
 *     node vault-main.ts '{"home", "egress": {"allow", "resolve", "caFile"}, "upstreamPort"}'
 */
import { join } from 'node:path'
import { parseEgressSettings } from '@credence/egress'
import { openEmbeddedBus } from '@credence/events'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { start as startRegistry } from '@credence/registry'
import { openPeers, type ServiceName, serveRpc, type TlsIdentity } from '@credence/rpc'
import { systemClock as clock, createLogger, systemRandom as random, runUntilSignal, startTracing } from '@credence/service'
import { startMetrics } from '@credence/service/metrics'
import { openSqliteStore } from '@credence/store'
import { testAuthority } from '@credence/testkit'
import { start as startVault } from '@credence/vault'
import { bareMount } from './bare-methods.ts'
import { startControl } from './control.ts'
import { countSignatureChecks } from './signature-checks.ts'

interface Told {
  readonly home: string
  readonly egress: { readonly allow: string; readonly resolve: string; readonly caFile: string }
  readonly upstreamPort: number
}

const HOST = '127.0.0.1'
const PUBLIC_URL = 'http://localhost:1'
const { home, egress, upstreamPort } = JSON.parse(process.argv[2] ?? '{}') as Told
const signatureChecks = countSignatureChecks()
const tracing = startTracing({ serviceName: 'bench' })
const figures = startMetrics({ serviceName: 'platform', clock })
const log = createLogger({ service: 'bench', level: 'error' })

await runUntilSignal(async () => {
  const store = await openSqliteStore({ file: join(home, 'credence.db'), random })
  const bus = await openEmbeddedBus({ store, clock, random, log })
  const addresses = new Map<ServiceName, string>()
  const around = (service: ServiceName) => {
    const tls = identity(service)
    return {
      store,
      bus,
      clock,
      random,
      log,
      tracing,
      metrics: figures.of(service),
      tls,
      peers: openPeers({ tls, address: (name) => addresses.get(name) }),
    }
  }
  const vault = await startVault(vaultConfig(), { ...around('vault'), failpoint: () => undefined })
  addresses.set('vault', vault.addresses.grpc)
  const registry = await startRegistry({ host: HOST, port: 0, publicUrl: PUBLIC_URL }, around('registry'))
  addresses.set('registry', registry.addresses.grpc)
  await registry.keysTold
  const listener = {
    host: HOST,
    port: 0,
    log,
    tracing,
    authenticate: (shown: { authorization: string; user: string }) => vault.authenticate(shown, 'grpc'),
  }
  const api = await serveRpc({ ...listener, mounts: vault.mounts })
  const bare = await bareMount({ upstreamPort, logFile: join(home, 'bare.log') })
  const noop = await serveRpc({ ...listener, mounts: [bare.mount] })
  const control = await startControl({ signatureChecks })
  const key = registry.firstKey ?? ''
  const { project } = await vault.authenticate({ authorization: `Bearer ${key}`, user: '' }, 'bench')
  const listeners = { grpc: vault.addresses.grpc, data: vault.addresses.data, api: `${HOST}:${api.port}`, bare: `${HOST}:${noop.port}` }
  console.log(JSON.stringify({ ...listeners, control: control.port, key, project, identities: identities() }))
  return {
    async stop() {
      await Promise.all([api.stop(), noop.stop(), control.close(), bare.close()])
      await registry.stop()
      await vault.stop()
      await bus.close()
      await store.close()
    },
  }
})

function vaultConfig(): Parameters<typeof startVault>[0] {
  return Object.freeze({
    host: HOST,
    port: 0,
    dataPort: 0,
    folder: join(home, 'vault'),
    keyFile: join(home, 'key'),
    publicUrl: PUBLIC_URL,
    egress: parseEgressSettings(egress),
    maxRequestBytes: 32 * 1024 * 1024,
    fenceMaxAgeMs: 0,
    acceptRestore: false,
    // A disk that is slow for others too must make the figures worse, not end the run.
    auditDeadlineMs: 5_000,
    refreshTimes: DEFAULT_REFRESH_TIMES,
  })
}

function identity(service: ServiceName): TlsIdentity {
  const authority = testAuthority()
  const names = { dnsNames: ['localhost'], ipAddresses: [HOST], uris: [`spiffe://credence/${service}`] }
  return { ...authority.issue({ commonName: service, ...names, client: true, server: true }), caPem: authority.certificatePem }
}

/** Certificates with which the bench gives the orders that other services give. */
function identities(): Partial<Record<ServiceName, TlsIdentity>> {
  return { gateway: identity('gateway'), registry: identity('registry'), 'token-refresher': identity('token-refresher') }
}
