import { join } from 'node:path'
import { systemRandom } from '@credence/service'
import { type Collection, type Doc, type DocumentStore, openSqliteStore } from '@credence/store'
import { tempHome } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { change, insertOnce, replaced } from './change.ts'

interface Counter extends Doc {
  readonly count: number
}

const home = tempHome()
let store: DocumentStore
let counters: Collection<Counter>

beforeAll(async () => {
  store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random: systemRandom })
  counters = await store.collection<Counter>({ name: 'registry_counters', indexes: [] })
})
afterAll(async () => {
  await store.close()
  home.remove()
})

describe('a change', () => {
  test('by twenty writers at once loses none of them', async () => {
    await counters.insert({ id: 'a', v: 1, count: 0 })
    await Promise.all(Array.from({ length: 20 }, () => change(counters, 'a', (doc) => ({ ...doc, count: doc.count + 1 }))))
    expect((await counters.get('a'))?.count).toBe(20)
  })

  test('that decides for nothing writes nothing, and one of nothing gives nothing', async () => {
    const { doc } = await insertOnce(counters, { id: 'b', v: 1, count: 7 })
    expect(await change(counters, 'b', () => undefined)).toEqual(doc)
    expect(await change(counters, 'none', (found) => found)).toBeUndefined()
  })

  test('that always meets another writer ends in CONFLICT instead of going on for ever', async () => {
    await counters.insert({ id: 'c', v: 1, count: 0 })
    let pending: Promise<unknown> = Promise.resolve()
    const losing = change(counters, 'c', (doc) => {
      // Somebody writes between the read and the write of every try.
      pending = counters.replace({ ...doc, count: -1 }, doc.rev)
      return { ...doc, count: doc.count + 1 }
    })
    await expect(losing).rejects.toMatchObject({ code: 'CONFLICT' })
    await pending
  })
})

test('an insert of what is there gives what is there, and says so', async () => {
  const first = await insertOnce(counters, { id: 'd', v: 1, count: 1 })
  const second = await insertOnce(counters, { id: 'd', v: 1, count: 2 })
  expect([first.inserted, second.inserted, second.doc.count]).toEqual([true, false, 1])
  expect(await replaced(counters, { ...first.doc, count: 3 }, first.doc)).toMatchObject({ count: 3 })
  expect(await replaced(counters, { ...first.doc, count: 4 }, first.doc)).toBeUndefined()
})
