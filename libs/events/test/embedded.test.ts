import type { DocumentStore } from '@credence/store'
import { describe, expect, test } from 'vitest'
import type { EventBus } from '../src/index.ts'
import { type BusSetting, eventBusContract } from './contract.ts'
import { failOnce, faultyStore, type Write } from './faulty-store.ts'
import { ManualClock } from './manual-clock.ts'
import { credential, fact, isDelivery, openBus, Seen, seqs, sweepAfter, take, tempStore, testBus } from './setting.ts'

eventBusContract('the embedded bus on SQLite', openSetting)

const DAY_MS = 24 * 3_600_000
const A = credential(1)

async function openSetting(): Promise<BusSetting> {
  let store = await tempStore()
  let killed = { now: false }
  const opened: EventBus[] = []
  return {
    async open() {
      const mine = { now: false }
      killed = mine
      const bus = await openBus(faultyStore(store, () => mine.now))
      opened.push(bus)
      return bus
    },
    async crash() {
      killed.now = true
    },
    async lose() {
      store = await tempStore()
    },
    async close() {
      // A bus whose handler never ends cannot be closed; its process would be gone.
      void Promise.all(opened.map((bus) => bus.close()))
    },
  }
}

describe('the log of the embedded bus', () => {
  test('L2 a fact whose answer was lost is not passed over by readers', async () => {
    const clock = new ManualClock()
    const lost = fact(A, 1)
    const fault = failOnce((write) => write.id === lost.id && write.when === 'after')
    const bus = await testBus(faultyStore(await tempStore(), fault.fails), clock)
    const following = take(bus, 2, {})
    await expect(bus.publish([lost])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await bus.publish([lost, fact(A, 2)])
    expect(seqs(await following)).toEqual([1, 2])
    expect(fault.hit()).toBe(true)
  })

  test('L2 nothing is shown above an insert that the store has not decided', async () => {
    const clock = new ManualClock()
    const sick = sickStore(await tempStore())
    const bus = await testBus(sick.store, clock)
    const seen = new Seen()
    await bus.subscribe('waiting', {}, async ({ fact: given }) => seen.add(given))
    sick.fails = ({ when }) => when === 'after'
    await expect(bus.publish([fact(A, 1)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    sick.fails = () => false
    await bus.publish([fact(credential(2), 2)])
    expect(seen.facts).toEqual([])
    await clock.asleep(50, 100)
    sick.down = false
    clock.advance(100)
    await seen.until((facts) => facts.length === 2)
    expect(seen.facts.map(({ seq }) => seq)).toEqual([1, 2])
  })

  test('a fact that cannot be stored keeps back the later ones of its subject', async () => {
    const early = fact(A, 1)
    const fault = failOnce((write) => write.id === early.id && write.when === 'before')
    const bus = await testBus(faultyStore(await tempStore(), fault.fails))
    const both = [early, fact(A, 2)]
    await expect(bus.publish(both)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await bus.publish(both)
    expect(seqs(await take(bus, 2, { from: new Date(0) }))).toEqual([1, 2])
  })

  test('a cursor from ahead of the log, as after the restore of a backup, gets a reset', async () => {
    const bus = await testBus(await tempStore())
    await bus.publish([fact(A, 1)])
    const [first] = await take(bus, 1, { from: new Date(0) })
    const [epoch] = first!.cursor.split('.')
    expect(seqs(await take(bus, 2, { from: `${epoch}.2` }))).toEqual(['reset', 1])
  })

  test('L3 positions go on after everything was swept and the bus opened again', async () => {
    const store = await tempStore()
    const clock = new ManualClock()
    const first = await testBus(store, clock)
    await first.publish([fact(A, 1), fact(A, 2)])
    const [, last] = await take(first, 2, { from: new Date(0) })
    await sweepAfter(clock, 31 * DAY_MS)
    await first.close()
    const second = await testBus(store, clock)
    await second.publish([fact(A, 3)])
    expect(seqs(await take(second, 1, { from: last!.cursor }))).toEqual([3])
    expect(seqs(await take(second, 2, { from: cursorBefore(last!.cursor) }))).toEqual(['reset', 3])
  })

  test('a reader far behind what is in memory reads all of it in order', async () => {
    const bus = await testBus(await tempStore())
    const all = Array.from({ length: 2_500 }, (_, i) => fact(credential(i % 50), i))
    await bus.publish(all)
    const read = (await take(bus, all.length, { from: new Date(0) })).filter(isDelivery)
    const positions = read.map(({ cursor }) => Number(cursor.split('.')[1]))
    expect(positions).toEqual(positions.toSorted((a, b) => a - b))
    expect(new Set(read.map((delivery) => delivery.fact.id)).size).toBe(all.length)
  })

  test('a durable name cannot be used twice at a time', async () => {
    const bus = await testBus(await tempStore())
    const handler = async (): Promise<void> => undefined
    const subscription = await bus.subscribe('mine', {}, handler)
    await expect(bus.subscribe('mine', {}, handler)).rejects.toThrow(TypeError)
    await expect(bus.subscribe('not.mine', {}, handler)).rejects.toThrow(TypeError)
    await subscription.close()
    await bus.subscribe('mine', {}, handler)
  })
})

describe('cursors of the embedded bus', () => {
  test('many facts cost few cursor writes', async () => {
    const clock = new ManualClock()
    let writes = 0
    const counted = faultyStore(await tempStore(), ({ collection, when }) => {
      if (collection === 'bus_cursors' && when === 'after') writes++
      return false
    })
    const bus = await testBus(counted, clock)
    const seen = new Seen()
    const subscription = await bus.subscribe('counting', {}, async ({ fact: given }) => seen.add(given))
    await bus.publish(Array.from({ length: 500 }, (_, i) => fact(credential(i % 100), i)))
    await seen.until((facts) => facts.length === 500)
    await subscription.close()
    expect(writes).toBeLessThanOrEqual(4)
    const again = new Seen()
    await bus.subscribe('counting', {}, async ({ fact: given }) => again.add(given))
    await bus.publish([fact(A, 1_000)])
    await again.until((facts) => facts.length > 0)
    expect(again.facts.map(({ seq }) => seq)).toEqual([1_000])
  })

  test('a store that fails for a while stops neither delivery nor the cursor for good', async () => {
    const store = await tempStore()
    const fault = failOnce(({ collection, kind }) => collection === 'bus_cursors' && kind === 'replace')
    const bus = await openBus(faultyStore(store, fault.fails))
    const seen = new Seen()
    await bus.subscribe('sick', {}, async ({ fact: given }) => seen.add(given))
    await bus.publish([fact(A, 1), fact(A, 2)])
    await seen.until((facts) => facts.length === 2)
    await bus.close()
    expect(fault.hit()).toBe(true)
    const cursors = await store.collection<{ id: string; v: number; position: number }>({ name: 'bus_cursors', indexes: [] })
    expect((await cursors.get('sick'))?.position).toBe(2)
  })
})

function cursorBefore(cursor: string): string {
  const [epoch, position] = cursor.split('.')
  return `${epoch}.${Number(position) - 1}`
}

/** A store whose writes can lose their answers, and that does not answer a ping while it is `down`. */
function sickStore(inner: DocumentStore): { readonly store: DocumentStore; down: boolean; fails: (write: Write) => boolean } {
  const sick = { down: true, fails: (_: Write): boolean => false }
  const store = faultyStore(inner, (write) => sick.fails(write))
  return Object.assign(sick, { store: { ...store, ping: async () => (sick.down ? Promise.reject(new TypeError('down')) : inner.ping()) } })
}
