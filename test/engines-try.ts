import { createCredence } from '@credence/sdk'
import { startMongodb, startNats, startRedis, tempHome } from '@credence/testkit'
import { startCluster } from './support/cluster.ts'
import { SECRETS, startWorld } from './support/world.ts'

const t = () => (performance.now() / 1000).toFixed(1)
const [mongodb, nats, redis] = await Promise.all([startMongodb(), startNats(), startRedis()])
console.log(t(), 'engines', mongodb.url, nats.url)
const home = tempHome()
const world = await startWorld()
try {
  const cluster = await startCluster({
    home: home.path,
    engines: { mongodb: mongodb.url, nats: nats.url, redis: redis.url },
    env: world.env,
    replicas: Number(process.argv[2] ?? 1),
  })
  console.log(t(), 'cluster', cluster.admin, cluster.key.slice(0, 7))
  for (const s of ['registry', 'vault', 'token-refresher', 'verifier', 'gateway'] as const)
    for (const r of cluster.replicas(s)) {
      const p = String(r.process.ready.probes)
      console.log(s, r.number, JSON.stringify(r.process.ready), await (await fetch(`${p}/readyz`)).text())
    }
  const ann = createCredence({ apiUrl: cluster.admin, proxyUrl: cluster.data, key: cluster.key, user: 'ann' })
  const provider = await ann.providers.create(
    JSON.stringify({
      display_name: 'B',
      auth_patterns: [{ type: 'BEARER', fields: [{ field_name: 'token', required: true }] }],
      proxy_url: 'https://api.example.com',
      proxy_enabled: true,
    }),
  )
  console.log(t(), provider.id)
  const { id } = await ann.credentials.create({ providerId: provider.id, fields: { token: SECRETS.bearer } })
  console.log(t(), id)
  for (let i = 0; i < 5; i++) {
    const r = await ann.fetch(id, '/echo')
    console.log(t(), r.status, (await r.text()).slice(0, 200))
  }
  for (const s of ['registry', 'vault', 'token-refresher', 'verifier', 'gateway'] as const)
    for (const r of cluster.replicas(s)) console.log(s, r.process.stderr().slice(-1500))
  await cluster.stop()
  console.log(t(), 'stopped')
} catch (e) {
  console.error(e)
} finally {
  await world.close()
  await redis.stop()
  await nats.stop()
  await mongodb.stop()
  home.remove()
}
process.exit()
