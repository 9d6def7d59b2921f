import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { callAs, openPeers, servicePrincipal } from '@credence/rpc'
import { type Credence, createCredence } from '@credence/sdk'
import { tempHome } from '@credence/testkit'
import { type Cluster, startCluster } from '../../support/cluster.ts'
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts'
import { Person } from '../../support/person.ts'
import { RETURN_URL, USER } from '../arena.ts'
import { connect, type Place } from '../connect.ts'
import { SERVER_CLASSES, type ServerClass } from '../plan-kills.ts'
import { startWitness, type Witness } from '../witness.ts'
import { type Account, type Accounts, keepAccounts } from './accounts.ts'
import { type RunningEngines, startEngines } from './engines.ts'
import { CLUSTER_SETTINGS } from './settings.ts'

export const VAULTS = 3

/** The distributed profile with what judges it: three vaults, two refreshers, and an authorization server of each class. */
export interface ClusterArena extends Place, Accounts {
  readonly cluster: Cluster
  /** The only way from vaults and refreshers to MongoDB. */
  readonly store: CuttingProxy
  /** A folder outside of every volume: it may hold tokens. */
  readonly evidence: string
  /** For the user whose accounts are connected; its calls go to this vault. */
  at(vault: number): Credence
  /** Orders a refresh of that vault as the token-refresher does, with its certificate. */
  order(vault: number, account: Account, version: number): Promise<string>
  /** The version in force, as that vault tells the token-refresher. */
  versionAt(vault: number, account: Account): Promise<number>
  close(): Promise<void>
}

export async function openClusterArena(): Promise<ClusterArena> {
  const closing: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (let next = closing.pop(); next !== undefined; next = closing.pop()) await next()
  }
  try {
    return { ...(await open(closing)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function open(closing: (() => Promise<unknown>)[]): Promise<Omit<ClusterArena, 'close'>> {
  const [home, evidence] = [tempHome(), tempHome()]
  closing.push(async () => [home.remove(), evidence.remove()])
  const engines: RunningEngines = await startEngines()
  closing.push(() => engines.stop())
  const store = await startCuttingProxy(Number(new URL(engines.urls.mongodb).port))
  closing.push(() => store.close())
  const witnesses = await Promise.all(SERVER_CLASSES.map((serverClass) => startWitness(serverClass, evidence.path)))
  closing.push(() => Promise.all(witnesses.map((witness) => witness.close())))
  const cut = { CREDENCE_STORE_URL: `mongodb://127.0.0.1:${store.port}/?directConnection=true` }
  const cluster = await startCluster({
    home: home.path,
    engines: engines.urls,
    env: { ...CLUSTER_SETTINGS, CREDENCE_EGRESS_ALLOW: witnesses.flatMap(({ addresses }) => addresses).join(',') },
    envOf: (service) => (service === 'vault' || service === 'token-refresher' ? cut : {}),
    replicas: { registry: 1, vault: VAULTS, 'token-refresher': 2, verifier: 1, gateway: 1 },
  })
  closing.push(() => cluster.stop())
  const person = new Person()
  closing.push(() => person.leave())
  const inside = createCredence({ apiUrl: cluster.admin, key: cluster.key })
  const providers = await register(inside, witnesses)
  const at = vaultClients(cluster)
  const place: Place = {
    person,
    witness: (serverClass) => witnesses.find((one) => one.serverClass === serverClass)!,
    providerOf: (serverClass) => providers.get(serverClass)!,
  }
  const printed = (): string => cluster.printed().stderr
  const accounts = keepAccounts(place.witness, (name, serverClass) =>
    connect(place, { credence: inside.forUser(USER), printed }, { name, serverClass }),
  )
  return { ...place, ...accounts, evidence: evidence.path, cluster, store, at, ...orders(cluster, { home: home.path, closing }) }
}

async function register(credence: Credence, witnesses: readonly Witness[]): Promise<ReadonlyMap<ServerClass, string>> {
  await credence.project.update({ returnUrls: [RETURN_URL] })
  const providers = new Map<ServerClass, string>()
  for (const witness of witnesses) {
    const provider = await credence.providers.create(JSON.stringify(witness.payload))
    const { redirectUri } = await credence.clients.put(provider.id, witness.client)
    await witness.allowRedirect(redirectUri)
    providers.set(witness.serverClass, provider.id)
  }
  return providers
}

/** Its ports outlive a replica, so its client does too. */
function vaultClients(cluster: Cluster): (vault: number) => Credence {
  const clients = cluster.replicas('vault').map(({ number, process }) => {
    const proxyUrl = `http://${process.ready.data}`
    return [number, createCredence({ apiUrl: cluster.admin, proxyUrl, key: cluster.key, user: USER })] as const
  })
  const byNumber = new Map(clients)
  return (vault) => byNumber.get(vault)!
}

function orders(
  cluster: Cluster,
  { home, closing }: { readonly home: string; readonly closing: (() => Promise<unknown>)[] },
): Pick<ClusterArena, 'order' | 'versionAt'> {
  const pem = (name: string): string => readFileSync(join(home, 'tls', name), 'utf8')
  const tls = { caPem: pem('ca.crt'), certPem: pem('token-refresher.crt'), keyPem: pem('token-refresher.key') }
  const peers = new Map(
    cluster
      .replicas('vault')
      .map(({ number, process }) => [number, openPeers({ tls, address: () => String(process.ready.grpc) })] as const),
  )
  closing.push(async () => [...peers.values()].map((one) => one.close()))
  const vaultAt = (vault: number) => peers.get(vault)!.client('vault', VaultServiceDefinition)
  const asRefresher = () => callAs(servicePrincipal('token-refresher', ''))
  return {
    async order(vault, { credentialId }, version) {
      const request = { credentialId, expectedVersion: version, cause: 'schedule' }
      return (await vaultAt(vault).refresh(request, asRefresher())).outcome
    },
    async versionAt(vault, { credentialId }) {
      const { tokens } = await vaultAt(vault).listTokens({ credentialIds: [credentialId] }, asRefresher())
      return tokens[0]?.version ?? 0
    },
  }
}
