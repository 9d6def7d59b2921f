import { systemClock } from '@credence/service'
import { jetstream } from '@nats-io/jetstream'
import { expect, onTestFinished, test } from 'vitest'
import { type EventBus, type Fact, startRelay } from '../src/index.ts'
import { agrees, ids, inOrder, openSource, platform, relayOf, until } from './changes.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { administer, describeWithNats, openOn, testBusOn, testNats } from './jetstream-setting.ts'
import { ManualClock } from './manual-clock.ts'
import { credential, fact, isDelivery, Seen, seqs, silent, take } from './setting.ts'

const DOCUMENTS = 20
const A = credential(1)

await describeWithNats('JetStream that loses what it held', () => {
  test('[C-2] R15 a stream that was deleted is published again from the event log', async () => {
    const server = await testNats()
    const { source, bus, seen } = await platform(server)
    const relay = await relayOf(source, bus)
    const documents = ids(DOCUMENTS)
    for (let i = 0; i < 5; i++) await Promise.all(documents.map((id) => source.change(id)))
    await relay.drain()
    await agrees(seen, await source.told(documents))
    const [first] = await take(bus, 1, { from: new Date(0) })
    await administer(server.url, (jsm) => jsm.streams.delete('CREDENCE'))
    await source.change(documents[0]!)
    relay.nudge()
    const told = await source.told(documents)
    await agrees(seen, told)
    const reread = await take(bus, 5 * DOCUMENTS + 2, { from: first!.cursor })
    expect(reread[0]).toHaveProperty('reset', true)
    expect(inOrder(reread.slice(1).map((message) => (message as { readonly fact: Fact }).fact))).toEqual(told)
  })

  test('R15 a stream that was emptied is published again though the server remembers its ids', async () => {
    const server = await testNats()
    const { source, bus, seen } = await platform(server)
    const relay = await relayOf(source, bus)
    await source.change(A)
    await source.change(A)
    await relay.drain()
    await agrees(seen, await source.told([A]))
    await relay.stop()
    await administer(server.url, (jsm) => jsm.streams.purge('CREDENCE'))
    const next = await relayOf(source, bus)
    await next.drain()
    expect(seqs(await take(bus, 3, { from: new Date(0) }))).toEqual(['reset', 1, 2])
  })

  test('[C-2] R15 a stream that lost its older half is published again, also when that was one', async () => {
    const server = await testNats()
    const { source, bus, seen } = await platform(server)
    for (let i = 0; i < 4; i++) await source.change(A)
    const lose = async (): Promise<void> => {
      await administer(server.url, async (jsm) => {
        const { first_seq: first, last_seq: last } = (await jsm.streams.info('CREDENCE')).state
        await jsm.streams.purge('CREDENCE', { seq: Math.ceil((first + last) / 2) })
      })
    }
    for (const begin of [async () => undefined, lose, lose]) {
      await begin()
      const relay = await relayOf(source, bus)
      await relay.drain()
      await relay.stop()
      const held = new Set<number>()
      const stop = new AbortController()
      for await (const message of bus.read({ from: new Date(0), signal: stop.signal })) {
        if (isDelivery(message)) held.add(message.fact.seq)
        if (held.size === 4) stop.abort()
      }
      expect(held).toEqual(new Set([1, 2, 3, 4]))
    }
    await agrees(seen, await source.told([A]))
  })

  test('R4 what a relay has in hand while the stream is lost waits until the older facts are there', async () => {
    const server = await testNats()
    const source = await openSource()
    const bus = await testBusOn(server.url)
    const publishAndLose = async (facts: readonly Fact[]): Promise<void> => {
      await bus.publish(facts)
      await administer(server.url, (jsm) => jsm.streams.delete('CREDENCE'))
      await bus.stream!.state({ fresh: true })
    }
    let loss: Promise<void> | undefined
    const losing: EventBus = {
      ...bus,
      async publish(facts) {
        // The relay's own pass and that of the test have the same in hand: the loss comes between the facts of both.
        if (loss !== undefined) return loss.then(() => bus.publish(facts))
        loss = publishAndLose(facts)
        return loss
      },
    }
    for (let i = 0; i < 3; i++) await source.change(A)
    const relay = await startRelay({
      ...source,
      source: 'registry',
      collections: [source.parents],
      bus: losing,
      clock: new ManualClock(),
      log: silent,
    })
    onTestFinished(() => relay.stop())
    await expect(relay.drain()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await relay.drain()
    expect(seqs(await take(bus, 3, { from: new Date(0) }))).toEqual([1, 2, 3])
  })

  test('S3 a stream that was deleted is made anew when the server has removed its files', async () => {
    const server = await testNats()
    const clock = new ManualClock()
    const bus = await testBusOn(server.url, { clock })
    await bus.publish([fact(A, 1)])
    const names = (): Promise<string[]> => administer(server.url, async (jsm) => (await jsm.streams.names().next()).sort())
    const all = await names()
    await administer(server.url, (jsm) => jsm.streams.delete('CREDENCE'))
    await clock.asleep(1_000, 1_000)
    expect(await names()).not.toContain('CREDENCE')
    clock.advance(1_000)
    await bus.publish([fact(A, 2)])
    expect(await names()).toEqual(all)
  })

  test('a stream that ends before what it acknowledged gets a new epoch, and readers a reset', async () => {
    const server = await testNats()
    const way = await cuttingProxy(server.url)
    onTestFinished(() => way.close())
    const bus = await testBusOn(way.url)
    await bus.publish([fact(A, 1), fact(A, 2)])
    const { epoch } = await bus.stream!.state()
    const [, last] = await take(bus, 2, { from: new Date(0) })
    const following = take(bus, 1, { from: last!.cursor })
    // Out of its reach: a stream that the bus finds missing it makes itself.
    way.cut()
    await shorten(server.url, 0)
    way.mend()
    expect(await following).toEqual([{ reset: true, cursor: expect.any(String) }])
    expect((await bus.stream!.state()).epoch).not.toBe(epoch)
  })

  test('a loss that could not be told at once is not forgotten', async () => {
    const may = '{ publish: { deny: "$JS.API.STREAM.UPDATE.CREDENCE" } }'
    const users = `users: [{ user: admin, password: a }, { user: bus, password: b, permissions: ${may} }]`
    const server = await testNats({ more: `no_auth_user: admin\nauthorization { ${users} }` })
    const way = await cuttingProxy(server.url)
    onTestFinished(() => way.close())
    const bus = await testBusOn(way.url.replace('nats://', 'nats://bus:b@'))
    await bus.publish([fact(A, 1), fact(A, 2)])
    way.cut()
    await shorten(server.url, 0)
    way.mend()
    await until(async () => {
      const { num_connections } = (await (await fetch(`${server.monitoringUrl}/connz`)).json()) as { readonly num_connections: number }
      return num_connections > 0
    })
    for (let n = 0; n < 3; n++) await expect(bus.stream!.state({ fresh: true })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('a consumer that was deleted is made again where it was', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const seen = new Seen()
    await bus.subscribe('healed', {}, async ({ fact: given }) => seen.add(given))
    await bus.publish([fact(A, 1), fact(A, 2)])
    await seen.until((facts) => facts.length === 2)
    await administer(server.url, (jsm) => jsm.consumers.delete('CREDENCE', 'healed'))
    await bus.publish([fact(A, 3)])
    await seen.until((facts) => facts.length === 3)
    expect(seen.seqsOf(A)).toEqual([1, 2, 3])
    const { config } = await administer(server.url, (jsm) => jsm.consumers.info('CREDENCE', 'healed'))
    expect(config.opt_start_seq).toBe(3)
  })

  test('whatever is deleted beside the stream is made again', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const seen = new Seen()
    await bus.subscribe('mended', {}, async ({ fact: given }) => seen.add(given))
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    await administer(server.url, async (jsm) => {
      await jsm.streams.delete('CREDENCE_OWNERS')
      await jsm.streams.delete('CREDENCE_DEAD')
    })
    await administer(server.url, async (_, nc) => nc.publish(`credence.v1.x.credential.refreshed.y`, 'nonsense'))
    await bus.publish([fact(A, 2)])
    await seen.until((facts) => facts.length === 2)
    await until(async () => (await bus.deadLetters().catch(() => [])).length > 0)
  })

  test('R13 a stream that came back without what followed the last mark gets it from the next relay', async () => {
    const server = await testNats()
    const source = await openSource()
    const first = await openOn(server.url)
    const clock = new ManualClock()
    const relay = await startRelay({ ...source, source: 'registry', collections: [source.parents], bus: first, clock, log: silent })
    await source.change(A)
    await relay.drain()
    // Too soon after the first for another mark.
    for (let i = 0; i < 2; i++) await source.change(A)
    await relay.drain()
    await relay.stop()
    await first.close()
    await shorten(server.url, 1)
    const bus = await testBusOn(server.url)
    await (await relayOf(source, bus, clock)).drain()
    expect(seqs(await take(bus, 3, { from: new Date(0) }))).toEqual([1, 2, 3])
  })

  test('R13 a stream that came back shorter is noticed by processes that never saw it longer', async () => {
    const server = await testNats()
    const source = await openSource()
    const first = await openOn(server.url)
    for (let i = 0; i < 3; i++) await source.change(A)
    const relay = await startRelay({
      ...source,
      source: 'registry',
      collections: [source.parents],
      bus: first,
      clock: systemClock,
      log: silent,
    })
    await relay.drain()
    await relay.stop()
    await first.close()
    await shorten(server.url, 1)
    const bus = await testBusOn(server.url)
    await (await relayOf(source, bus)).drain()
    const read = await take(bus, 4, { from: new Date(0) })
    expect(seqs(read)).toEqual([1, 1, 2, 3])
  })
})

/** The server came back from a power loss with the same stream, and only its first messages, if any. */
async function shorten(url: string, kept: number): Promise<void> {
  await administer(url, async (jsm, nc) => {
    const { config } = await jsm.streams.info('CREDENCE')
    const messages = []
    for (let seq = 1; seq <= kept; seq++) messages.push((await jsm.streams.getMessage('CREDENCE', { seq }))!)
    await jsm.streams.delete('CREDENCE')
    await jsm.streams.add(config)
    for (const { subject, data, header } of messages) await jetstream(nc).publish(subject, data, { headers: header })
  })
}
