import { createHmac } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { createEgress } from '@credence/egress'
import type { EventBus } from '@credence/events'
import { startRelay } from '@credence/events'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { callAs, type Peers, type RpcMount, serveRpc, servicePrincipal, type TlsIdentity } from '@credence/rpc'
import type { Clock, Logger, Random, Tracing } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { DocumentStore } from '@credence/store'
import { readAnchor, startAnchor } from './audit/anchor.ts'
import { type AuditLog, openAuditLog } from './audit/audit-log.ts'
import type { AuditRecord } from './audit/record.ts'
import { startShipper, type UseReport } from './audit/ship.ts'
import { type Callers, openCallers } from './caller/caller.ts'
import { openCapabilities } from './capability/capability.ts'
import { checkVaultConfig, type VaultConfig } from './config.ts'
import { openChildren } from './credential/children.ts'
import { openClients } from './credential/client.ts'
import { createEnvelope } from './credential/envelope.ts'
import { createFloors } from './credential/floors.ts'
import { openRecipes } from './credential/recipes.ts'
import { createRefresh } from './credential/refresh.ts'
import { noteRestore, restoredAt } from './credential/restore.ts'
import { REQUEST_COLLECTION, type RequestDoc } from './credential/seal.ts'
import { replaySpill, sweepEnded } from './credential/sweep.ts'
import { openInstances } from './grant/instances.ts'
import { openPendingGrants } from './grant/pending-grant.ts'
import { openSpill } from './grant/spill.ts'
import { startDataListener } from './http/data-listener.ts'
import { verifierChallenges } from './identity/challenges.ts'
import { openFactRecords } from './identity/fact-records.ts'
import { openKeyFile } from './keys/key-file.ts'
import { INSTALLATION, openProjectKeys, writtenWith } from './keys/project-keys.ts'
import { type VaultParts, vaultMount } from './rpc.ts'
import { openSigningKeys } from './signing/signing-keys.ts'

export interface VaultAdapters {
  readonly store: DocumentStore
  readonly bus: EventBus
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly tracing: Tracing
  readonly metrics: Metrics
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
  try {
    return await serve(config, adapters, parts)
  } catch (error) {
    await parts.close()
    throw error
  }
}

