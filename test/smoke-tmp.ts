import { mkdirSync, readFileSync } from 'node:fs'
import { openSqliteStore } from '@credence/store'
import { openEmbeddedBus } from '@credence/events'
import { createAuthority, createLogger, startTracing, systemClock, systemRandom } from '@credence/service'
import { openPeers, callAs } from '@credence/rpc'
import { start as startVault } from '@credence/vault'
import { start as startRegistry } from '@credence/registry'
import { start as startVerifier } from '@credence/verifier'
import { parseEgressSettings } from '@credence/egress'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { tempHome } from '@credence/testkit'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { startWorld, SECRETS } from './support/world.ts'
const home = tempHome()
const world = await startWorld()
const clock = systemClock, random = systemRandom
const store = await openSqliteStore({ file: home.path + '/c.db', random })
const log = createLogger({ service: 'x' })
const bus = await openEmbeddedBus({ store, clock, random, log })
const authority = createAuthority({ random, clock, name: 't' })
const addr = new Map<string, string>()
const hand = (s: string) => {
  const tls = { ...authority.issue({ commonName: s, dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], uris: [`spiffe://credence/${s}`], client: true, server: true }), caPem: authority.certificatePem }
  return { store, bus, clock, random, log, tracing: startTracing({ serviceName: s }), tls, peers: openPeers({ tls, address: (n) => addr.get(n) }) }
}
const egress = parseEgressSettings({ allow: world.standIns.egressAllow, resolve: world.standIns.egressResolve, caFile: world.standIns.caFile })
mkdirSync(home.path + '/v')
const vault = await startVault({ host: '127.0.0.1', port: 0, dataPort: 0, folder: home.path + '/v', keyFile: home.path + '/key', publicUrl: 'http://localhost:1', egress, maxRequestBytes: 1e7, fenceMaxAgeMs: 0, acceptRestore: false, refreshTimes: DEFAULT_REFRESH_TIMES }, { ...hand('vault'), failpoint: () => {} } as never)
addr.set('vault', vault.addresses.grpc)
const registry = await startRegistry({ host: '127.0.0.1', port: 0, publicUrl: 'http://localhost:1' }, hand('registry') as never)
addr.set('registry', registry.addresses.grpc)
console.log(registry.firstKey)
const g = hand('gateway').peers
const reg = g.client('registry', RegistryServiceDefinition), v = g.client('vault', VaultServiceDefinition)
const { createHash } = await import('node:crypto')
await new Promise((r) => setTimeout(r, 500))
const { principal } = await reg.authenticate({ keySha256: createHash('sha256').update(registry.firstKey!).digest(), user: 'ann', via: 'http' })
console.log(principal)
const p = principal!
const prov = await reg.createProvider({ payloadJson: readFileSync('libs/provider/test/payloads/freshdesk.json') }, callAs(p))
console.log(prov.provider?.id)
const r = await reg.reserve({ providerId: prov.provider!.id, pattern: 0, label: 'x', level: 'user' }, callAs(p))
const { candidateId } = await v.seal({ credentialId: r.credentialId, recipeId: r.recipeId, plainFields: { domain: 'acme.freshdesk.com' }, secretFields: { username: Buffer.from(SECRETS.freshdesk) } }, callAs(p))
const c = await reg.connect({ credentialId: r.credentialId, candidateId, providerVersion: 1, pattern: 0 }, callAs(p))
console.log(c.credential)
for (let i = 0; i < 3; i++) {
  const t = performance.now()
  const res = await fetch(`http://${vault.addresses.data}/v1/proxy/${r.credentialId}/v2/tickets?x=1`, { headers: { authorization: `Bearer ${registry.firstKey}`, 'credence-user': 'ann' } })
  console.log(res.status, [...res.headers], await res.text(), performance.now() - t)
}
console.log(world.apis.freshdesk.requests.map((q) => q.headers.authorization))
const t0 = performance.now(); const N = 4000
await Promise.all(Array.from({ length: 32 }, async () => { for (let i = 0; i < N / 32; i++) { const res = await fetch(`http://${vault.addresses.data}/v1/proxy/${r.credentialId}/v2/tickets?x=1`, { headers: { authorization: `Bearer ${registry.firstKey}`, 'credence-user': 'ann' } }); await res.text() } }))
console.log('rps', N / (performance.now() - t0) * 1000)
const res = await fetch(`http://${vault.addresses.data}/v1/proxy/${r.credentialId}/v2/tickets?x=1`, { headers: { authorization: `Bearer ${registry.firstKey}`, 'credence-user': 'bob' } })
console.log(res.status, await res.text())
console.log((await reg.listHistory({ credentialId: r.credentialId, pageSize: 3 }, callAs(p))).entries)
console.log(await reg.disable({ credentialId: r.credentialId }, callAs(p)))
const res2 = await fetch(`http://${vault.addresses.data}/v1/proxy/${r.credentialId}/v2/tickets?x=1`, { headers: { authorization: `Bearer ${registry.firstKey}`, 'credence-user': 'ann' } })
console.log(res2.status, await res2.text())
console.log(await reg.delete({ credentialId: r.credentialId }, callAs(p)))
await registry.stop(); await vault.stop(); await world.close(); process.exit(0)
