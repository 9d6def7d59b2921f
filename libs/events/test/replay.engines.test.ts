import { systemClock, systemRandom } from '@credence/service'
import type { NatsServer } from '@credence/testkit'
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream'
import { expect, test } from 'vitest'
import { type EventBus, type Fact, replay } from '../src/index.ts'
import { agrees, ids, platform, relayOf, type Source } from './changes.ts'
import { administer, deleteStreams, describeWithNats, testBusOn, testNats } from './jetstream-setting.ts'
import { credential, fact, PROJECT, take } from './setting.ts'

const DOCUMENTS = 5
const LONG_AGO = new Date(0)
type Wish = Parameters<typeof replay>[0]['wish']

/** A consumer of somebody else, which keeps the last `seq` of each subject and nothing more. */
async function strangerOn({ url }: NatsServer): Promise<{ hears(count: number): Promise<{ ids: string[]; news: number }> }> {
  const last = new Map<string, number>()
  await administer(url, (jsm) =>
    jsm.consumers.add('CREDENCE', { durable_name: 'stranger', ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All }),
  )
  return {
    hears: (count) =>
      administer(url, async (_, nc) => {
        const { jetstream } = await import('@nats-io/jetstream')
        const consumer = await jetstream(nc).consumers.get('CREDENCE', 'stranger')
        const heard: string[] = []
        let news = 0
        for (let n = 0; n < count; n++) {
          const message = (await consumer.next())!
          const [subject, seq] = [message.headers!.get('ce-subject'), Number(message.headers!.get('ce-seq'))]
          heard.push(message.headers!.get('ce-id'))
          if (seq > (last.get(subject) ?? 0)) news++
          last.set(subject, Math.max(seq, last.get(subject) ?? 0))
          await message.ackAck()
        }
        expect((await consumer.info()).num_pending).toBe(0)
        return { ids: heard, news }
      }),
  }
}

/** What is put back, by source. */
async function replayed(bus: EventBus, wish: Wish, { source, publishes = true }: { source?: Source; publishes?: boolean } = {}) {
  const counts: Record<string, number> = {}
  // Closing it is the test's own business.
  const open = async () =>
    source === undefined
      ? undefined
      : { ...source.store, collection: source.store.collection.bind(source.store), close: async () => undefined }
  const progress = (name: string, count: number): void => {
    counts[name] = (counts[name] ?? 0) + count
  }
  const { signal } = new AbortController()
  await replay({ wish, bus, open, logs: ['registry', 'vault'], publishes, progress, clock: systemClock, random: systemRandom, signal })
  return counts
}

await describeWithNats('facts that are put back on the stream', () => {
  test('[C-2] by the time they happened are heard again by whoever subscribes, and known by subject and seq', async () => {
    const server = await testNats()
    const { source, bus, seen } = await platform(server)
    const relay = await relayOf(source, bus)
    const stranger = await strangerOn(server)
    const documents = ids(DOCUMENTS)
    await Promise.all(documents.map((id) => source.change(id)))
    await relay.drain()
    await agrees(seen, await source.told(documents))
    const first = await stranger.hears(DOCUMENTS)
    expect(await replayed(bus, { from: LONG_AGO, sources: ['registry'] }, { source })).toEqual({ registry: DOCUMENTS })
    const again = await stranger.hears(DOCUMENTS)
    expect([first.news, again.news]).toEqual([DOCUMENTS, 0])
    expect(again.ids.toSorted()).toEqual(first.ids.toSorted())
    // A service that has handled them does not handle them twice: what comes after them comes next.
    await source.change(documents[0]!)
    await relay.drain()
    await agrees(seen, await source.told(documents))
    expect(seen.facts).toHaveLength(DOCUMENTS + 1)
  })

  test('are counted and not published where that is not wanted', async () => {
    const server = await testNats()
    const { source, bus } = await platform(server)
    const relay = await relayOf(source, bus)
    await source.change(credential(1))
    await relay.drain()
    const { newest } = await bus.stream!.state({ fresh: true })
    expect(await replayed(bus, { from: LONG_AGO, sources: ['registry'] }, { source, publishes: false })).toEqual({ registry: 1 })
    expect((await bus.stream!.state({ fresh: true })).newest).toBe(newest)
  })

  test('are taken once within a run, and once more in the next', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const facts = [fact(credential(1), 1), fact(credential(1), 2)]
    await bus.publish(facts)
    for (const run of ['a', 'a', 'b']) await bus.stream!.replay(facts, run)
    expect((await bus.stream!.state({ fresh: true })).newest).toBe(6)
  })

  test('are those after a cursor, of no log, too, up to where the stream ended when it began', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const used = fact(credential(1), 4, { type: 'credential.used' })
    await bus.publish([1, 2, 3].map((seq) => fact(credential(1), seq)))
    await bus.publish([used])
    await administer(server.url, async (_, nc) => nc.publish('credence.v1.x.credential.refreshed.y', 'nonsense'))
    const [first] = await take(bus, 1, { from: LONG_AGO })
    expect(await replayed(bus, { from: first!.cursor })).toEqual({ vault: 3 })
    const all = await take(bus, 7, { from: LONG_AGO })
    expect(all.slice(4).map((item) => (item as { fact: Fact }).fact.seq)).toEqual([2, 3, 4])
    const last = all.at(-1)!.cursor
    expect(await replayed(bus, { from: last })).toEqual({})
  })

  test('are refused after a cursor that the stream does not go back to', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    await bus.publish([fact(credential(1), 1)])
    const [first] = await take(bus, 1, { from: LONG_AGO })
    await deleteStreams(server.url)
    await bus.publish([fact(credential(1), 2)]).catch(() => undefined)
    await expect(replayed(bus, { from: first!.cursor })).rejects.toMatchObject({ code: 'INVALID_CURSOR' })
    await expect(replayed(bus, { from: 'nowhere' })).rejects.toMatchObject({ code: 'INVALID_CURSOR' })
  })

  test.each<[string, Partial<Wish>, number]>([
    ['before a time', { to: new Date('2026-01-01T00:00:02Z') }, 2],
    ['of a type', { types: ['credential.expired'] }, 1],
    ['of a kind', { types: ['credential.'] }, 3],
    ['of a source', { sources: ['token-refresher'] }, 1],
    ['of nobody', { sources: ['gateway'] }, 0],
  ])('may be only those %s', async (_, wish, count) => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const at = (second: number): { time: Date } => ({ time: new Date(Date.UTC(2026, 0, 1, 0, 0, second)) })
    await bus.publish([
      fact(credential(1), 1, at(0)),
      fact(credential(1), 2, at(1)),
      fact(credential(1), 3, { ...at(2), type: 'credential.expired', source: 'token-refresher', project: PROJECT }),
    ])
    const { epoch } = await bus.stream!.state()
    const counts = await replayed(bus, { from: `${epoch}.0`, ...wish }, { publishes: false })
    expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(count)
  })
})
