import { readFileSync } from 'node:fs'
import { CredenceError, createCredence, grpcClients } from '@credence/sdk'
import {
  haveMongodb,
  haveNats,
  haveRedis,
  type MongodbServer,
  type NatsServer,
  type RedisServer,
  searchForCanaries,
  startMongodb,
  startNats,
  startRedis,
  tempHome,
} from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, SERVICES, startCluster } from '../support/cluster.ts'
import { connect, credentialOf, type Journey, journeyOn, registerProviders, startOutside, USER } from '../support/journey.ts'
import { ancestries, type OtlpSink, startOtlpSink } from '../support/otlp-sink.ts'
import { scrape } from '../support/scrape.ts'
import { SECRETS } from '../support/world.ts'

const canRun = (await haveMongodb()) && (await haveNats()) && (await haveRedis())
const home = tempHome()
let mongodb: MongodbServer
let nats: NatsServer
let redis: RedisServer
let sink: OtlpSink
let cluster: Cluster
let journey: Journey

const fact = (type: string, subject: string) => () =>
  journey.events.find((event) => event.type.endsWith(type) && event.subject === subject)?.type
/** The API refuses the tokens in force from now on, as it does at their end. */
const endTokens = (): void => {
  const { asana, apis } = journey.world
  const old = new Set(asana.tokens())
  apis.asana.accept(async ({ token }) => token !== undefined && !old.has(token) && (await asana.accountOf(token)) !== undefined)
}
const within = { timeout: 60_000, interval: 100 }

