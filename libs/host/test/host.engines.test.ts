import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger, readSettings } from '@credence/service'
import {
  freePort,
  haveMongodb,
  haveNats,
  type MongodbServer,
  type NatsServer,
  startMongodb,
  startNats,
  tempHome,
  testAuthority,
} from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openHost } from '../src/host.ts'
import { HOST_SETTINGS, type HostSettings } from '../src/settings.ts'
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts'

const haveBoth = (await haveMongodb()) && (await haveNats())
const log = createLogger({ service: 'registry', level: 'silent' })

describe.skipIf(!haveBoth)('a host', () => {
  const home = tempHome()
  let mongodb: MongodbServer
  let nats: NatsServer
  let toMongodb: CountingProxy
  let toNats: CountingProxy
  beforeAll(async () => {
    ;[mongodb, nats] = await Promise.all([startMongodb(), startNats()])
    toMongodb = await startCountingProxy(Number(new URL(mongodb.url).port))
    toNats = await startCountingProxy(Number(new URL(nats.url).port))
    const { certPem, keyPem } = testAuthority().issue({ commonName: 'registry', uris: ['spiffe://credence/registry'], client: true })
    for (const [name, text] of Object.entries({ ca: testAuthority().certificatePem, crt: certPem, key: keyPem }))
      writeFileSync(join(home.path, name), text)
  })
  afterAll(async () => {
    for (const proxy of [toMongodb, toNats]) await proxy?.close()
    for (const engine of [mongodb, nats]) await engine?.stop()
    home.remove()
  })

  const settings = (over: Readonly<Record<string, string>> = {}): HostSettings =>
    readSettings(HOST_SETTINGS, {
      CREDENCE_PUBLIC_URL: 'http://localhost:7400',
      CREDENCE_STORE_URL: `mongodb://127.0.0.1:${toMongodb.port}/`,
      CREDENCE_NATS_URL: `nats://127.0.0.1:${toNats.port}`,
      CREDENCE_TLS_CA: join(home.path, 'ca'),
      CREDENCE_TLS_CERT: join(home.path, 'crt'),
      CREDENCE_TLS_KEY: join(home.path, 'key'),
      ...over,
    })
  const SOON = { timeout: 20_000 }
  const noneOpen = (): Promise<void> => vi.waitFor(() => expect([toMongodb.open, toNats.open]).toEqual([0, 0]), SOON)

  test('holds a store that can be written and a bus, until it is closed', async () => {
    const host = await openHost('registry', settings(), log)
    await host.store.ping()
    // It opens without NATS, too, when that does not answer at once.
    await vi.waitFor(() => expect([toMongodb.open > 0, toNats.open > 0]).toEqual([true, true]), SOON)
    await host.close()
    await noneOpen()
    await expect(host.store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('that cannot have its bus closes the store that it had opened', async () => {
    const before = toMongodb.taken
    await expect(openHost('registry', settings({ CREDENCE_NATS_URL: 'nats://[' }), log)).rejects.toMatchObject({ code: 'INVALID_SETTING' })
    expect(toMongodb.taken).toBeGreaterThan(before)
    await noneOpen()
  })

  test('with a wrong number of replicas opens nothing', async () => {
    const before = toMongodb.taken
    for (const CREDENCE_NATS_REPLICAS of ['0', '2', 'many']) {
      await expect(openHost('registry', settings({ CREDENCE_NATS_REPLICAS }), log)).rejects.toMatchObject({
        code: 'INVALID_SETTING',
        details: { faults: [{ pointer: '/CREDENCE_NATS_REPLICAS' }] },
      })
    }
    expect(toMongodb.taken).toBe(before)
  })

  test('opens while NATS is away, because facts wait in the store', async () => {
    const host = await openHost('registry', settings({ CREDENCE_NATS_URL: `nats://127.0.0.1:${await freePort()}` }), log)
    await host.store.ping()
    await host.close()
    await noneOpen()
  })
})
