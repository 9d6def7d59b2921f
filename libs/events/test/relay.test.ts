import { CodedError } from '@credence/errors'
import { type Clock, systemClock, systemRandom } from '@credence/service'
import type { Collection, DocumentStore } from '@credence/store'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addFacts, type EventBus, type Fact, type HasOutbox, OUTBOX_INDEX, openEmbeddedBus, type Relay, startRelay } from '../src/index.ts'
import { dieAt, faultyStore, type Write } from './faulty-store.ts'
import { ManualClock } from './manual-clock.ts'
import { credential, isDelivery, PROJECT, silent, take, tempStore } from './setting.ts'

interface Parent extends HasOutbox {
  readonly status: string
}

interface Platform {
  readonly store: DocumentStore
  readonly parents: Collection<Parent>
  readonly bus: EventBus
}

const DAY_MS = 24 * 3_600_000

async function platform(store?: DocumentStore, clock: Clock = systemClock): Promise<Platform> {
  const opened = store ?? (await tempStore())
  const parents = await opened.collection<Parent>({ name: 'registry_credentials', indexes: [OUTBOX_INDEX] })
  const bus = await openEmbeddedBus({ store: opened, clock, random: systemRandom, log: silent })
  onTestFinished(() => bus.close())
  return { store: opened, parents, bus }
}

/** A relay whose timer never comes in the time of a test: what moves, moves by `nudge` or `drain`. */
async function relayOn({ store, parents, bus }: Platform, clock: Clock = new ManualClock()): Promise<Relay> {
  const relay = await startRelay({ source: 'registry', store, collections: [parents], bus, clock, log: silent })
  onTestFinished(() => relay.stop())
  return relay
}

/** Writes a change of the document with one fact, as a use case does. */
async function change(parents: Collection<Parent>, id: string, times = 1): Promise<void> {
  for (let i = 0; i < times; ) {
    const found = await parents.get(id, { fresh: true })
    const doc = found ?? { id, v: 1, status: 'active', outbox: [], factSeq: 0 }
    const context = { source: 'registry', project: PROJECT, subject: id, now: Date.now(), random: systemRandom }
    const changed = addFacts<Parent>(doc, [{ type: 'credential.enabled', data: { version: doc.factSeq + 1 } }], context)
    const written = found ? parents.replace(changed, found.rev) : parents.insert(changed)
    i += await written.then(
      () => 1,
      () => 0,
    )
  }
}

async function published(bus: EventBus, count: number): Promise<readonly Fact[]> {
  return (await take(bus, count, { from: new Date(0) })).filter(isDelivery).map((delivery) => delivery.fact)
}

async function waiting(parents: Collection<Parent>): Promise<number> {
  return (await parents.find(OUTBOX_INDEX.name, { prefix: [], limit: 500 })).docs.length
}

async function logged(store: DocumentStore): Promise<readonly string[]> {
  const indexes = [{ name: 'stored', members: ['storedAt', 'seq'] }]
  const events = await store.collection<{ id: string; v: number }>({ name: 'registry_events', indexes })
  return (await events.find('stored', { prefix: [], limit: 500 })).docs.map(({ id }) => id)
}

