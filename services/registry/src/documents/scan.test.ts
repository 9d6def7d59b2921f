import { join } from 'node:path'
import { systemRandom } from '@credence/service'
import { type Collection, type Doc, type DocumentStore, openSqliteStore } from '@credence/store'
import { tempHome } from '@credence/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countIn, findAll, isBehind, type Place, scan } from './scan.ts'

interface Entry extends Doc {
  readonly owner: string
  readonly at: Date
}

const home = tempHome()
let store: DocumentStore
let entries: Collection<Entry>
const all: Place[] = []

beforeAll(async () => {
  store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random: systemRandom })
  entries = await store.collection<Entry>({ name: 'registry_entries', indexes: [{ name: 'owner', members: ['owner', 'at'] }] })
  // More than a page in one millisecond, so that the place inside it counts.
  const written = Array.from({ length: 240 }, (_, i) => ({ id: `e-${String((i * 7) % 240).padStart(3, '0')}`, at: i < 150 ? 5 : i }))
  await Promise.all(written.map(({ id, at }) => entries.insert({ id, v: 1, owner: 'ann', at: new Date(at) })))
  await entries.insert({ id: 'other', v: 1, owner: 'bob', at: new Date(0) })
  all.push(...written.sort((a, b) => (isBehind(a, b) ? 1 : -1)))
})
afterAll(async () => {
  await store.close()
  home.remove()
})

async function read(after: Place | undefined, reverse: boolean): Promise<string[]> {
  const ids: string[] = []
  const options = { index: 'owner', prefix: ['ann'], timeOf: (doc: Entry) => doc.at, after, reverse }
  for await (const doc of scan(entries, options)) ids.push(doc.id)
  return ids
}

describe('a scan', () => {
  test.each([false, true])('goes over everything once in order, newest first: %s', async (reverse) => {
    const expected = all.map(({ id }) => id)
    expect(await read(undefined, reverse)).toEqual(reverse ? expected.reverse() : expected)
  })

  test.each([false, true])('begins behind any place, also one that nothing stands at, newest first: %s', async (reverse) => {
    for (const after of [all[0], all[99], all[149], all[239], { at: 5, id: 'e-0505' }, { at: -1, id: '' }, { at: 999, id: 'z' }]) {
      const behind = all.filter((place) => isBehind(place, after!, reverse)).map(({ id }) => id)
      expect(await read(after, reverse)).toEqual(reverse ? behind.reverse() : behind)
    }
  })

  test('counts and finds more than one page of the store, and only what is under the prefix', async () => {
    expect(await countIn(entries, 'owner', { prefix: ['ann'] })).toBe(240)
    expect(await countIn(entries, 'owner', { prefix: ['ann'], to: new Date(6) })).toBe(150)
    expect((await findAll(entries, 'owner', ['bob'])).map(({ id }) => id)).toEqual(['other'])
  })
})

test('of two different places exactly one is behind the other, and none is behind itself', () => {
  const place = fc.record({ at: fc.nat(3), id: fc.constantFrom('a', 'b', 'c') })
  fc.assert(
    fc.property(place, place, fc.boolean(), (a, b, reverse) => {
      const same = a.at === b.at && a.id === b.id
      expect(isBehind(a, b, reverse) !== isBehind(b, a, reverse)).toBe(!same)
      expect(isBehind(a, b, reverse)).toBe(isBehind(b, a, !reverse))
    }),
  )
})
