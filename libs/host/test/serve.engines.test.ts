import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  freePort,
  haveMongodb,
  haveNats,
  haveRedis,
  type MongodbServer,
  type NatsServer,
  type RedisServer,
  type StartedProcess,
  startMongodb,
  startNats,
  startRedis,
  tempHome,
} from '@credence/testkit'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { credence, type Fleet, planFleet, SERVICES, type Service } from './fleet.ts'

const haveAll = (await haveMongodb()) && (await haveRedis()) && (await haveNats())
/** A driver notices within this that a server has gone, or is back. */
const NOTICED = { timeout: 30_000, interval: 100 }
/** What a service promises whoever ends it, and some for a slow machine. */
const DRAIN_MS = 20_000

describe.skipIf(!haveAll)('the services on their engines', { timeout: 120_000 }, () => {
  const home = tempHome()
  let mongodb: MongodbServer
  let nats: NatsServer
  let redis: RedisServer
  let fleet: Fleet
  const running = new Map<Service, StartedProcess>()

  beforeAll(async () => {
    ;[mongodb, nats, redis] = await Promise.all([startMongodb(), startNats(), startRedis({ appendOnly: true })])
    fleet = await planFleet(home.path, { mongodb: mongodb.url, nats: nats.url, redis: redis.url })
  })
  afterAll(async () => {
    for (const process of running.values()) await process.stop()
    for (const engine of [mongodb, nats, redis]) await engine?.stop()
    home.remove()
  })

  const startAll = async (): Promise<void> => {
    for (const service of SERVICES) running.set(service, await fleet.start(service))
  }
  const probe = async (service: Service, path: string): Promise<unknown[]> => {
    const response = await fetch(`${String(running.get(service)?.ready.probes)}${path}`)
    const { code, without } = (await response.json()) as { code?: string; without?: string[] }
    return [response.status, code ?? without?.join()]
  }
  const everyReady = (): Promise<void> =>
    vi.waitFor(async () => {
      for (const service of SERVICES) expect([service, ...(await probe(service, '/readyz'))]).toEqual([service, 200, undefined])
    }, NOTICED)

  test('migrate makes everything ready, and again without harm', async () => {
    const [first, second] = [await credence(['migrate', 'all'], fleet.env), await credence(['migrate', 'all'], fleet.env)]
    expect([first.code, second]).toEqual([0, first])
    for (const service of SERVICES) expect(first.output).toMatch(new RegExp(`^${service} 1/\\d+ ${service.replaceAll('-', '_')}_`, 'm'))
    const one = await credence(['migrate', 'vault'], fleet.env)
    expect(first.output).toContain(one.output)
  })

  test('after it, services start and are ready, and create nothing', async () => {
    const before = await shapeOf(mongodb.url)
    expect(Object.keys(before).length).toBeGreaterThan(30)
    await startAll()
    await everyReady()
    expect(await shapeOf(mongodb.url)).toEqual(before)
    for (const service of SERVICES) expect(running.get(service)?.ready).toMatchObject({ service, grpc: expect.any(String) })
  })

  test('without the store every service is alive and says STORE_UNAVAILABLE, and is ready when it returns', async () => {
    await mongodb.kill()
    await vi.waitFor(async () => {
      for (const service of SERVICES) expect(await probe(service, '/readyz')).toEqual([503, 'STORE_UNAVAILABLE'])
    }, NOTICED)
    for (const service of SERVICES) expect(await probe(service, '/livez')).toEqual([200, undefined])
    await mongodb.restart()
    await everyReady()
  })

  test('with a store that hangs a probe is answered all the same, with the same code', async () => {
    mongodb.pause()
    try {
      for (const service of SERVICES) {
        const began = performance.now()
        expect(await probe(service, '/readyz')).toEqual([503, 'STORE_UNAVAILABLE'])
        // The driver by itself waits for ten.
        expect(performance.now() - began).toBeLessThan(5_000)
      }
    } finally {
      mongodb.resume()
    }
    await everyReady()
  })

  test('without Redis all stay ready, and the token-refresher says that it is away', async () => {
    await redis.kill()
    await vi.waitFor(async () => expect(await probe('token-refresher', '/readyz')).toEqual([200, 'QUEUE_UNAVAILABLE']), NOTICED)
    for (const service of SERVICES.filter((other) => other !== 'token-refresher'))
      expect(await probe(service, '/readyz')).toEqual([200, undefined])
    await redis.restart()
    await everyReady()
  })

  test('without NATS all stay ready, because facts wait in the store, and say that it is away', async () => {
    await nats.kill()
    await vi.waitFor(async () => {
      for (const service of SERVICES) expect(await probe(service, '/readyz')).toEqual([200, 'BUS_UNAVAILABLE'])
    }, NOTICED)
    await nats.restart()
    await everyReady()
  })

  test('SIGTERM ends each with 0, in its time', async () => {
    for (const service of SERVICES.toReversed()) {
      const process = running.get(service)!
      const began = performance.now()
      process.kill('SIGTERM')
      expect([service, await process.exited]).toEqual([service, { code: 0, signal: null }])
      expect(performance.now() - began).toBeLessThan(DRAIN_MS)
      running.delete(service)
    }
  })

  test('a second start finds everything: the first key still opens the platform, and no other was made', async () => {
    const file = join(home.path, 'first-key')
    const [key, made] = [readFileSync(file, 'utf8').trim(), statSync(file).mtimeMs]
    const before = await shapeOf(mongodb.url)
    await startAll()
    await everyReady()
    expect([statSync(file).mtimeMs, statSync(file).mode & 0o777]).toEqual([made, 0o600])
    const project = await fetch(`http://${String(running.get('gateway')?.ready.admin)}/v1/project`, {
      headers: { authorization: `Bearer ${key}` },
    })
    expect(project.status).toBe(200)
    expect(await shapeOf(mongodb.url)).toEqual(before)
  })

  test('a store that is not there, or takes no such user, ends a start with its code and without its address', async () => {
    const canary = 'canary-5d1f'
    const env = {
      ...fleet.env,
      CREDENCE_TLS_CERT: join(home.path, 'tls', 'registry.crt'),
      CREDENCE_TLS_KEY: join(home.path, 'tls', 'registry.key'),
    }
    const store = `mongodb://registry:${canary}@127.0.0.1:${await freePort()}/`
    for (const args of [
      ['serve', 'registry'],
      ['migrate', 'registry'],
    ]) {
      const { code, output } = await credence(args, { ...env, CREDENCE_REGISTRY_PORT: '0', CREDENCE_STORE_URL: store })
      expect([code, output]).toEqual([3, expect.stringContaining('STORE_UNAVAILABLE')])
      expect(output).not.toContain(canary)
    }
  })

  test('a start on a port that is held ends, although store and bus are open', async () => {
    const { port } = new URL(String(running.get('registry')?.ready.probes))
    const env = {
      ...fleet.env,
      CREDENCE_TLS_CERT: join(home.path, 'tls', 'registry.crt'),
      CREDENCE_TLS_KEY: join(home.path, 'tls', 'registry.key'),
    }
    const { code, output } = await credence(['serve', 'registry'], { ...env, CREDENCE_PROBE_PORT: port })
    expect([code, output]).toEqual([1, expect.stringContaining('PORT_IN_USE')])
  })
})

/** Every collection of the server with its indexes; what readiness writes is left out. */
async function shapeOf(url: string): Promise<Record<string, readonly string[]>> {
  const client = await MongoClient.connect(url)
  try {
    const { databases } = await client.db().admin().listDatabases()
    const shape: Record<string, readonly string[]> = {}
    for (const { name } of databases.filter((one) => one.name.startsWith('credence_'))) {
      for (const { name: collection } of await client.db(name).listCollections().toArray()) {
        if (collection === 'store_ping') continue
        const indexes = await client.db(name).collection(collection).indexes()
        shape[`${name}.${collection}`] = indexes.map((index) => String(index.name)).toSorted()
      }
    }
    return shape
  } finally {
    await client.close()
  }
}