describe('the relay', () => {
  test('moves facts from the document into the event log and onto the bus', async () => {
    const all = await platform()
    await change(all.parents, credential(1), 3)
    const { outbox } = (await all.parents.get(credential(1)))!
    await (await relayOn(all)).drain()
    expect(await published(all.bus, 3)).toEqual(outbox)
    expect([...(await logged(all.store))].sort()).toEqual(outbox.map(({ id }) => id).sort())
    expect(await all.parents.get(credential(1))).toMatchObject({ status: 'active', outbox: [], factSeq: 3 })
    expect(await waiting(all.parents)).toBe(0)
  })

  test('a nudge delivers without waiting for the timer', async () => {
    const all = await platform()
    const relay = await relayOn(all)
    const following = take(all.bus, 2, {})
    await change(all.parents, credential(1))
    relay.nudge()
    await change(all.parents, credential(2))
    relay.nudge()
    expect((await following).filter(isDelivery).map(({ fact }) => fact.subject)).toEqual([credential(1), credential(2)])
  })

  test('the timer finds what nobody nudged for', async () => {
    const all = await platform()
    const clock = new ManualClock()
    await relayOn(all, clock)
    await clock.asleep(5_000, 5_000)
    await change(all.parents, credential(1))
    const following = take(all.bus, 1, {})
    clock.advance(5_000)
    expect(await following).toHaveLength(1)
  })

  test('a thousand facts of many documents all arrive once, each document in its order', async () => {
    const all = await platform()
    const ids = Array.from({ length: 200 }, (_, n) => credential(n))
    await Promise.all(ids.map((id) => change(all.parents, id, 5)))
    await (await relayOn(all)).drain()
    const facts = await published(all.bus, 1_000)
    expect(new Set(facts.map(({ id }) => id)).size).toBe(1_000)
    for (const id of ids) expect(facts.filter(({ subject }) => subject === id).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  })

  test('event log entries go after 30 days', async () => {
    const clock = new ManualClock()
    const all = await platform(undefined, clock)
    for (let n = 0; n < 250; n++) await change(all.parents, credential(n))
    await (await relayOn(all, clock)).drain()
    await clock.asleep(3_600_000, 3_600_000)
    expect(await logged(all.store)).toHaveLength(250)
    clock.advance(31 * DAY_MS)
    await clock.asleep(3_600_000, 3_600_000)
    while ((await logged(all.store)).length > 0) await all.store.ping()
  })
})

describe('a crash of the relay', () => {
  const steps: Readonly<Record<string, (write: Write) => boolean>> = {
    'before the event log': ({ collection, when }) => collection === 'registry_events' && when === 'before',
    'after the event log': ({ collection, when }) => collection === 'registry_events' && when === 'after',
    'before the bus': ({ collection, when, id }) => collection === 'bus_log' && when === 'before' && id.startsWith('evt_'),
    'after the bus': ({ collection, when, id }) => collection === 'bus_log' && when === 'after' && id.startsWith('evt_'),
    'before the document': ({ collection, kind, when }) => collection === 'registry_credentials' && kind === 'replace' && when === 'before',
    'after the document': ({ collection, kind, when }) => collection === 'registry_credentials' && kind === 'replace' && when === 'after',
  }
  for (const [step, fits] of Object.entries(steps)) {
    test(`[C-2] ${step} loses nothing, repeats nothing and keeps the order`, async () => {
      const store = await tempStore()
      const plain = await platform(store)
      await plain.bus.close()
      for (const n of [1, 2]) await change(plain.parents, credential(n), 3)
      const death = dieAt(fits)
      const dying = await platform(faultyStore(store, death.fails))
      const first = await startRelay({ source: 'registry', collections: [dying.parents], ...dying, clock: new ManualClock(), log: silent })
      // Its own first round runs too: either may be the one that dies.
      await first.drain().catch((error: unknown) => expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' }))
      await first.stop()
      await dying.bus.close()
      expect(death.hit()).toBe(true)
      if (step !== 'after the document') expect(await waiting(plain.parents)).toBeGreaterThan(0)
      const next = await platform(store)
      await (await relayOn(next)).drain()
      const facts = await published(next.bus, 6)
      for (const n of [1, 2]) expect(facts.filter(({ subject }) => subject === credential(n)).map(({ seq }) => seq)).toEqual([1, 2, 3])
      expect(new Set(await logged(store))).toEqual(new Set(facts.map(({ id }) => id)))
      expect(await waiting(next.parents)).toBe(0)
    })
  }
})

describe('company for the relay', () => {
  test('several relays on the same documents publish every fact once and in order', async () => {
    const all = await platform()
    const relays = await Promise.all([relayOn(all), relayOn(all), relayOn(all)])
    const ids = Array.from({ length: 20 }, (_, n) => credential(n))
    const writing = Promise.all(ids.map((id) => change(all.parents, id, 10)))
    const draining = relays.map(async (relay) => {
      for (let i = 0; i < 10; i++) await relay.drain()
    })
    await Promise.all([writing, ...draining])
    await relays[0]!.drain()
    const facts = await published(all.bus, 200)
    expect(new Set(facts.map(({ id }) => id)).size).toBe(200)
    for (const id of ids)
      expect(facts.filter(({ subject }) => subject === id).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(await waiting(all.parents)).toBe(0)
  })

  test('R3 a fact written while the relay publishes stays for the next round', async () => {
    const all = await platform()
    await change(all.parents, credential(1))
    let interrupted = false
    const bus: EventBus = {
      ...all.bus,
      async publish(facts) {
        await all.bus.publish(facts)
        if (interrupted) return
        interrupted = true
        await change(all.parents, credential(1))
      },
    }
    const relay = await relayOn({ ...all, bus })
    await relay.drain()
    await relay.drain()
    expect((await published(all.bus, 2)).map(({ seq }) => seq)).toEqual([1, 2])
    expect(await waiting(all.parents)).toBe(0)
  })

  test('while the bus is down nothing is lost and nothing leaves its document', async () => {
    const all = await platform()
    const clock = new ManualClock()
    let down = true
    const bus: EventBus = {
      ...all.bus,
      publish: (facts) => (down ? Promise.reject(new CodedError('UNAVAILABLE')) : all.bus.publish(facts)),
    }
    const relay = await relayOn({ ...all, bus }, clock)
    for (let n = 0; n < 100; n++) await change(all.parents, credential(n))
    await expect(relay.drain()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await waiting(all.parents)).toBe(100)
    relay.nudge()
    await clock.asleep(100, 400)
    down = false
    clock.advance(400)
    expect(await published(all.bus, 100)).toHaveLength(100)
  })

  test('one document that cannot be relayed does not hold up the others', async () => {
    const all = await platform()
    const bus: EventBus = {
      ...all.bus,
      publish: (facts) => (facts[0]?.subject === credential(1) ? Promise.reject(new CodedError('INTERNAL')) : all.bus.publish(facts)),
    }
    for (let n = 0; n < 150; n++) await change(all.parents, credential(n))
    await expect((await relayOn({ ...all, bus })).drain()).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await waiting(all.parents)).toBe(1)
    expect(await published(all.bus, 149)).toHaveLength(149)
  })

  test('a document that was deleted meanwhile does not stop the relay', async () => {
    const all = await platform()
    await change(all.parents, credential(1))
    const doc = (await all.parents.get(credential(1)))!
    let removed: Promise<void> | undefined
    const bus: EventBus = {
      ...all.bus,
      async publish(facts) {
        await all.bus.publish(facts)
        removed ??= all.parents.remove(doc.id, doc.rev)
        await removed
      },
    }
    await (await relayOn({ ...all, bus })).drain()
    expect(await published(all.bus, 1)).toHaveLength(1)
  })
})
