import type { EventBus } from '@credence/events'
import { startRelay } from '@credence/events'
import { type Authenticate, type Peers, type RpcMount, serveRpc, type TlsIdentity } from '@credence/rpc'
import type { Clock, Logger, Random, Tracing } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { DocumentStore } from '@credence/store'
import { type RegistryConfig, settingsOf } from './config.ts'
import { pageTokens } from './documents/page-token.ts'
import { authenticateCaller } from './key/authenticate-caller.ts'
import { firstStart } from './key/first-start.ts'
import { startMover } from './provider/start-mover.ts'
import { refresherPeer } from './refresher-peer.ts'
import type { Registry } from './registry.ts'
import { registryMount, setupMount } from './rpc.ts'
import { type Researching, startResearching } from './setup/researcher.ts'
import { openCollections } from './store/collections.ts'
import { type Sweeper, startSweeper } from './sweep/sweeper.ts'
import { vaultPeer } from './vault-peer.ts'
import { verifierPeer } from './verifier-peer.ts'

/** What the composition root hands down. */
export interface RegistryAdapters {
  readonly store: DocumentStore
  readonly bus: EventBus
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly tracing: Tracing
  readonly metrics: Metrics
  readonly tls: TlsIdentity
  /** The vault, the token-refresher and the verifier are called. They may start later: what the vault has to be told waits. */
  readonly peers: Peers
}

export interface RunningRegistry {
  readonly addresses: { readonly grpc: string }
  /** The same implementation, for the caller listener. */
  readonly mounts: readonly RpcMount[]
  /** How callers are recognised on the caller listener. */
  readonly authenticate: Authenticate
  /** The text of the first key with every scope: given by the start that made it, and by no other. Show it once. */
  readonly firstKey?: string
  /** Resolves when the vault was told every key since this start: before, it may not know a caller yet. */
  readonly keysTold: Promise<void>
  stop(): Promise<void>
}

/** Builds the registry once and serves it; resolves when its port is bound. */
export async function start(config: RegistryConfig, adapters: RegistryAdapters): Promise<RunningRegistry> {
  const { store, bus, clock, random, log, tracing, metrics, tls, peers } = adapters
  const settings = settingsOf(config)
  const docs = await openCollections(store)
  const now = (): Date => new Date(clock.now())
  const { installation, firstKey } = await firstStart({ docs, random, now: now() })
  const sources = [docs.credentials, docs.consumers, docs.providers, docs.capabilities, docs.consents, docs.setups]
  const relay = await startRelay({ source: 'registry', store, collections: sources, bus, clock, log, metrics })
  let sweeper: Sweeper | undefined
  let researching: Researching | undefined
  const registry: Registry = {
    docs,
    vault: vaultPeer(peers, { clock, pushTimeoutMs: settings.pushTimeoutMs }),
    plans: refresherPeer(peers),
    proofs: verifierPeer(peers),
    mover: startMover(() => registry, clock),
    pages: pageTokens(installation.macKey),
    publicUrl: settings.publicUrl,
    defaultProject: installation.project,
    log,
    random,
    now,
    nudge: () => relay.nudge(),
    sweepSoon: () => sweeper?.soon(),
    researchSoon: () => researching?.soon(),
  }
  sweeper = startSweeper(registry, { clock, ms: settings.sweepMs })
  researching = startResearching(registry, { port: verifierPeer(peers), clock, everyMs: settings.sweepMs })
  const mounts = [registryMount(registry), setupMount(registry)]
  const server = await serveRpc({ host: config.host, port: config.port, mounts, log, tracing, metrics, tls })
  return {
    addresses: { grpc: `${server.host}:${server.port}` },
    mounts,
    authenticate: (shown) => authenticateCaller(registry, shown),
    ...(firstKey === undefined ? {} : { firstKey }),
    keysTold: sweeper.keysTold,
    async stop() {
      await server.stop()
      await researching.stop()
      await sweeper.stop()
      await registry.mover.stop()
      await relay.stop()
    },
  }
}
