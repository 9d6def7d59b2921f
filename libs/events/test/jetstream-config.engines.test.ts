import { systemClock, systemRandom } from '@credence/service'
import { DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream'
import { expect, test } from 'vitest'
import { inspectJetStream, openJetStreamBus } from '../src/index.ts'
import { until } from './changes.ts'
import { administer, describeWithNats, testBusOn, testNats } from './jetstream-setting.ts'
import { credential, fact, PROJECT, Seen, silent } from './setting.ts'

const PASSWORD = 'a-password'
const A = credential(1)
const parts = { clock: systemClock, random: systemRandom, log: silent }

async function configOf(url: string, name = 'CREDENCE'): Promise<Awaited<ReturnType<JetStreamManager['streams']['info']>>['config']> {
  return administer(url, async (jsm) => (await jsm.streams.info(name)).config)
}

await describeWithNats('the streams on the server', () => {
  test('are made once by replicas that start together', async () => {
    const server = await testNats()
    const buses = await Promise.all([1, 2, 3, 4].map(() => testBusOn(server.url)))
    const epochs = await Promise.all(buses.map(async (bus) => (await bus.stream!.state({ fresh: true })).epoch))
    expect(new Set(epochs).size).toBe(1)
    expect(await configOf(server.url)).toMatchObject({
      subjects: ['credence.v1.>'],
      storage: 'file',
      discard: 'old',
      retention: 'limits',
      max_age: 30 * 24 * 3_600e9,
      max_msgs: -1,
      num_replicas: 1,
    })
    await expect(configOf(server.url, 'CREDENCE_DEAD')).resolves.toMatchObject({ storage: 'file' })
  })

  test('are brought back into shape at the next start, with their facts and their epoch', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    await bus.publish([fact(A, 1)])
    const { epoch } = await bus.stream!.state()
    await administer(server.url, async (jsm) => {
      const { config } = await jsm.streams.info('CREDENCE')
      await jsm.streams.update('CREDENCE', { ...config, max_age: 3_600e9, duplicate_window: 60e9, description: 'ours' })
    })
    const next = await testBusOn(server.url)
    expect((await next.stream!.state()).epoch).toBe(epoch)
    expect(await configOf(server.url)).toMatchObject({ max_age: 30 * 24 * 3_600e9, description: 'ours' })
    expect((await next.stream!.state()).newest).toBe(1)
  })

  test('a subscriber whose filter grew is given what the new one lets through', async () => {
    const server = await testNats()
    const first = await testBusOn(server.url)
    const early = new Seen()
    const subscription = await first.subscribe('growing', { types: ['credential.refreshed'] }, async ({ fact: given }) => early.add(given))
    await first.publish([fact(A, 1), fact(A, 2, { type: 'credential.revoked' })])
    await early.until((facts) => facts.length === 1)
    await subscription.close()
    const seen = new Seen()
    await first.subscribe('growing', { types: ['credential.'] }, async ({ fact: given }) => seen.add(given))
    await first.publish([fact(A, 3, { type: 'credential.revoked' })])
    await seen.until((facts) => facts.some(({ seq }) => seq === 3))
    expect(early.seqsOf(A)).toEqual([1])
  })
})

await describeWithNats('an event on the wire', () => {
  test('is a CloudEvent in binary mode that any client can read', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
    const told = fact(A, 4, { traceparent, data: { version: 4, stray: 'secret' } })
    await bus.publish([told])
    const message = await administer(server.url, (jsm) => jsm.streams.getMessage('CREDENCE', { seq: 1 }))
    expect(message!.subject).toBe(`credence.v1.${PROJECT}.credential.refreshed.${A}`)
    expect(Object.fromEntries([...message!.header].map(([name, [value]]) => [name, value]))).toEqual({
      'Nats-Msg-Id': told.id,
      'ce-specversion': '1.0',
      'ce-id': told.id,
      'ce-source': 'credence/vault',
      'ce-type': 'dev.credence.credential.refreshed',
      'ce-subject': A,
      'ce-time': '2026-01-01T00:00:00.000Z',
      'ce-datacontenttype': 'application/json',
      'ce-project': PROJECT,
      'ce-seq': '4',
      'ce-traceparent': traceparent,
      traceparent,
    })
    expect(message!.json()).toEqual({ version: 4 })
  })

  test('a fact that no reader would take is refused before it is sent', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    for (const wrong of [
      { id: 'evt_1' },
      { type: 'credential.gone' },
      { source: 'registry' },
      { subject: 'a.b' },
      { project: '*' },
      { seq: -1 },
    ]) {
      await expect(bus.publish([fact(A, 1, wrong)]), JSON.stringify(wrong)).rejects.toThrow(TypeError)
    }
    expect((await bus.stream!.state({ fresh: true })).newest).toBe(0)
  })

  test('what a subscriber of somebody else has not read it reads from the same stream', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    await bus.publish([fact(A, 1), fact(A, 2, { type: 'credential.expired', source: 'token-refresher' })])
    const types = await administer(server.url, async (jsm, nc) => {
      await jsm.consumers.add('CREDENCE', {
        durable_name: 'stranger',
        filter_subject: 'credence.v1.*.credential.expired.*',
        deliver_policy: DeliverPolicy.All,
      })
      const { jetstream } = await import('@nats-io/jetstream')
      const message = await (await jetstream(nc).consumers.get('CREDENCE', 'stranger')).next()
      return message?.headers?.get('ce-type')
    })
    expect(types).toBe('dev.credence.credential.expired')
  })
})

