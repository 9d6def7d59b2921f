import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '@credence/service'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Doc, type DocumentStore, migrate, openSqliteStore } from './index.ts'

interface Thing extends Doc {
  readonly kind: string
  readonly rank: number
}

let folder = ''
let store: DocumentStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  store = await openSqliteStore({ file: join(folder, 'store.db'), random: systemRandom })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const byKind = { name: 'by_kind', members: ['kind'] }
const byRank = { name: 'by_rank', members: ['rank'] }

it('makes every collection in the order given, and again without harm', async () => {
  const specs = ['b_things', 'a_things'].map((name) => ({ name, indexes: [byKind] }))
  for (let round = 0; round < 2; round++) {
    const made: string[] = []
    await migrate(store, specs, ({ name }) => made.push(name))
    expect(made).toEqual(['b_things', 'a_things'])
  }
})

it('fills an index that is new, and joins what several readers ask of one collection', async () => {
  const before = await store.collection<Thing>({ name: 'a_things', indexes: [] })
  await before.insert({ id: 'a', v: 1, kind: 'k', rank: 1 })
  const specs = [byKind, byRank, byKind].map((index) => ({ name: 'a_things', indexes: [index] }))
  await migrate(store, specs)
  const after = await store.collection<Thing>({ name: 'a_things', indexes: [byKind, byRank] })
  expect((await after.find('by_rank', { prefix: [1], limit: 5 })).docs).toHaveLength(1)
})

it('touches nothing when one spec is wrong', async () => {
  const made: string[] = []
  const wrong = { name: 'not a name', indexes: [] }
  await expect(migrate(store, [{ name: 'a_things', indexes: [] }, wrong], ({ name }) => made.push(name))).rejects.toThrow(TypeError)
  const other = { name: 'by_kind', members: ['rank'] }
  await expect(
    migrate(
      store,
      [byKind, other].map((index) => ({ name: 'a_things', indexes: [index] })),
      ({ name }) => made.push(name),
    ),
  ).rejects.toThrow(TypeError)
  expect(made).toEqual([])
})
