import { inspect } from 'node:util'
import { CodedError } from '@credence/errors'
import { freePort } from '@credence/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSqliteHost, type SqliteHost } from '../test/sqlite-host.ts'
import { type ServiceMain, serviceMain, stand } from './service-main.ts'
import type { StandingService } from './standing-service.ts'

const CANARY = 'canary-8b2e'

describe('settings', () => {
  const started: unknown[] = []
  const main: ServiceMain = serviceMain({
    service: 'registry',
    collections: [{ name: 'registry_things', indexes: [] }],
    settings: { port: { name: 'REGISTRY_PORT', kind: 'port', default: 7410, doc: 'Service gRPC.' } },
    async start(settings) {
      started.push(settings)
      throw new CodedError('UNAVAILABLE')
    },
  })
  const refusal = (work: Promise<void>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    )
  const pointersOf = (error: unknown): unknown =>
    error instanceof CodedError ? [error.code, (error.details.faults ?? []).map(({ pointer }) => pointer).toSorted()] : error

  test('every fault is told at once, with its name, and nothing is started', async () => {
    const env = { CREDENCE_PROBE_PORT: '70000', CREDENCE_TLS_CA: '/nowhere/ca.crt', CREDENCE_STORE_URL: `mongodb://u:${CANARY}@h` }
    const error = await refusal(main.run(['--api-port', CANARY, '--no-such-flag', CANARY], env))
    const names = ['NATS_URL', 'PROBE_PORT', 'API_PORT', 'PUBLIC_URL', 'TLS_CA', 'TLS_CERT', 'TLS_KEY'].map((name) => `/CREDENCE_${name}`)
    expect(pointersOf(error)).toEqual(['INVALID_SETTING', ['/--no-such-flag', '/argument', ...names].toSorted()])
    expect(started).toEqual([])
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(CANARY)
  })

  test.each([
    ['STORE_URL', { CREDENCE_STORE_URL: `postgres://u:${CANARY}@h/` }],
    ['STORE_URL', { CREDENCE_STORE_URL: `mongodb://u:${CANARY}@h:port/` }],
    ['STORE_URL', { CREDENCE_STORE_URL: CANARY }],
    ['STORE_DATABASE', { CREDENCE_STORE_URL: `mongodb://u:${CANARY}@127.0.0.1:9/`, CREDENCE_STORE_DATABASE: `${CANARY}.${CANARY}` }],
  ])('a store that cannot be named is a wrong %s, and its password is not told', async (setting, env) => {
    const error = await refusal(main.migrate([], () => undefined, env))
    expect(pointersOf(error)).toEqual(['INVALID_SETTING', [`/CREDENCE_${setting}`]])
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(CANARY)
  })

  test('a database that is migrated has the event log beside what the service names', () => {
    expect(main.collections.map(({ name }) => name)).toEqual(['registry_things', 'registry_events'])
  })
})

describe('a service on its host', () => {
  const settings = { host: '127.0.0.1', probePort: 0, apiPort: 0, apiTlsCert: undefined, apiTlsKey: undefined }
  const printed: string[] = []
  let host: SqliteHost
  beforeEach(async () => {
    vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line))
    host = await openSqliteHost()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    printed.length = 0
    if (!host.isClosed()) await host.close()
  })

  const standing = (over: Partial<StandingService> = {}): StandingService => ({
    addresses: { grpc: '127.0.0.1:1' },
    mounts: [],
    stop: async () => undefined,
    ...over,
  })
  const put = (start: () => Promise<StandingService>) => stand(host, settings, { service: 'registry', start })
  const readyz = async (probes: string): Promise<unknown[]> => {
    const response = await fetch(`${probes}/readyz`)
    return [response.status, ((await response.json()) as { code?: string }).code]
  }

  test('tells where it can be reached in one line of JSON, and is ready from then on', async () => {
    const running = await put(async () => standing({ authenticate: () => Promise.reject(new CodedError('UNAUTHENTICATED')) }))
    expect(printed.map((line) => JSON.parse(line) as unknown)).toEqual([
      { service: 'registry', grpc: '127.0.0.1:1', api: expect.stringMatching(/^127\.0\.0\.1:\d+$/), probes: running.probes },
    ])
    expect(await readyz(running.probes)).toEqual([200, undefined])
    await running.stop()
    expect(host.isClosed()).toBe(true)
    await expect(fetch(`${running.probes}/livez`)).rejects.toThrow()
  })

  test('is not ready without its store, and says what else it goes on without', async () => {
    const engines = {
      QUEUE_UNAVAILABLE: () => Promise.reject(new CodedError('UNAVAILABLE')),
      HUNG: () => new Promise(() => undefined),
      WELL: async () => 1,
    }
    const running = await put(async () => standing({ engines }))
    const answer = await fetch(`${running.probes}/readyz`)
    expect([answer.status, await answer.json()]).toEqual([200, { ready: true, without: ['QUEUE_UNAVAILABLE', 'HUNG'] }])
    await host.store.close()
    expect(await readyz(running.probes)).toEqual([503, 'STORE_UNAVAILABLE'])
    await running.stop()
  })

  test('is alive and not ready while it starts, so that a long start is not taken for a dead process', async () => {
    const go = Promise.withResolvers<void>()
    const port = await freePort()
    const starting = stand(
      host,
      { ...settings, probePort: port },
      {
        service: 'registry',
        start: () => go.promise.then(() => standing()),
      },
    )
    const probes = `http://127.0.0.1:${port}`
    await vi.waitFor(async () => expect(await readyz(probes)).toEqual([503, 'UNAVAILABLE']))
    expect((await fetch(`${probes}/livez`)).status).toBe(200)
    expect(printed).toEqual([])
    go.resolve()
    const running = await starting
    expect(await readyz(probes)).toEqual([200, undefined])
    await running.stop()
  })

  test('says DRAINING for as long as something is under way, and keeps its host until then', async () => {
    const underWay = Promise.withResolvers<void>()
    const running = await put(async () => standing({ stop: () => underWay.promise }))
    const stopping = running.stop()
    expect(await readyz(running.probes)).toEqual([503, 'DRAINING'])
    expect(host.isClosed()).toBe(false)
    underWay.resolve()
    await stopping
    expect(host.isClosed()).toBe(true)
  })

  test('one that fails to stop leaves nothing else open, and is told', async () => {
    const running = await put(async () => standing({ stop: () => Promise.reject(new CodedError('UNAVAILABLE')) }))
    await running.stop()
    expect([host.isClosed(), host.told]).toEqual([true, ['service.stop_failed']])
  })

  test('a start that fails, at any step, closes what it had opened', async () => {
    await expect(put(() => Promise.reject(new CodedError('KEY_MISMATCH')))).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    expect([host.isClosed(), printed]).toEqual([true, []])
    host = await openSqliteHost()
    let stopped = false
    const start = async (): Promise<StandingService> =>
      standing({
        authenticate: () => Promise.reject(new CodedError('UNAUTHENTICATED')),
        stop: async () => {
          stopped = true
        },
      })
    // Callers would send their keys over a network in plain text.
    const halfway = stand(host, { ...settings, apiTlsCert: '/api.crt' }, { service: 'registry', start })
    await expect(halfway).rejects.toMatchObject({ code: 'INVALID_SETTING' })
    expect([stopped, host.isClosed()]).toEqual([true, true])
  })
})
