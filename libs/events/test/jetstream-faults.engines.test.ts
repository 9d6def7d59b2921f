import { jetstream } from '@nats-io/jetstream'
import { expect, onTestFinished, test } from 'vitest'
import type { Fact, Subscription } from '../src/index.ts'
import { agrees, ids, inOrder, platform, relayOf, type Source, until } from './changes.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { administer, describeWithNats, openOn, TAKEOVER_MS, testBusOn, testNats } from './jetstream-setting.ts'
import { credential, fact, Seen } from './setting.ts'

/** The smoke sizes of R11, R12 and R15; the torture run has its own. */
const KILLS = 4
const CUTS = 5
const DOCUMENTS = 20
const CHANGES_WHILE_GONE = 1_000
const DRAINED_MS = 30_000

const A = credential(1)

/** Changes the documents one after the other until the work beside it is done. */
async function changingWhile(source: Source, documents: readonly string[], work: () => Promise<void>): Promise<void> {
  let working = true
  const changing = (async () => {
    for (let i = 0; working; i++) await source.change(documents[i % documents.length]!)
  })()
  await work()
  working = false
  await changing
}

/** Takes the next message of a subscriber as a client does that dies with it in hand. */
async function rob(url: string, durable: string): Promise<number | undefined> {
  return administer(url, async (_, nc) => (await (await jetstream(nc).consumers.get('CREDENCE', durable)).next())?.seq)
}

async function consumers(url: string): Promise<readonly string[]> {
  return administer(url, async (jsm) => (await jsm.consumers.list('CREDENCE').next()).map(({ name }) => name))
}

