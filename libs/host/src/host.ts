import { readFileSync } from 'node:fs'
import { CodedError } from '@credence/errors'
import { type EventBus, openJetStreamBus } from '@credence/events'
import { openPeers, type Peers, type ServiceName, type TlsIdentity } from '@credence/rpc'
import type { Secret } from '@credence/secret'
import { type Clock, type Logger, type Random, startTracing, systemClock, systemRandom, type Tracing } from '@credence/service'
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
  readonly tls: TlsIdentity
  readonly peers: Peers
}

export interface OpenHost extends Host {
  close(): Promise<void>
}

/** Opens store and bus; throws STORE_UNAVAILABLE and INVALID_SETTING. NATS may be away at a start: facts wait in the store. */
export async function openHost(service: ServiceName, settings: HostSettings, log: Logger): Promise<OpenHost> {
  const [clock, random] = [systemClock, systemRandom]
  const tls = { caPem: pem(settings.tlsCa), certPem: pem(settings.tlsCert), keyPem: pem(settings.tlsKey) }
  const store = await openMongoStore({
    url: textOf(settings.storeUrl),
    database: settings.storeDatabase ?? `credence_${service.replaceAll('-', '_')}`,
    random,
  })
  try {
    const bus = await openJetStreamBus({
      servers: textOf(settings.natsUrl).split(','),
      ...(settings.natsCreds === undefined ? {} : { credsFile: settings.natsCreds }),
      replicas: replicasOf(settings.natsReplicas),
      clientName: `credence-${service}`,
      clock,
      random,
      log,
    })
    const tracing = startTracing({ serviceName: service, endpoint: settings.otlpEndpoint })
    const peers = openPeers({ tls, address: (name) => addressesOf(settings)[name] })
    const close = async (): Promise<void> => {
      peers.close()
      await tracing.shutdown()
      await bus.close()
      await store.close()
    }
    return { store, bus, clock, random, log, tracing, tls, peers, close }
  } catch (error) {
    await store.close()
    throw error
  }
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
  const detail = 'Give 1, 3 or 5.'
  throw new CodedError('INVALID_SETTING', undefined, { faults: [{ pointer: '/CREDENCE_NATS_REPLICAS', code: 'INVALID_VALUE', detail }] })
}
