import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { callAs, openChannel, servicePrincipal, type TlsIdentity } from '@credence/rpc'
import { type Cluster, startCluster } from '../support/cluster.ts'
import type { Bench } from './bench.ts'
import { pin } from './process-stat.ts'
import { VaultOrders } from './vault-orders.ts'

export interface VaultReplica {
  readonly pid: number
  /** Service gRPC, host:port. */
  readonly grpc: string
  readonly dataPort: number
}

/** Two vaults on MongoDB and JetStream, each in its process as `credence serve` runs it, and one registry, which gives them the key. */
export interface TwoVaults {
  readonly vaults: readonly [VaultReplica, VaultReplica]
  /** Given to the first of them; the other one hears of it from the store. */
  readonly orders: VaultOrders
  readonly callerHeaders: Readonly<Record<string, string>>
  readonly refresherTls: TlsIdentity
  stop(): Promise<void>
}

const NONE = { 'token-refresher': 0, verifier: 0, gateway: 0 } as const

export async function startTwoVaults(bench: Bench): Promise<TwoVaults> {
  const outside = await bench.outside()
  const home = bench.folder('two-vaults')
  const engines = { mongodb: await bench.engines.mongodb(), nats: await bench.engines.nats(), redis: '' }
  const { port, gatePort, gatedHost, caFile } = outside.said
  const env = {
    CREDENCE_EGRESS_ALLOW: `127.0.0.1:${port},127.0.0.1:${gatePort}`,
    CREDENCE_EGRESS_RESOLVE: `${gatedHost}:443=127.0.0.1:${gatePort}`,
    CREDENCE_EGRESS_CA: caFile,
  }
  const cluster = await startCluster({ home, engines, env, replicas: { ...NONE, vault: 2, registry: 1 } })
  for (const { process } of cluster.replicas('vault')) pin(process.pid, 'measured')
  const identity = (service: string): TlsIdentity => identityIn(join(home, 'tls'), service)
  const identities = { gateway: identity('gateway'), registry: identity('registry'), 'token-refresher': identity('token-refresher') }
  const project = await projectOf(cluster, identities.gateway)
  const [first, second] = cluster.replicas('vault').map(({ process: { pid, ready } }) => {
    return { pid, grpc: String(ready.grpc), dataPort: Number(String(ready.data).split(':')[1]) }
  })
  if (first === undefined || second === undefined) throw new TypeError('there are no two vaults')
  const orders = new VaultOrders({ grpc: first.grpc, project, identities }, outside)
  return {
    vaults: [first, second],
    orders,
    callerHeaders: { authorization: `Bearer ${cluster.key}` },
    refresherTls: identities['token-refresher'],
    async stop() {
      orders.closeChannels()
      await cluster.stop()
    },
  }
}

function identityIn(folder: string, service: string): TlsIdentity {
  const pem = (file: string): string => readFileSync(join(folder, file), 'utf8')
  return { caPem: pem('ca.crt'), certPem: pem(`${service}.crt`), keyPem: pem(`${service}.key`) }
}

async function projectOf(cluster: Cluster, tls: TlsIdentity): Promise<string> {
  const channel = openChannel(String(cluster.replicas('registry')[0]?.process.ready.grpc), { tls })
  try {
    const keySha256 = createHash('sha256').update(cluster.key).digest()
    const request = { keySha256, user: '', via: 'rest' }
    const { principal } = await channel.client(RegistryServiceDefinition).authenticate(request, callAs(servicePrincipal('gateway', '')))
    return principal?.project ?? ''
  } finally {
    channel.close()
  }
}