describe.runIf(canRun)('two replicas of each service on MongoDB, JetStream and BullMQ', () => {
  beforeAll(async () => {
    ;[mongodb, nats, redis] = await Promise.all([startMongodb(), startNats(), startRedis()])
    const world = await startOutside()
    sink = await startOtlpSink()
    cluster = await startCluster({
      home: home.path,
      engines: { mongodb: mongodb.url, nats: nats.url, redis: redis.url },
      env: { ...world.env, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
    })
    journey = await journeyOn(cluster, { home: home.path, world })
    await registerProviders(journey)
    for (const name of ['acme', 'asana', 'bearer'] as const) await connect(journey, name)
  }, 180_000)
  afterAll(async () => {
    await journey?.platform.stop()
    await journey?.person.leave()
    await journey?.world.close()
    await sink?.close()
    await Promise.all([mongodb?.stop(), nats?.stop(), redis?.stop()])
    home.remove()
  }, 60_000)

  test('[C-1] each replica is ready, and tells so', async () => {
    for (const service of SERVICES) {
      expect(cluster.replicas(service)).toHaveLength(2)
      for (const { process } of cluster.replicas(service)) {
        const answer = await fetch(`${process.ready.probes}/readyz`)
        expect([service, answer.status, await answer.json()]).toEqual([service, 200, { ready: true }])
      }
    }
  })

  test('[C-3] [S2-8] a grant is refreshed ahead of expiry, also after Redis came back empty', async () => {
    await redis.kill()
    await redis.restart()
    const id = credentialOf(journey, 'acme')
    const refreshes = () => journey.world.acme.tokenAnswers().filter(({ grantType }) => grantType === 'refresh_token').length
    const before = refreshes()
    await expect.poll(refreshes, within).toBeGreaterThan(before)
    expect((await journey.ann.fetch(id, '/contacts')).status).toBe(200)
  }, 90_000)

  test('[C-4] [S2-19] calls go on while one replica of each service is killed, and no secret is given away', async () => {
    const id = credentialOf(journey, 'bearer')
    for (const service of SERVICES) await cluster.end(service, 1, 'SIGKILL')
    const statuses = []
    for (let i = 0; i < 20; i++) statuses.push((await journey.ann.fetch(id, '/echo')).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    for (const service of SERVICES) await cluster.start(service, 1)
    expect((await journey.ann.fetch(id, '/echo')).status).toBe(200)
  }, 90_000)

  test('[C-6] every replica tells its figures; those that share an engine tell the same of it', async () => {
    const all = SERVICES.flatMap((service) =>
      cluster.replicas(service).map(({ process }) => ({ service, probes: String(process.ready.probes) })),
    )
    expect(all).toHaveLength(2 * SERVICES.length)
    const look = () => Promise.all(all.map(async ({ service, probes }) => ({ service, figures: await scrape(probes) })))
    // A figure that was pushed while Redis was away could not be read; all of them can be now.
    const unread = async () => (await look()).map(({ figures }) => figures.sum('credence_readings_failed_total'))
    const before = await unread()
    expect(before).toEqual(all.map(() => expect.any(Number)))
    for (const { service, figures } of await look()) {
      expect(new Set(figures.samples.map(({ labels }) => labels.service))).toEqual(new Set([service]))
      expect([service, figures.sum('credence_start_seconds')]).toEqual([service, expect.any(Number)])
    }
    // What is connected and idle: nothing waits in an outbox, and the jobs of the three grants are in the one queue.
    const refresher = async () => (await look()).filter(({ service }) => service === 'token-refresher').map(({ figures }) => figures)
    await expect
      .poll(async () => (await look()).map(({ figures }) => figures.sum('credence_outbox_oldest_seconds') ?? Number.NaN), within)
      .toEqual(all.map(() => 0))
    await expect
      .poll(async () => (await refresher()).every((figures) => (figures.sum('credence_refresh_queue_jobs') ?? 0) > 0), within)
      .toBe(true)
    // Those that were killed took their counts along.
    const published = async () =>
      (await look()).reduce((sum, { figures }) => sum + (figures.sum('credence_events_published_total') ?? 0), 0)
    await expect.poll(published, within).toBeGreaterThan(0)
    const mark = (await look()).filter(({ service }) => service === 'vault')
    await journey.ann.fetch(credentialOf(journey, 'bearer'), '/echo')
    const calls = (scrapes: typeof mark) => scrapes.reduce((sum, { figures }) => sum + (figures.sum('credence_proxy_calls_total') ?? 0), 0)
    expect(calls((await look()).filter(({ service }) => service === 'vault')) - calls(mark)).toBe(1)
    expect(await unread()).toEqual(before)
  }, 90_000)

  test('[C-6] facts that cannot be published show as the age of the outbox, until they are out', async () => {
    const oldest = async (): Promise<number> => {
      const found = await Promise.all(cluster.replicas('registry').map(({ process }) => scrape(String(process.ready.probes))))
      return Math.max(...found.map((figures) => figures.sum('credence_outbox_oldest_seconds') ?? 0))
    }
    await nats.kill()
    await journey.ann.credentials.share(credentialOf(journey, 'bearer'), { with: 'id:ben', permission: 'use' })
    await expect.poll(oldest, within).toBeGreaterThan(0)
    await nats.restart()
    await expect.poll(oldest, within).toBe(0)
  }, 120_000)

  test('[C-1] a rolling restart under load fails no call', async () => {
    const id = credentialOf(journey, 'bearer')
    const failures: unknown[] = []
    let calls = 0
    let isOver = false
    const lanes = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const status = await journey.ann.fetch(id, '/echo').then(
          (response) => response.arrayBuffer().then(() => response.status),
          (error: unknown) => error,
        )
        calls++
        if (status !== 200) failures.push(status)
      }
    })
    for (const service of SERVICES) {
      for (const number of [0, 1]) {
        await cluster.end(service, number, 'SIGTERM')
        await cluster.start(service, number)
      }
    }
    isOver = true
    await Promise.all(lanes)
    expect(failures).toEqual([])
    expect(calls).toBeGreaterThan(100)
  }, 240_000)

  test('[S2-8] fifty calls at both vaults across an expiry make one token request', async () => {
    const id = credentialOf(journey, 'asana')
    const { asana } = journey.world
    const refreshes = () => asana.ledger().filter(({ grantType }) => grantType === 'refresh_token').length
    endTokens()
    const before = refreshes()
    const callers = cluster
      .replicas('vault')
      .map(({ process }) =>
        createCredence({ apiUrl: cluster.admin, proxyUrl: `http://${process.ready.data}`, key: cluster.key, user: USER }),
      )
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => callers[i % 2]!.fetch(id, '/1.0/echo')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(refreshes() - before).toBe(1)
  }, 60_000)

  test('[C-6] one trace leads from a call of the API over gRPC, NATS and the queue to the token request', async () => {
    const id = credentialOf(journey, 'asana')
    const { asana } = journey.world
    // So short that enabling refreshes it, which is put off: its event brings the plan, and the plan the job.
    endTokens()
    asana.behave({ times: 1, expiresInS: 40 })
    expect((await journey.ann.fetch(id, '/1.0/echo')).status).toBe(200)
    await journey.ann.credentials.disable(id)
    asana.behave({ times: 1, answer: 'rate_limited', retryAfter: '1' })
    const traceId = 'c1c2c3d4e5f60718293a4b5c6d7e8f92'
    const response = await fetch(`${cluster.admin}/v1/credentials/${id}/enable`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cluster.key}`, 'credence-user': USER, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    })
    expect([response.status, await response.json()]).toMatchObject([200, { refresh_outcome: 'failed' }])
    const ways = () => ancestries(sink.spans(), { traceId, name: 'vault.token_request' })
    await expect.poll(ways, within).toContainEqual(['vault', 'token-refresher', 'registry', 'gateway'])
    expect((await journey.ann.fetch(id, '/1.0/echo')).status).toBe(200)
  }, 90_000)

  test('[S2-3] what a disable took away is refused by every replica when it has answered', async () => {
    const id = credentialOf(journey, 'bearer')
    const seen = journey.world.apis.bearer.requests
    await journey.ann.credentials.disable(id)
    const before = seen.length
    const at = (port: string) =>
      createCredence({ apiUrl: cluster.admin, proxyUrl: `http://${port}`, key: cluster.key, user: USER })
        .fetch(id, '/echo')
        .then(
          (response) => response.status,
          (error: unknown) => (error instanceof CredenceError ? error.code : String(error)),
        )
    const ports = cluster.replicas('vault').map(({ process }) => String(process.ready.data))
    expect(await Promise.all(ports.flatMap((port) => Array.from({ length: 20 }, () => at(port))))).toEqual(
      Array.from({ length: 40 }, () => 'CREDENTIAL_DISABLED'),
    )
    expect(seen.length).toBe(before)
  })

  test('[S2-5] after a delete every replica tells the same of it, and each consumer is told by an event of its own', async () => {
    const id = credentialOf(journey, 'bearer')
    const bind = (externalRef: string) => journey.ann.consumers.bind({ credentialId: id, kind: 'agent', externalRef, label: externalRef })
    const bound = [await bind('support-bot'), await bind('sales-bot')].map((consumer) => consumer.id)
    const { orphaned } = await journey.ann.credentials.delete(id, { force: true })
    expect(new Set(orphaned.map((consumer) => consumer.id))).toEqual(new Set(bound))
    const told = cluster.replicas('vault').map(({ process }) =>
      createCredence({ apiUrl: cluster.admin, proxyUrl: `http://${process.ready.data}`, key: cluster.key, user: USER })
        .fetch(id, '/echo')
        .catch((error: unknown) => error),
    )
    for (const error of await Promise.all(told)) expect(error).toMatchObject({ code: 'CREDENTIAL_DELETED', status: 410 })
    for (const consumer of bound) await expect.poll(fact('consumer.orphaned', consumer), within).toBeDefined()
  }, 90_000)

  test('[C-5] typed clients over gRPC meet the same at each replica: answers, and errors with their codes', async () => {
    const id = credentialOf(journey, 'acme')
    const [registries, vaults] = (['registry', 'vault'] as const).map((service) =>
      cluster.replicas(service).map(({ process }) => process.ready.api),
    )
    for (const [i, address] of registries!.entries()) {
      const { registry, close } = await grpcClients({ address: String(address), key: cluster.key, user: USER })
      const { vault, close: closeVault } = await grpcClients({ address: String(vaults![i]), key: cluster.key, user: USER })
      expect((await registry.get({ credentialId: id })).credential).toMatchObject({ id, status: 'active' })
      await vault.check({ credentialId: id, method: 'GET', path: '/contacts' })
      await expect(registry.get({ credentialId: `cred_${'0'.repeat(26)}` })).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(vault.check({ credentialId: id, method: 'TRACE', path: '/' })).rejects.toMatchObject({ code: 'METHOD_REFUSED' })
      close()
      closeVault()
    }
  })

  test('[C-7] every metric that the alerts and the dashboard of deploy/ name is told by one replica or another', async () => {
    const files = ['alerts.yaml', 'dashboard.json'].map((file) => new URL(`../../deploy/observability/${file}`, import.meta.url))
    const wanted = new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/\bcredence_\w+/g) ?? []))
    const replicas = SERVICES.flatMap((service) => cluster.replicas(service))
    const scrapes = await Promise.all(replicas.map(({ process }) => scrape(String(process.ready.probes))))
    const told = new Set(scrapes.flatMap(({ names, samples }) => [...names, ...samples.map(({ name }) => name)]))
    expect(wanted.size).toBeGreaterThan(20)
    expect([...wanted].filter((name) => !told.has(name))).toEqual([])
  })

  test('[C-2] [S2-9] a grant that was revoked at the provider is told to everybody, once the registry has it', async () => {
    const id = credentialOf(journey, 'acme')
    journey.world.acme.revokeGrants('ann')
    await journey.ann.fetch(id, '/contacts').catch(() => undefined)
    await expect.poll(fact('credential.expired', id), within).toBeDefined()
    expect((await journey.ann.credentials.get(id)).status).toBe('expired')
    expect(await connect(journey, 'acme', { credentialId: id })).toBe(id)
    await expect.poll(fact('credential.recovered', id), within).toBeDefined()
    expect((await journey.ann.fetch(id, '/contacts')).status).toBe(200)
  }, 180_000)

  test('[S2-19] an ordinary stop ends each replica with 0, and no file of engine or platform holds a secret', async () => {
    const replicas = SERVICES.flatMap((service) => cluster.replicas(service))
    await cluster.stop()
    for (const { service, process } of replicas) expect([service, (await process.exited).code]).toEqual([service, 0])
    const tokens = journey.world.acme.tokens()
    const secrets = { ...SECRETS, ...Object.fromEntries(tokens.map((token, index) => [`token_${index}`, token])) }
    const folders = [home.path, mongodb.folder, nats.folder, redis.folder].filter((folder) => folder !== undefined)
    const texts = { events: JSON.stringify(journey.events), telemetry: sink.bodies.join('\n'), ...cluster.printed() }
    expect(await searchForCanaries({ folders, texts, secrets })).toEqual([])
    // What is no secret is found, so these files can be read.
    const open = { label: "Ann's acme", credential: credentialOf(journey, 'acme') }
    const found = async (folder: string) =>
      new Set((await searchForCanaries({ folders: [folder], secrets: open })).map(({ secret }) => secret))
    expect(await found(mongodb.folder)).toEqual(new Set(['label', 'credential']))
    expect(await found(nats.folder ?? '')).toEqual(new Set(['credential']))
  }, 90_000)
})
