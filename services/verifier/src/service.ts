import { isCoded } from '@credence/errors'
import { type EventBus, startRelay } from '@credence/events'
import { TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { callAs, type Peers, type Principal, type RpcMount, serveRpc, servicePrincipal, type TlsIdentity } from '@credence/rpc'
import type { Clock, Logger, Random, Tracing } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { DocumentStore } from '@credence/store'
import type { VerifierConfig } from './config.ts'
import { openVerifications, type Verifications } from './credential/record.ts'
import { type Verification, type VerifyOrder, type VerifyPeers, verify } from './credential/verify.ts'
import { subscribeToRefusals } from './events.ts'
import { openChallenges } from './identity/challenge.ts'
import { identityPeers } from './identity/peers.ts'
import { STANDING_COLLECTION, type Standing } from './identity/standing.ts'
import { startRechecks } from './recheck.ts'
import { openResearcher } from './researcher.ts'
import { verifierMount } from './rpc.ts'

export interface VerifierAdapters {
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

/** How often credentials that could not be verified are looked for. */
const RECHECK_MS = 15_000

/** Builds the verifier and serves it. */
export async function start(
  config: VerifierConfig,
  adapters: VerifierAdapters,
): Promise<{ addresses: { grpc: string }; mounts: RpcMount[]; stop(): Promise<void> }> {
  const { store, bus, clock, log, tracing, metrics, tls } = adapters
  const verifications = await openVerifications(adapters)
  const standings = await store.collection<Standing>(STANDING_COLLECTION)
  const collections = [verifications.collection, standings]
  const relay = await startRelay({ source: 'verifier', store, collections, bus, clock, log, metrics })
  const run = (principal: Principal, order: VerifyOrder): Promise<Verification> =>
    verifyAndReport({ adapters, verifications, nudge: () => relay.nudge() }, principal, order)
  const { egress = { allow: [], resolve: [] }, research = {} } = config
  const researcher = openResearcher({ egress, config: research, clock, random: adapters.random })
  const identity = {
    standings,
    challenges: await openChallenges(adapters),
    peers: identityPeers(adapters.peers, log),
    clock,
    random: adapters.random,
    log,
    nudge: () => relay.nudge(),
  }
  const mount = verifierMount(run, researcher, identity)
  const grpc = await serveRpc({ host: config.host, port: config.port, mounts: [mount], log, tracing, metrics, tls })
  const confirm = (principal: Principal, credentialId: string): Promise<void> => confirmRefusal({ adapters, run }, principal, credentialId)
  const refusals = await subscribeToRefusals(bus, confirm, log)
  const rechecks = startRechecks({ verifications, confirm, clock, log, everyMs: config.recheckMs ?? RECHECK_MS })
  return {
    addresses: { grpc: `${grpc.host}:${grpc.port}` },
    mounts: [mount],
    async stop() {
      await rechecks.stop()
      await refusals.close()
      await researcher.close()
      await grpc.stop()
      await relay.stop()
    },
  }
}

/** Verifies, remembers, and tells the registry what the call says of the credential in force. */
async function verifyAndReport(
  at: { adapters: VerifierAdapters; verifications: Verifications; nudge: () => void },
  principal: Principal,
  order: VerifyOrder,
): Promise<Verification> {
  const { adapters } = at
  const result = await verify(peersOf(adapters.peers), principal, order)
  await at.verifications.record(order, result)
  adapters.metrics.count('credence_verifications_total', { verdict: result.verdict })
  at.nudge()
  if (order.candidateId !== '' || result.verdict === 'no_probe') return result
  const now = new Date(adapters.clock.now())
  const report = {
    credentialId: order.credentialId,
    version: result.version,
    ...(result.verdict === 'ok'
      ? { health: 'ok', verifiedAt: now, account: result.account }
      : { lastError: { code: result.cause, at: now } }),
  }
  await adapters.peers
    .client('registry', RegistryServiceDefinition)
    .reportHealth(report, callAs(servicePrincipal('verifier', principal.project)))
  return result
}

/** S2-21: a 401 of an API, confirmed by one call of our own, is an end; a 403 or a provider that is down is not. */
async function confirmRefusal(
  at: { adapters: VerifierAdapters; run: (principal: Principal, order: VerifyOrder) => Promise<Verification> },
  principal: Principal,
  credentialId: string,
): Promise<void> {
  try {
    const result = await at.run(principal, { credentialId, candidateId: '', providerId: '', providerVersion: 0, pattern: 0 })
    if (result.verdict !== 'failed' || result.cause !== 'key_wrong') return
    const order = { credentialId, version: result.version, reason: 'refused_by_provider' }
    await at.adapters.peers
      .client('token-refresher', TokenRefresherServiceDefinition)
      .giveUp(order, callAs(servicePrincipal('verifier', principal.project)))
  } catch (error) {
    // Deleted, disabled or expired in the meantime: there is nothing left to find out.
    if (!isCoded(error, 'NOT_FOUND') && !isCoded(error, 'CREDENTIAL_DISABLED') && !isCoded(error, 'CREDENTIAL_EXPIRED')) throw error
  }
}

function peersOf(peers: Peers): VerifyPeers {
  // Only its project is forwarded: who asked for the verification has no say in what the verifier may read.
  const own = (principal: Principal) => callAs(servicePrincipal('verifier', principal.project))
  const registry = () => peers.client('registry', RegistryServiceDefinition)
  return {
    async payload(principal, order) {
      let { providerId, providerVersion: version, pattern } = order
      if (providerId === '') {
        const { credential } = await registry().get({ credentialId: order.credentialId }, own(principal))
        providerId = credential?.providerId ?? ''
        version = credential?.providerVersion ?? 0
        pattern = credential?.pattern ?? 0
      }
      const { provider } = await registry().getProvider({ providerId, version }, own(principal))
      return { payloadJson: provider?.payloadJson ?? new Uint8Array(), pattern, project: principal.project }
    },
    async probe(principal, { credentialId, candidateId }, call) {
      return peers.client('vault', VaultServiceDefinition).probe({ credentialId, candidateId, call }, own(principal))
    },
  }
}
