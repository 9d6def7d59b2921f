import { readFileSync } from 'node:fs'
import { CodedError } from '@credence/errors'
import { type EventBus, openJetStreamBus } from '@credence/events'
import { openPeers, type Peers, type ServiceName, type TlsIdentity } from '@credence/rpc'
import type { Secret } from '@credence/secret'
import { type Clock, type Logger, type Random, startTracing, systemClock, systemRandom, type Tracing } from '@credence/service'
import { type Metrics, type ProcessMetrics, startMetrics } from '@credence/service/metrics'
import { type DocumentStore, openMongoStore } from '@credence/store'
import type { HostSettings } from './settings.ts'

/** The adapters of a service, as its `start` takes them. */
export interface Host {
  readonly store: DocumentStore
  readonly bus: EventBus
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly tracing: Tracing
  readonly metrics: Metrics
  readonly tls: TlsIdentity
  readonly peers: Peers
}

/** What the store takes as the name of a database. */
const DATABASE = /^[A-Za-z0-9_-]{1,38}$/

export interface OpenHost extends Host {
  /** All figures of this process, in the text format of Prometheus. */
  readonly figures: Pick<ProcessMetrics, 'text'>
  close(): Promise<void>
}

/**
 * Opens store and bus; what was opened before something failed is closed again. NATS may be away at a start: facts wait in
 * the store. Throws STORE_UNAVAILABLE and INVALID_SETTING.
 */
export async function openHost(service: ServiceName, settings: HostSettings, log: Logger): Promise<OpenHost> {
  const [clock, random] = [systemClock, systemRandom]
  const replicas = replicasOf(settings.natsReplicas)
  const tls = { caPem: pem(settings.tlsCa), certPem: pem(settings.tlsCert), keyPem: pem(settings.tlsKey) }
  const closing: (() => Promise<void>)[] = []
  const close = (): Promise<void> => closeAll(closing, log)
  try {
    // The first that is opened, so that its last words hold those of all that is closed before it.
    const figures = startMetrics({ serviceName: service, endpoint: settings.otlpEndpoint, clock })
    closing.push(() => figures.shutdown())
    const metrics = figures.of(service)
    const store = await openStore(service, settings, random)
    closing.push(() => store.close())
    const bus = await openJetStreamBus({
      servers: textOf(settings.natsUrl).split(','),
      ...(settings.natsCreds === undefined ? {} : { credsFile: settings.natsCreds }),
      replicas,
      clientName: `credence-${service}`,
      clock,
      random,
      log,
      metrics,
    })
    closing.push(() => bus.close())
    const tracing = startTracing({ serviceName: service, endpoint: settings.otlpEndpoint })
    closing.push(() => tracing.shutdown())
    const peers = openPeers({ tls, address: (name) => addressesOf(settings)[name] })
    closing.push(async () => peers.close())
    return { store, bus, clock, random, log, tracing, metrics, figures, tls, peers, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The last first; one that fails does not keep the others open. */
export async function closeAll(closing: (() => Promise<void>)[], log: Logger): Promise<void> {
  for (const one of closing.splice(0).toReversed()) await one().catch((error: unknown) => log.failure('service.stop_failed', error))
}

/** Opens the database of a service. Throws STORE_UNAVAILABLE, and INVALID_SETTING for an address or a name that is none. */
export async function openStore(
  service: ServiceName,
  { storeUrl, storeDatabase }: Pick<HostSettings, 'storeUrl' | 'storeDatabase'>,
  random: Random,
): Promise<DocumentStore> {
  const database = storeDatabase ?? `credence_${service.replaceAll('-', '_')}`
  if (!DATABASE.test(database)) throw invalid('STORE_DATABASE', 'Give letters, digits, _ and -, 38 at most.')
  try {
    return await openMongoStore({ url: textOf(storeUrl), database, random })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw invalid('STORE_URL', 'Give a connection string such as mongodb://user:password@host:27017/?replicaSet=rs0.')
  }
}

function invalid(setting: string, detail: string): CodedError {
  const name = `CREDENCE_${setting}`
  return new CodedError('INVALID_SETTING', `Correct ${name}.`, { faults: [{ pointer: `/${name}`, code: 'INVALID_VALUE', detail }] })
}

function addressesOf(settings: HostSettings): Readonly<Record<ServiceName, string>> {
  return {
    registry: settings.registryAddress,
    vault: settings.vaultAddress,
    'token-refresher': settings.refresherAddress,
    verifier: settings.verifierAddress,
    gateway: settings.gatewayAddress,
  }
}

/** The drivers take addresses with their passwords as text; it is shown to nobody else. */
function textOf(secret: Secret): string {
  return Buffer.from(secret.reveal()).toString('utf8')
}

function pem(file: string): string {
  return readFileSync(file, 'utf8')
}

function replicasOf(text: string): 1 | 3 | 5 {
  const count = Number(text)
  if (count === 1 || count === 3 || count === 5) return count
  throw invalid('NATS_REPLICAS', 'Give 1, 3 or 5.')
}
