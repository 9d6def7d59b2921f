import { CodedError } from '@credence/errors'
import { systemClock } from '@credence/service'
import type { NatsServer } from '@credence/testkit'
import { jetstream } from '@nats-io/jetstream'
import { expect, onTestFinished, test } from 'vitest'
import { type EventBus, type Fact, type Subscription, startRelay } from '../src/index.ts'
import { inOrder, openSource, relayOf, type Source } from './changes.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { administer, describeWithNats, openOn, TAKEOVER_MS, testBusOn, testNats } from './jetstream-setting.ts'
import { ManualClock } from './manual-clock.ts'
import { credential, fact, Seen, seqs, silent, take } from './setting.ts'

/** The smoke sizes of R11, R12 and R15; the torture run has its own. */
const KILLS = 4
const CUTS = 5
const DOCUMENTS = 20
const CHANGES_WHILE_GONE = 1_000
const DRAINED_MS = 30_000
const POLL_MS = 20

const A = credential(1)

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, n) => credential(n))
}

/** A service that changes its documents, and a subscriber of its facts. */
async function platform(server: NatsServer): Promise<{ readonly source: Source; readonly bus: EventBus; readonly seen: Seen }> {
  const source = await openSource()
  const bus = await testBusOn(server.url)
  const seen = new Seen()
  await bus.subscribe('witness', {}, async ({ fact: given }) => seen.add(given))
  return { source, bus, seen }
}

/** Resolves when the subscriber has seen all that the documents told. */
async function agrees(seen: Seen, told: ReadonlyMap<string, number>): Promise<void> {
  await seen.until((facts) => {
    const last = new Map<string, number>()
    for (const { subject, seq } of facts) last.set(subject, Math.max(last.get(subject) ?? 0, seq))
    return [...told].every(([id, seq]) => (last.get(id) ?? 0) >= seq)
  })
}

/** Takes the next message of a subscriber as a client does that dies with it in hand. */
async function rob(url: string, durable: string): Promise<number | undefined> {
  return administer(url, async (_, nc) => (await (await jetstream(nc).consumers.get('CREDENCE', durable)).next())?.seq)
}

async function consumers(url: string): Promise<readonly string[]> {
  return administer(url, async (jsm) => (await jsm.consumers.list('CREDENCE').next()).map(({ name }) => name))
}

async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await systemClock.sleep(POLL_MS)
}

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

  test('R4 what a relay has in hand while the stream is lost waits until the older facts are there', async () => {
    const server = await testNats()
    const source = await openSource()
    const bus = await testBusOn(server.url)
    let lost = false
    const losing: EventBus = {
      ...bus,
      async publish(facts) {
        await bus.publish(facts)
        if (lost) return
        lost = true
        await administer(server.url, (jsm) => jsm.streams.delete('CREDENCE'))
        await bus.stream!.state({ fresh: true })
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
    await relay.drain().catch((error: unknown) => expect(error).toMatchObject({ code: 'UNAVAILABLE' }))
    await relay.drain()
    expect(seqs(await take(bus, 3, { from: new Date(0) }))).toEqual([1, 2, 3])
  })

  test('a stream that ends before what it acknowledged gets a new epoch, and readers a reset', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    await bus.publish([fact(A, 1), fact(A, 2)])
    const { epoch } = await bus.stream!.state()
    const following = take(bus, 1, {})
    await administer(server.url, async (jsm) => {
      const { config } = await jsm.streams.info('CREDENCE')
      await jsm.streams.delete('CREDENCE')
      await jsm.streams.add(config)
    })
    expect(await following).toEqual([{ reset: true, cursor: expect.any(String) }])
    expect((await bus.stream!.state()).epoch).not.toBe(epoch)
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

await describeWithNats('JetStream given what is no event of ours', () => {
  test('a message that nobody of us sent is put aside and holds up nothing', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const seen = new Seen()
    await bus.subscribe('robust', {}, async ({ fact: given }) => seen.add(given))
    await administer(server.url, async (_, nc) => {
      nc.publish('credence.v1.x', '')
      nc.publish('credence.v1.proj_x.credential.expired.cred_x', 'x'.repeat(900_000))
      nc.publish('credence.v1.proj_x.credential.expired.cred_x', new Uint8Array([0xff, 0xfe]))
      await nc.flush()
    })
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    await until(async () => (await bus.deadLetters()).length === 3)
    const letters = await bus.deadLetters()
    expect(letters.map(({ reason, durable, code }) => `${durable} ${reason} ${code}`)).toEqual(
      Array(3).fill('robust MALFORMED INVALID_REQUEST'),
    )
    expect(letters.map(({ subject }) => subject)).toContain('credence.v1.x')
  })

  test('[C-2] a handler that refuses a fact for good does not hold up the next of its subject', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url, { attempts: 3 })
    const calls = new Seen()
    const seen = new Seen()
    await bus.subscribe('poisoned', {}, async ({ fact: given }) => {
      calls.add(given)
      if (given.seq === 1) throw new TypeError('poison')
      seen.add(given)
    })
    await bus.publish([fact(A, 1), fact(A, 2)])
    await seen.until((facts) => facts.length === 1)
    expect(calls.seqsOf(A)).toEqual([1, 1, 1, 2])
    const [letter] = await bus.deadLetters()
    const [first] = await take(bus, 1, { from: new Date(0) })
    const { cursor } = first!
    expect(letter).toMatchObject({ durable: 'poisoned', reason: 'HANDLER_FAILED', code: 'INTERNAL', attempts: 3, cursor })
  })

  test('a fact whose handler meets an outage is tried for as long as that lasts', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url, { attempts: 2 })
    const seen = new Seen()
    let calls = 0
    await bus.subscribe('patient', {}, async ({ fact: given }) => {
      if (++calls < 5) throw new CodedError('STORE_UNAVAILABLE')
      seen.add(given)
    })
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    expect(calls).toBe(5)
    expect(await bus.deadLetters()).toEqual([])
  })

  test('an event that somebody repeats under another message id is handled once', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const seen = new Seen()
    await bus.subscribe('repeated', {}, async ({ fact: given }) => seen.add(given))
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    await administer(server.url, async (jsm, nc) => {
      const stored = (await jsm.streams.getMessage('CREDENCE', { seq: 1 }))!
      stored.header.delete('Nats-Msg-Id')
      for (let i = 0; i < 3; i++) nc.publish(stored.subject, stored.data, { headers: stored.header })
      await nc.flush()
    })
    await bus.publish([fact(A, 2)])
    await seen.until((facts) => facts.length >= 2)
    expect(seen.seqsOf(A)).toEqual([1, 2])
  })
})