async function serve(config: VaultConfig, adapters: VaultAdapters, parts: Built): Promise<RunningVault> {
  const { host } = config
  const { log, tracing, metrics, tls, clock } = adapters
  const { lingerMs = 0 } = config
  const mount = vaultMount(parts)
  const data = await startDataListener({ host, port: config.dataPort, vault: parts, callers: parts.callers, log, tracing, clock, lingerMs })
  const grpc = await serveRpc({ host, port: config.port, mounts: [mount], log, tracing, metrics, tls }).catch(async (error: unknown) => {
    await data.stop()
    throw error
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

type Built = VaultParts & { readonly close: () => Promise<void> }

/** Opens everything in the order in which it is needed; what was opened before something failed is closed again. */
async function build(config: VaultConfig, adapters: VaultAdapters): Promise<Built> {
  const closing: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (let next = closing.pop(); next !== undefined; next = closing.pop()) await next()
  }
  try {
    return { ...(await open(config, adapters, closing)), close }
  } catch (error) {
    await close().catch((failed: unknown) => adapters.log.failure('vault.close_failed', failed))
    throw error
  }
}

async function open(config: VaultConfig, adapters: VaultAdapters, closing: (() => Promise<void>)[]): Promise<VaultParts> {
  const { store, bus, clock, random, log, metrics } = adapters
  const { folder, keyFile } = config
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const root = openKeyFile({ file: keyFile, random, writtenWith: await writtenWith(store) })
  const keys = await openProjectKeys({ store, root, clock, random, isReplicated: config.fenceMaxAgeMs > 0 })
  const installationKey = (await keys.first(INSTALLATION)).key.export()
  const keyFor = (label: string): Uint8Array => createHmac('sha256', installationKey).update(label).digest()
  const instances = await openInstances({ folder, store, clock, random, log, times: config.refreshTimes })
  const instance = instances.me
  let isSpillEmpty = (): boolean => false
  closing.push(() => instances.stop(isSpillEmpty()))
  const spill = await openSpill({ folder, instance, key: keyFor('spill v1'), clock, random })
  closing.push(() => spill.close())
  metrics.observe('credence_spills_open', () => [{ value: spill.open().length }])
  isSpillEmpty = () => spill.open().length === 0
  const { audit, records } = await openAudit(config, adapters, { instance, key: keyFor('audit chain v1'), closing })
  const anchor = await startAnchor({ store, instance, audit, clock, log })
  closing.push(() => anchor.stop())
  const floors = createFloors(records)
  const envelope = createEnvelope(keys, random)
  const children = await openChildren(store, floors)
  const egress = createEgress({ settings: config.egress, clock, random })
  const relay = await startRelay({ source: 'vault', store, collections: [children.collection], bus, clock, log, metrics })
  closing.push(
    () => relay.stop(),
    () => egress.close(),
  )
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
    metrics,
    egress,
    recipes: await openRecipes(store),
    clients: await openClients(store, envelope, keys),
    capabilities: await openCapabilities({ store, macKey: keyFor('capabilities v1'), floors }),
    challenges: verifierChallenges(adapters.peers, config.publicUrl.replace(/\/+$/, '')),
    factRecords: await openFactRecords({ store, key: keyFor('identity facts v1'), now: () => clock.now() }),
    pendingGrants: await openPendingGrants(store),
    signingKeys: await openSigningKeys({ store, envelope, keys, clock, random }),
    publicUrl: config.publicUrl.replace(/\/+$/, ''),
    requests: await store.collection<RequestDoc>(REQUEST_COLLECTION),
    callers: await openCallers({ store, macKey: keyFor('callers v1'), clock, maxAgeMs: config.fenceMaxAgeMs }),
    digestKey: keyFor('digests v1'),
    reconnectUrl: (id: string) => `${config.publicUrl}/r/${id}`,
    fenceMaxAgeMs: config.fenceMaxAgeMs,
    maxRequestBytes: config.maxRequestBytes,
    refreshTimes: config.refreshTimes,
    restoredAt: await restoredAt(store),
    failpoint: adapters.failpoint,
    nudge: () => relay.nudge(),
  }
  const report = (reports: readonly UseReport[]): Promise<void> => reportUses(adapters.peers, reports)
  const shipper = await startShipper({ store, audit, bus, clock, log, instance, records, report })
  await replaySpill({ ...context, log })
  const { refresh, settled } = createRefresh(context)
  closing.push(() => shipper.stop(), settled)
  return { ...context, refresh, shipper }
}

/** The audit log, held against its anchor; a restore that the operator accepts is written into it. */
async function openAudit(
  config: VaultConfig,
  { store, clock, metrics }: VaultAdapters,
  { instance, key, closing }: { instance: string; key: Uint8Array; closing: (() => Promise<void>)[] },
): Promise<{ audit: AuditLog; records: readonly AuditRecord[] }> {
  const { folder, acceptRestore, auditDeadlineMs: deadlineMs } = config
  const anchored = acceptRestore ? {} : { anchored: await readAnchor(store, instance) }
  const onRefused = (): void => metrics.count('credence_audit_failures_total', {})
  const { log: audit, records } = await openAuditLog({ folder, instance, key, clock, deadlineMs, onRefused, ...anchored })
  closing.push(() => audit.close())
  if (!acceptRestore) return { audit, records }
  const restored: AuditRecord = {
    use: 'restore',
    phase: 'change',
    action: 'restore',
    at: clock.now(),
    project: '',
    credential: '',
    subject: 'service:vault',
  }
  await audit.append(restored)
  await noteRestore(store, restored.at)
  return { audit, records: [...records, restored] }
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
      await sweepEnded({ ...parts, log: adapters.log }).catch((error: unknown) => adapters.log.failure('vault.sweep_failed', error))
      await replaySpill({ ...parts, log: adapters.log }, { settledMs: parts.refreshTimes.leaseMs })
    }
  })()
  return {
    async stop() {
      stop.abort()
      await loop
    },
  }
}