await describeWithNats('what doctor sees of the server', () => {
  test('a server that writes before it answers has no risk but its number', async () => {
    const server = await testNats()
    await testBusOn(server.url)
    const condition = await inspectJetStream({ ...parts, servers: [server.url], monitoringUrls: [server.monitoringUrl!] })
    expect(condition).toEqual({ openToAll: true, syncAlways: true, storage: 'file', replicas: 1, risks: ['OPEN_TO_ALL', 'FEW_REPLICAS'] })
  })

  test('a server that writes every two minutes is found out', async () => {
    const server = await testNats({ syncInterval: '2m' })
    const condition = await inspectJetStream({ ...parts, servers: [server.url], monitoringUrls: [server.monitoringUrl!] })
    expect(condition).toMatchObject({ syncAlways: false, storage: undefined, replicas: undefined })
    expect(condition.risks).toEqual(['OPEN_TO_ALL', 'SYNC_NOT_ALWAYS', 'STREAM_MISSING'])
  })

  const named = (url: string): string => url.replace('nats://', `nats://platform:${PASSWORD}@`)
  const USER = `{ user: platform, password: ${PASSWORD} }`

  test('a server that wants a name has nothing to fear of strangers', async () => {
    const server = await testNats({ more: `authorization { users: [${USER}] }` })
    const { openToAll, risks } = await inspectJetStream({ ...parts, servers: [named(server.url)] })
    expect([openToAll, risks]).toEqual([false, ['SYNC_UNKNOWN', 'STREAM_MISSING']])
  })

  test.each([
    ['may not publish facts', '{ publish: { deny: "credence.>" } }', false],
    ['may publish anything', '{ publish: ">" }', true],
  ])('a server whose strangers %s is known by what they may', async (_, permissions, open) => {
    const stranger = `{ user: stranger, password: none, permissions: ${permissions} }`
    const server = await testNats({ more: `no_auth_user: stranger\nauthorization { users: [${USER}, ${stranger}] }` })
    const { openToAll, risks } = await inspectJetStream({ ...parts, servers: [named(server.url)] })
    expect([openToAll, risks.includes('OPEN_TO_ALL')]).toEqual([open, open])
  })

  test('how a server writes that hides its settings is not known', async () => {
    const server = await testNats()
    for (const monitoringUrls of [[], ['http://127.0.0.1:1'], [server.monitoringUrl!, 'http://127.0.0.1:1']]) {
      const { syncAlways, risks } = await inspectJetStream({ ...parts, servers: [server.url], monitoringUrls })
      expect(syncAlways).toBeUndefined()
      expect(risks).toContain('SYNC_UNKNOWN')
    }
  })

  test('a stream in memory is found out', async () => {
    const server = await testNats()
    await administer(server.url, (jsm) => jsm.streams.add({ name: 'CREDENCE', subjects: ['credence.v1.>'], storage: 'memory' }))
    const { risks } = await inspectJetStream({ ...parts, servers: [server.url], monitoringUrls: [server.monitoringUrl!] })
    expect(risks).toEqual(['OPEN_TO_ALL', 'MEMORY_STORAGE', 'FEW_REPLICAS'])
  })
})

await describeWithNats('settings of the bus', () => {
  test('an address that is none is refused at once', async () => {
    for (const servers of [[], ['localhost'], ['http://127.0.0.1:4222'], ['nats://127.0.0.1:4222', 'x']]) {
      await expect(openJetStreamBus({ ...parts, servers }), servers.join()).rejects.toMatchObject({ code: 'INVALID_SETTING' })
    }
    const absent = { ...parts, servers: ['nats://127.0.0.1:4222'], credsFile: '/nonexistent' }
    await expect(openJetStreamBus(absent)).rejects.toMatchObject({ code: 'INVALID_SETTING' })
  })

  test('a closed bus takes nothing more, and closing it leaves no connection', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    await bus.subscribe('left', {}, async () => undefined)
    await bus.publish([fact(A, 1)])
    await bus.close()
    await expect(bus.publish([fact(A, 2)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(bus.subscribe('late', {}, async () => undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await until(async () => {
      const { num_connections } = (await (await fetch(`${server.monitoringUrl}/connz`)).json()) as { readonly num_connections: number }
      return num_connections === 0
    })
  })
})
