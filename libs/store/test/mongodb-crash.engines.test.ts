import { isCoded } from '@credence/errors'
import { expect, it } from 'vitest'
import type { Collection } from '../src/index.ts'
import { type AnyDoc, describeOnMongodb, eventually } from './mongodb-server.ts'

const KILLS = 6
const WRITERS = 8
const SPEC = { name: 'crash_things', indexes: [{ name: 'by_count', members: ['kind', 'count'] }] }
/** Short, so that an outage costs a test little. */
const LIMITS = { selectionTimeoutMs: 300, operationTimeoutMs: 2_000 }

describeOnMongodb('MongoDB that is killed', ({ server, database, open }) => {
  it('[C-4] keeps every acknowledged write when it is killed six times under load', { timeout: 120_000 }, async () => {
    const store = await open({ database: database(), ...LIMITS })
    const things = await store.collection<AnyDoc>(SPEC)
    const acknowledged = new Map<string, number>()
    let run = true
    let onAck = (): void => undefined
    const write = async (writer: number): Promise<void> => {
      const id = `counter-${writer}`
      await things.insert({ id, v: 1, kind: 'counter', count: 0 })
      while (run) {
        try {
          const read = await things.get(id, { fresh: true })
          if (!read) throw new TypeError(`${id} is gone`)
          const count = Number(read.count) + 1
          await things.replace({ ...read, count }, read.rev)
          acknowledged.set(id, count)
          await things.insert({ id: `fact-${writer}-${count}`, v: 1, kind: 'fact', count })
          acknowledged.set(`fact-${writer}-${count}`, count)
          onAck()
        } catch (error) {
          if (!isCoded(error, 'STORE_UNAVAILABLE')) throw error
        }
      }
    }
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer))
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        // A different moment each time, counted in writes because a clock would make it depend on the machine.
        await acks(10 + kill * 17, (heard) => {
          onAck = heard
        })
        await server().kill()
        const before = [...acknowledged]
        await server().restart()
        expect(await eventually(() => lost(things, before))).toEqual([])
      }
    } finally {
      run = false
      await Promise.all(writers)
    }
    expect(await lost(things, [...acknowledged])).toEqual([])
    await expectIndexed(things)
  })

  it('[C-4] refuses in a bounded time while the server is gone, and goes on when it is back', async () => {
    const store = await open({ database: database(), ...LIMITS })
    const things = await store.collection<AnyDoc>(SPEC)
    const kept = await things.insert({ id: 'a', v: 1, kind: 'k', count: 1 })
    await server().kill()
    const gone = { code: 'STORE_UNAVAILABLE', details: { facts: { fault: 'unreachable' } } }
    const from = performance.now()
    await expect(things.get('a', { fresh: true })).rejects.toMatchObject(gone)
    await expect(things.insert({ id: 'b', v: 1 })).rejects.toMatchObject(gone)
    await expect(things.replace({ ...kept, count: 2 }, kept.rev)).rejects.toMatchObject(gone)
    await expect(things.remove('a', kept.rev)).rejects.toMatchObject(gone)
    await expect(things.find('by_count', { prefix: ['k'], limit: 1 })).rejects.toMatchObject(gone)
    await expect(store.collection({ name: 'other_things', indexes: [] })).rejects.toMatchObject(gone)
    await expect(store.ping()).rejects.toMatchObject(gone)
    await expect(open({ database: 'other', ...LIMITS })).rejects.toMatchObject(gone)
    // Eight calls, each at most its selection time twice (a read is asked for once more); the rest is patience with the machine.
    expect(performance.now() - from).toBeLessThan(8 * 2 * LIMITS.selectionTimeoutMs + 5_000)
    await server().restart()
    await eventually(() => store.ping())
    expect(await things.get('a', { fresh: true })).toEqual(kept)
    await things.replace({ ...kept, count: 2 }, kept.rev)
  })

  it('[C-4] refuses in a bounded time while the server hangs, and goes on when it answers', async () => {
    const name = database()
    const patient = await (await open({ database: name })).collection<AnyDoc>(SPEC)
    const kept = await patient.insert({ id: 'a', v: 1, kind: 'k', count: 1 })
    // So impatient that a busy server, too, may be given up.
    const store = await eventually(() => open({ database: name, selectionTimeoutMs: 300, operationTimeoutMs: 500 }))
    const things = await eventually(() => store.collection<AnyDoc>(SPEC))
    server().pause()
    try {
      await expect(things.insert({ id: 'b', v: 1 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      await expect(things.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    } finally {
      server().resume()
    }
    await eventually(() => store.ping())
    expect(await eventually(() => things.get('a'))).toEqual(kept)
  })
})

/** Resolves after so many more acknowledged writes. */
function acks(count: number, listen: (heard: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    listen(() => {
      left -= 1
      if (left === 0) resolve()
    })
  })
}

/** The last replacement may have been written without its answer having come back. */
async function lost(things: Collection<AnyDoc>, acknowledged: readonly (readonly [string, number])[]): Promise<string[]> {
  const found = await Promise.all(acknowledged.map(async ([id, count]) => Number((await things.get(id))?.count ?? -1) >= count || id))
  return found.filter((id) => typeof id === 'string')
}

/** Every document stands in the index once, where its present value puts it. */
async function expectIndexed(things: Collection<AnyDoc>): Promise<void> {
  for (const kind of ['counter', 'fact']) {
    const seen = new Set<string>()
    let after: string | undefined
    let last = -1
    do {
      const page = await things.find('by_count', { prefix: [kind], limit: 500, ...(after !== undefined && { after }) })
      for (const { id, count } of page.docs) {
        expect(Number(count)).toBeGreaterThanOrEqual(last)
        expect(seen.has(id)).toBe(false)
        last = Number(count)
        seen.add(id)
      }
      after = page.next
    } while (after !== undefined)
  }
}
