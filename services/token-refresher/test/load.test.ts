import { newId } from '@credence/credential'
import { systemRandom } from '@credence/service'
import type { Collection, Doc, DocumentStore } from '@credence/store'
import { TestClock } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../src/credential/plan.ts'
import { MAX_CONCURRENT } from '../src/queue/refresh-queue.ts'
import { PROJECT } from './fake-peers.ts'
import { HOUR, MINUTE, Platform } from './platform.ts'

interface Cost {
  finds: number
  docs: number
  gets: number
  /** By the comparison of all plans, which is no part of a tick. */
  compared: number
}

/** The same store, with its reads counted. */
function counted(store: DocumentStore, cost: Cost): DocumentStore {
  return {
    ping: () => store.ping(),
    close: () => store.close(),
    async collection<D extends Doc>(spec: Parameters<DocumentStore['collection']>[0]): Promise<Collection<D>> {
      const inner = await store.collection<D>(spec)
      if (spec.name !== 'token_refresher_plans') return inner
      return {
        insert: (doc) => inner.insert(doc),
        replace: (doc, rev) => inner.replace(doc, rev),
        remove: (id, rev) => inner.remove(id, rev),
        get: (id, options) => {
          cost.gets++
          return inner.get(id, options)
        },
        async find(index, query) {
          const page = await inner.find(index, query)
          if (index === 'due') {
            cost.finds++
            cost.docs += page.docs.length
          } else cost.compared += page.docs.length
          return page
        },
      }
    },
  }
}

/** The plan of some credential that is due in the second half of this life. */
function planFor(lifeMs: number): Plan {
  const now = new TestClock().now()
  const times = { issuedAt: new Date(now), refreshAt: new Date(now + 0.7 * lifeMs), expiresAt: new Date(now + lifeMs) }
  const rest = { project: PROJECT, version: 2, refreshClass: 'strict', failures: {}, outbox: [], factSeq: 0 } as const
  return { id: newId('cred', systemRandom.bytes), v: 1, kind: 'refresh', state: 'planned', ...times, ...rest }
}

describe('many credentials', () => {
  test('[S2-8] a tick over ten thousand credentials reads only what is due', async () => {
    const none: Cost = { finds: 0, docs: 0, gets: 0, compared: 0 }
    const cost: Cost = { ...none }
    const platform = await Platform.start({
      config: { tickMs: HOUR, windowMs: MINUTE, healMs: 1_000 * HOUR },
      wrap: (store) => counted(store, cost),
      seed: (plans) => Promise.all(Array.from({ length: 10_000 }, () => plans.insert(planFor(1_000 * HOUR)))),
    })
    const soon = await Promise.all(Array.from({ length: 30 }, () => platform.connect({ version: 2, lifeMs: 2 * HOUR })))
    await platform.until(async () => {
      await platform.clock.advance(1)
      return cost.compared >= 10_030
    })
    Object.assign(cost, none)
    await platform.clock.advance(HOUR)
    await platform.until(() => cost.finds === 1)
    expect(cost).toEqual({ ...none, finds: 1 })
    await platform.clock.advance(HOUR)
    await platform.until(() => soon.every(({ version }) => version === 3))
    expect(platform.fake.orders.length).toBe(30)
    expect(cost.docs).toBe(30)
    expect(cost.gets).toBeLessThan(30 * 20)
  }, 60_000)

  test('[S2-8] an import of one moment does not stay a herd, and is not one at its first refresh', async () => {
    const count = 240
    const platform = await Platform.start({
      config: { tickMs: 5 * MINUTE, healMs: 1_000 * HOUR },
      before(fake) {
        for (let n = 0; n < count; n++) fake.add()
      },
    })
    const { clock, fake } = platform
    await platform.until(async () => {
      // Between two pages of the comparison there is a pause.
      await clock.advance(1)
      return (await Promise.all([...fake.held.values()].map((held) => platform.plan(held)))).every(Boolean)
    })
    const start = clock.now()
    for (let slot = 1; slot <= 18; slot++) {
      await clock.advance(5 * MINUTE)
      await platform.until(async () => {
        const due = await platform.plans.find('due', { prefix: [], to: new Date(clock.now()), limit: 1 }).catch(() => undefined)
        return due?.docs.length === 0
      })
    }
    const perSlot = Array.from({ length: 18 }, () => 0)
    for (const { at } of fake.orders) perSlot[Math.min(Math.floor((at - start - 1) / (5 * MINUTE)), 17)]!++
    const mean = fake.orders.length / 18
    expect(fake.orders.length).toBeGreaterThan(count * 1.5)
    // A fixed margin would put all of them into one slot of twelve: 12 times the mean.
    expect(Math.max(...perSlot) / mean).toBeLessThan(2)
    for (const { version, expiresAt } of fake.held.values()) {
      expect(version).toBeGreaterThan(1)
      expect(expiresAt!.getTime()).toBeGreaterThan(clock.now())
    }
  }, 120_000)

  test('[B-1] at most sixteen refreshes are under way, and those that are nearly over go first', async () => {
    const platform = await Platform.start({ config: { tickMs: MINUTE } })
    const { clock, fake } = platform
    const hanging = Promise.withResolvers<void>()
    fake.respond = async () => {
      await hanging.promise
      return undefined
    }
    const early = await Promise.all(Array.from({ length: 40 }, () => platform.connect({ version: 2, lifeMs: 10 * HOUR })))
    await clock.advance(8 * HOUR)
    await platform.until(() => fake.orders.length === MAX_CONCURRENT)
    const urgent = fake.add({ version: 2, issuedAt: new Date(clock.now() - HOUR), expiresAt: new Date(clock.now() + 2 * MINUTE) })
    await platform.publish('credential.connected', urgent)
    await platform.planWhen(urgent, () => true)
    await clock.advance(MINUTE)
    expect(fake.orders.length).toBe(MAX_CONCURRENT)
    hanging.resolve()
    await platform.until(() => early.every(({ version }) => version === 3))
    expect(fake.orders.findIndex(({ id }) => id === urgent.id)).toBe(MAX_CONCURRENT)
  })

  test('[S2-8] an endpoint that hangs holds up its own client only, and its grants come in turn when it answers again', async () => {
    const platform = await Platform.start({ config: { tickMs: MINUTE, clientConcurrency: 4 } })
    const { clock, fake } = platform
    const hanging = Promise.withResolvers<void>()
    const slow = await Promise.all(Array.from({ length: 20 }, () => platform.connect({ version: 2, lifeMs: 10 * HOUR })))
    const clientId = newId('ocl', systemRandom.bytes)
    const others = await Promise.all(Array.from({ length: 20 }, () => platform.connect({ version: 2, lifeMs: 10 * HOUR, clientId })))
    fake.respond = async (held) => {
      if (held.clientId !== clientId) await hanging.promise
      return undefined
    }
    await clock.advance(8 * HOUR)
    // Hours go by while they are refreshed: the first may come due once more before the last was.
    await platform.compared(() => others.every(({ version }) => version >= 3))
    const asked = (): number => fake.orders.filter(({ id }) => slow.some((held) => held.id === id)).length
    expect(asked()).toBe(4)
    hanging.resolve()
    await platform.until(async () => {
      await clock.advance(1_000)
      return slow.every(({ version }) => version === 3)
    })
    expect(asked()).toBe(20)
  })
})