await describeWithNats('JetStream under faults', () => {
  test('[C-2] R12 a server that is killed under load loses no fact and no order', async () => {
    const server = await testNats()
    const { source, bus, seen } = await platform(server)
    const relay = await relayOf(source, bus)
    const documents = ids(DOCUMENTS)
    await changingWhile(source, documents, async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        const before = seen.facts.length
        relay.nudge()
        await seen.until((facts) => facts.length > before + DOCUMENTS)
        await server.kill()
        await server.restart()
      }
    })
    const told = await source.told(documents)
    await agrees(seen, told)
    expect(inOrder(seen.facts)).toEqual(told)
  })

  test('[C-2] R11 what changes while the server is gone is on the bus within thirty seconds of its return', async () => {
    const server = await testNats()
    const { source, bus, seen } = await platform(server)
    const relay = await relayOf(source, bus)
    const documents = ids(100)
    await server.kill()
    const asked = performance.now()
    await expect(bus.publish([fact(A, 1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(performance.now() - asked).toBeLessThan(10_000)
    for (let i = 0; i < CHANGES_WHILE_GONE / documents.length; i++) await Promise.all(documents.map((id) => source.change(id)))
    relay.nudge()
    await server.restart()
    const back = performance.now()
    const told = await source.told(documents)
    await agrees(seen, told)
    expect(performance.now() - back).toBeLessThan(DRAINED_MS)
    expect(inOrder(seen.facts)).toEqual(told)
    expect(seen.facts).toHaveLength(CHANGES_WHILE_GONE)
  })

  test('a fact that was handed to somebody who vanished comes before those after it', async () => {
    const server = await testNats()
    const way = await cuttingProxy(server.url)
    onTestFinished(() => way.close())
    const [near, far] = [await testBusOn(way.url), await testBusOn(server.url)]
    const seen = new Seen()
    const subscribe = (): Promise<Subscription> => near.subscribe('robbed', {}, async ({ fact: given }) => seen.add(given))
    await (await subscribe()).close()
    await until(async () => (await consumers(server.url)).includes('robbed'))
    await far.publish([fact(A, 1), fact(A, 2), fact(A, 3)])
    expect(await rob(server.url, 'robbed')).toBe(1)
    await subscribe()
    await seen.until((facts) => facts.length === 3)
    way.cut()
    await far.publish([fact(A, 4), fact(A, 5), fact(A, 6)])
    expect(await rob(server.url, 'robbed')).toBe(4)
    way.mend()
    await seen.until((facts) => facts.length === 6)
    expect(seen.seqsOf(A)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('a connection that is cut again and again brings every fact, and none before an earlier one', async () => {
    const server = await testNats()
    const way = await cuttingProxy(server.url)
    onTestFinished(() => way.close())
    const [near, far] = [await testBusOn(way.url), await testBusOn(server.url)]
    const seen = new Seen()
    await near.subscribe('cut', {}, async ({ fact: given }) => seen.add(given))
    const documents = ids(DOCUMENTS)
    let published = 0
    for (let cut = 0; cut < CUTS; cut++) {
      const before = published
      for (let i = 0; i < 20; i++, published++) await far.publish(documents.map((id) => fact(id, published + 1)))
      await seen.until((facts) => facts.length > before * DOCUMENTS)
      way.cut()
      way.mend()
    }
    await agrees(seen, new Map(documents.map((id) => [id, published])))
    expect([...inOrder(seen.facts).values()]).toEqual(documents.map(() => published))
  })

  test('of two replicas under one name one serves, and the other goes on where it was killed', async () => {
    const server = await testNats()
    const way = await cuttingProxy(server.url)
    const [doomed, other] = [await openOn(way.url), await testBusOn(server.url)]
    onTestFinished(() => void doomed.close().then(() => way.close()))
    const seen = new Seen()
    const by: string[] = []
    const handler =
      (name: string) =>
      async ({ fact: given }: { readonly fact: Fact }): Promise<void> => {
        by.push(name)
        seen.add(given)
      }
    await doomed.subscribe('shared', {}, handler('doomed'))
    await doomed.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    await other.subscribe('shared', {}, handler('other'))
    const early = Array.from({ length: 100 }, (_, i) => fact(A, i + 2))
    await other.publish(early)
    await seen.until((facts) => facts.length === 101)
    expect(new Set(by)).toEqual(new Set(['doomed']))
    way.cut()
    await other.publish(Array.from({ length: 100 }, (_, i) => fact(A, i + 102)))
    await agrees(seen, new Map([[A, 201]]))
    expect(inOrder(seen.facts)).toEqual(new Map([[A, 201]]))
    expect(by.at(-1)).toBe('other')
  })

  test('a replica that closes keeps its subscriber until its handlers end', async () => {
    const server = await testNats()
    const [leaving, other] = [await testBusOn(server.url), await testBusOn(server.url)]
    const started = new Seen()
    const seen = new Seen()
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    await leaving.subscribe('handed', {}, async ({ fact: given }) => {
      started.add(given)
      await finished
    })
    await leaving.publish([fact(A, 1), fact(A, 2)])
    await started.until((facts) => facts.length === 1)
    await other.subscribe('handed', {}, async ({ fact: given }) => seen.add(given))
    const closed = leaving.close()
    const asked = performance.now()
    // Longer than a lease lasts that nobody renews.
    await until(async () => performance.now() - asked > 3 * TAKEOVER_MS)
    expect(seen.facts).toEqual([])
    finish()
    await closed
    await seen.until((facts) => facts.length === 1)
    expect(seen.seqsOf(A)).toEqual([2])
  })

  test('a bus that opens before its server takes facts when that is there', async () => {
    const server = await testNats()
    await server.kill()
    const bus = await testBusOn(server.url)
    const seen = new Seen()
    await bus.subscribe('early', {}, async ({ fact: given }) => seen.add(given))
    await expect(bus.publish([fact(A, 1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await server.restart()
    const publish = (): Promise<void> => bus.publish([fact(A, 1)]).catch(publish)
    await publish()
    await seen.until((facts) => facts.length === 1)
  })

  test('the lease of a replica is its own for no longer than the takeover time', async () => {
    const server = await testNats()
    const way = await cuttingProxy(server.url)
    const doomed = await openOn(way.url)
    onTestFinished(() => void doomed.close().then(() => way.close()))
    const other = await testBusOn(server.url)
    await doomed.subscribe('timed', {}, async () => undefined)
    const seen = new Seen()
    way.cut()
    await other.subscribe('timed', {}, async ({ fact: given }) => seen.add(given))
    const asked = performance.now()
    await other.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    expect(performance.now() - asked).toBeLessThan(10 * TAKEOVER_MS)
  })
})
