import { writeFileSync } from 'node:fs'
import { addFacts, type HasOutbox } from '@credence/events'
import { Secret } from '@credence/secret'
import { systemClock, systemRandom } from '@credence/service'
import { type Doc, type DocumentStore, openMongoStore, peekMongo } from '@credence/store'
import {
  freePort,
  haveMongodb,
  haveNats,
  haveRedis,
  type MongodbServer,
  type NatsServer,
  type RedisServer,
  startMongodb,
  startNats,
  startRedis,
  tempHome,
} from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkDatabases } from '../src/doctor/check-databases.ts'
import { checkEngines } from '../src/doctor/check-engines.ts'
import type { Finding } from '../src/doctor/finding.ts'
import { loadService, SERVICES } from '../src/services.ts'
import { runCli } from './run-cli.ts'

const CANARY = 'canary-c0de'
const haveAll = (await haveMongodb()) && (await haveRedis()) && (await haveNats())
const now = (): number => systemClock.now()
const brief = (findings: readonly Finding[]): string[] => findings.map(({ check, state }) => `${check}: ${state}`)

describe.skipIf(!haveAll)('doctor looks at the engines', { timeout: 60_000 }, () => {
  let mongodb: MongodbServer
  let nats: NatsServer
  let redis: RedisServer
  let monitoring: URL[]
  beforeAll(async () => {
    ;[mongodb, nats, redis] = await Promise.all([startMongodb(), startNats(), startRedis({ appendOnly: true, password: CANARY })])
    monitoring = nats.monitoringUrl === undefined ? [] : [new URL(nats.monitoringUrl)]
  })
  afterAll(async () => {
    for (const engine of [mongodb, nats, redis]) await engine?.stop()
  })

  const checkRedis = (url: string): Promise<Finding[]> =>
    checkEngines({ redisUrl: Secret.fromString(url), addresses: {} }, { natsMonitoring: [], now })
  const all = () => ({
    storeUrl: Secret.fromString(mongodb.url),
    natsUrl: Secret.fromString(nats.url),
    redisUrl: Secret.fromString(redis.url),
    addresses: {},
  })

  test('[C-3] a MongoDB that stands alone and a JetStream that was not used yet are warnings; a Redis that keeps its jobs is well', async () => {
    const findings = await checkEngines(all(), { natsMonitoring: monitoring, now })
    expect(brief(findings)).toEqual([
      'MongoDB: warning',
      'MongoDB clock: ok',
      'JetStream: warning',
      'JetStream: warning',
      'NATS clock: ok',
      'Redis: ok',
      'Redis clock: ok',
    ])
    expect(findings[0]?.says).toContain('replica set')
    expect(findings[2]?.says).toContain('Anybody')
    expect(findings[3]?.says).toContain('no stream yet')
  })

  // Far beyond the five, because the way of question and answer is in their favour, and a busy machine makes it long.
  test.each([-20_000, 20_000])(
    'a machine whose clock differs from the engines by more than five seconds has failed: %i ms',
    async (skew) => {
      const findings = await checkEngines(all(), { natsMonitoring: monitoring, now: () => now() + skew })
      const clocks = findings.filter(({ check }) => check.endsWith('clock'))
      expect(brief(clocks)).toEqual(['MongoDB clock: failed', 'NATS clock: failed', 'Redis clock: failed'])
    },
  )

  test('what cannot be known without monitoring is a warning', async () => {
    const findings = await checkEngines({ natsUrl: Secret.fromString(nats.url), addresses: {} }, { natsMonitoring: [], now })
    expect(brief(findings)).toEqual(['JetStream: warning', 'JetStream: warning', 'JetStream: warning', 'NATS clock: warning'])
    expect(JSON.stringify(findings)).toContain('--nats-monitoring')
  })

  test('[C-3] a JetStream that acknowledges before it writes is a warning', async () => {
    await using forgetful = await startNats({ syncInterval: '2m' })
    const natsMonitoring = [new URL(String(forgetful.monitoringUrl))]
    const findings = await checkEngines({ natsUrl: Secret.fromString(forgetful.url), addresses: {} }, { natsMonitoring, now })
    expect(findings).toContainEqual({ check: 'JetStream', state: 'warning', says: expect.stringContaining('sync_interval: always') })
  })

  test('[C-3] a Redis that evicts has failed, one without an append-only file is a warning', async () => {
    await using evicting = await startRedis({ maxmemoryPolicy: 'allkeys-lru', appendOnly: true })
    expect(await checkRedis(evicting.url)).toMatchObject([{ state: 'failed', says: expect.stringContaining('noeviction') }])
    await using forgetful = await startRedis()
    expect(brief(await checkRedis(forgetful.url))).toEqual(['Redis: warning', 'Redis clock: ok'])
  })

  test('facts that wait and are not published are a warning of their service, and nothing is made by looking', async () => {
    const url = mongodb.url
    const open = (): Promise<DocumentStore> => openMongoStore({ url, database: 'credence_vault', random: systemRandom })
    const installation = { storeUrl: Secret.fromString(url), addresses: {} }
    const ages = async (at = 0): Promise<string[]> =>
      (await checkDatabases(installation, () => now() + at)).map(({ state, says }) => `${state} ${says}`)
    expect(await ages()).toEqual([...SERVICES.map(() => 'ok nothing waits'), expect.stringMatching(/^warning Not compared/)])
    const seen = await peekMongo({ url, database: 'credence_vault' })
    expect(await seen.get('store_format', 'format')).toBeUndefined()
    await seen.close()
    const store = await open()
    const { collections } = await loadService('vault')
    const children = await store.collection<HasOutbox>(collections.find(({ indexes }) => indexes.some(({ name }) => name === 'outbox'))!)
    const told = { source: 'vault', project: 'proj_a', subject: 'cred_a', now: now(), random: systemRandom }
    await children.insert(addFacts({ id: 'cred_a', v: 1, outbox: [], factSeq: 0 }, [{ type: 'credential.refreshed' }], told))
    await store.close()
    const [, vault] = await ages()
    expect(vault).toMatch(/^ok the oldest fact waits \d+ s$/)
    const later = await ages(60_000)
    expect(later.map((line) => line.split(' ')[0])).toEqual(['ok', 'warning', 'ok', 'ok', 'ok', 'warning'])
    expect(later[1]).toContain('does the service run')
  })

  test('the root key is compared with the one that the data was written with', async () => {
    using home = tempHome()
    const [keyUri, wrong] = [`${home.path}/key`, `${home.path}/wrong`]
    writeFileSync(keyUri, `credence-key-1 ${'ab'.repeat(32)}\n`)
    writeFileSync(wrong, `credence-key-1 ${'cd'.repeat(32)}\n`)
    const { ROOT_KEY_PLACE: place, keyIdIn } = await import('@credence/vault/main')
    const storeDatabase = 'own_name'
    const store = await openMongoStore({ url: mongodb.url, database: storeDatabase, random: systemRandom })
    const rows = await store.collection<Doc & { rootKeyId: string }>({ name: place.collection, indexes: [] })
    await rows.insert({ id: place.id, v: 1, rootKeyId: String(keyIdIn(keyUri)) })
    await store.close()
    const stateWith = async (file: string): Promise<string | undefined> => {
      const installation = { storeUrl: Secret.fromString(mongodb.url), storeDatabase, keyUri: file, addresses: {} }
      return (await checkDatabases(installation, now)).find(({ check }) => check === 'root key matches')?.state
    }
    expect(await Promise.all([keyUri, wrong, `${home.path}/none`].map(stateWith))).toEqual(['ok', 'failed', 'failed'])
  })

  test('the command says it all, ends with 3 when something has failed, and never tells a password', async () => {
    using home = tempHome()
    const away = await freePort()
    const env = {
      CREDENCE_STORE_URL: `mongodb://u:${CANARY}@127.0.0.1:${away}/`,
      CREDENCE_NATS_URL: `nats://u:${CANARY}@127.0.0.1:${away}`,
      CREDENCE_REDIS_URL: redis.url,
      CREDENCE_VAULT_ADDRESS: `127.0.0.1:${away}`,
    }
    const args = ['doctor', '--home', `${home.path}/none`, '-o', 'json', '--probe', `http://u:${CANARY}@127.0.0.1:${away}`]
    const { code, stdout, stderr } = await runCli(args, { env })
    expect(code).toBe(3)
    expect(brief(JSON.parse(stdout) as Finding[])).toEqual([
      'data folder: warning',
      'platform: warning',
      'MongoDB: failed',
      'JetStream: failed',
      'NATS clock: warning',
      'Redis: ok',
      'Redis clock: ok',
      ...SERVICES.map((service) => `${service} outbox age: warning`),
      'root key matches: warning',
      'vault: failed',
      `service at 127.0.0.1:${away}: failed`,
    ])
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ check: 'MongoDB', says: expect.stringContaining('STORE_UNAVAILABLE') }),
    )
    expect(`${stdout}${stderr}`).not.toContain(CANARY)
  })
})
