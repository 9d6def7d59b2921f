import { createHmac } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { createEgress } from '@credence/egress'
import type { EventBus } from '@credence/events'
import { startRelay } from '@credence/events'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { callAs, type Peers, type RpcMount, serveRpc, servicePrincipal, type TlsIdentity } from '@credence/rpc'
import type { Clock, Logger, Random, Tracing } from '@credence/service'
import type { DocumentStore } from '@credence/store'
import { checkAnchor, startAnchor } from './audit/anchor.ts'
import { openAuditLog } from './audit/audit-log.ts'
import { startShipper, type UseReport } from './audit/ship.ts'
import { type Callers, openCallers } from './caller/caller.ts'
import { checkVaultConfig, type VaultConfig } from './config.ts'
import { openChildren } from './credential/children.ts'
import { openClients } from './credential/client.ts'
import { createEnvelope } from './credential/envelope.ts'
import { createFloors } from './credential/floors.ts'
import { openRecipes } from './credential/recipes.ts'
import { createRefresh } from './credential/refresh.ts'
import type { RequestDoc } from './credential/seal.ts'
import { replaySpill, sweepEnded } from './credential/sweep.ts'
import { openInstances } from './grant/instances.ts'
import { openPendingGrants } from './grant/pending-grant.ts'
import { openSpill } from './grant/spill.ts'
import { startDataListener } from './http/data-listener.ts'
import { openKeyFile } from './keys/key-file.ts'
import { INSTALLATION, openProjectKeys } from './keys/project-keys.ts'
import { type VaultParts, vaultMount } from './rpc.ts'

export interface VaultAdapters {
  readonly store: DocumentStore
  readonly bus: EventBus
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly tracing: Tracing
  readonly tls: TlsIdentity
  readonly peers: Peers
  readonly failpoint: (name: string) => void
}

export interface RunningVault {
  readonly addresses: { readonly grpc: string; readonly data: string }
  /** The same methods, for the caller listener. */
  readonly mounts: readonly RpcMount[]
  /** How callers are recognised on the caller listener. */
  readonly authenticate: Callers['authenticate']
  stop(): Promise<void>
}

/** How often candidates, sign-ins and unsaved answers are looked through. */
const SWEEP_MS = 30_000

/** Builds the vault and serves it. Throws KEY_MISMATCH, ROLLED_BACK, STORE_UNAVAILABLE, PORT_IN_USE. */
export async function start(config: VaultConfig, adapters: VaultAdapters): Promise<RunningVault> {
  checkVaultConfig(config)
  const parts = await build(config, adapters)
  const mount = vaultMount(parts)
  const grpc = await serveRpc({
    host: config.host,
    port: config.port,
    mounts: [mount],
    log: adapters.log,
    tracing: adapters.tracing,
    tls: adapters.tls,
  })
  const data = await startDataListener({
    host: config.host,
    port: config.dataPort,
    vault: parts,
    callers: parts.callers,
    log: adapters.log,
    tracing: adapters.tracing,
  })
  const sweeping = startSweeping(parts, adapters)
  return {
    addresses: { grpc: `${grpc.host}:${grpc.port}`, data: data.address },
    mounts: [mount],
    authenticate: parts.callers.authenticate,
    async stop() {
      await Promise.all([data.stop(), grpc.stop()])
      await sweeping.stop()
      await parts.close()
    },
  }
}

async function build(config: VaultConfig, adapters: VaultAdapters): Promise<VaultParts & { close(): Promise<void> }> {
  const { store, bus, clock, random, log } = adapters
  await mkdir(config.folder, { recursive: true, mode: 0o700 })
  const keys = await openProjectKeys({ store, root: openKeyFile(config.keyFile, random), clock, random })
  const installationKey = (await keys.first(INSTALLATION)).key.export()
  const keyFor = (label: string): Uint8Array => createHmac('sha256', installationKey).update(label).digest()
  const instances = await openInstances({ folder: config.folder, store, clock, random, log, times: config.refreshTimes })
  const { log: audit, records } = await openAuditLog({
    folder: config.folder,
    instance: instances.me,
    key: keyFor('audit chain v1'),
    clock,
  })
  await checkAnchor({ store, instance: instances.me, records, acceptRestore: config.acceptRestore })
  const floors = createFloors(config.acceptRestore ? [] : records)
  const envelope = createEnvelope(keys, random)
  const children = await openChildren(store, floors)
  const relay = await startRelay({ source: 'vault', store, collections: [children.collection], bus, clock, log })
  const spill = await openSpill({ folder: config.folder, instance: instances.me, key: keyFor('spill v1'), clock, random })
  const context = {
    children,
    floors,
    envelope,
    audit,
    keys,
    spill,
    instances,
    clock,
    random,
    recipes: await openRecipes(store),
    clients: await openClients(store, envelope),
    pendingGrants: await openPendingGrants(store),
    requests: await store.collection<RequestDoc>({ name: 'vault_requests', indexes: [{ name: 'by_time', members: ['at'] }] }),
    callers: await openCallers({ store, macKey: keyFor('callers v1'), clock }),
    egress: createEgress({ settings: config.egress, clock, random }),
    digestKey: keyFor('digests v1'),
    reconnectUrl: (id: string) => `${config.publicUrl}/r/${id}`,
    fenceMaxAgeMs: config.fenceMaxAgeMs,
    maxRequestBytes: config.maxRequestBytes,
    refreshTimes: config.refreshTimes,
    failpoint: adapters.failpoint,
    nudge: () => relay.nudge(),
  }
  const shipper = await startShipper({ store, audit, bus, clock, log, report: (reports) => reportUses(adapters.peers, reports) })
  const anchor = await startAnchor({ store, instance: instances.me, audit, clock, log })
  await replaySpill(context)
  return {
    ...context,
    refresh: createRefresh(context),
    shipper,
    async close() {
      await shipper.stop()
      await relay.stop()
      await context.egress.close()
      await anchor.stop()
      await instances.stop(spill.open().length === 0)
      await spill.close()
      await audit.close()
    },
  }
}

async function reportUses(peers: Peers, reports: readonly UseReport[]): Promise<void> {
  const uses = reports.map(({ credential, lastUsedAt, lastError }) => ({ credentialId: credential, lastUsedAt, lastError }))
  await peers.client('registry', RegistryServiceDefinition).reportUse({ uses }, callAs(servicePrincipal('vault')))
}

function startSweeping(parts: VaultParts, adapters: VaultAdapters): { stop(): Promise<void> } {
  const stop = new AbortController()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await adapters.clock.sleep(SWEEP_MS, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      await sweepEnded(parts).catch((error: unknown) => adapters.log.failure('vault.sweep_failed', error))
      await replaySpill(parts).catch((error: unknown) => adapters.log.failure('vault.spill_replay_failed', error))
    }
  })()
  return {
    async stop() {
      stop.abort()
      await loop
    },
  }
}
