import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '@credence/service'
import fc from 'fast-check'
import { MongoClient } from 'mongodb'
import { expect, it } from 'vitest'
import { type Collection, type FindQuery, type IndexValue, migrate, openSqliteStore } from '../src/index.ts'
import { type AnyDoc, describeOnMongodb } from './mongodb-server.ts'

const BY_KIND = { name: 'by_kind', members: ['kind', 'at'] }
const BY_RANK = { name: 'by_rank', members: ['rank'] }
const NAME = 'index_things'
const REPLICAS = 5

describeOnMongodb('indexes on MongoDB', ({ server, database, open }) => {
  it('[C-4] opens one collection in five processes at once, over documents without entries', async () => {
    const name = database()
    const before = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [] })
    await Promise.all(Array.from({ length: 250 }, (_, at) => before.insert({ id: `d${at}`, v: 1, kind: ['k', `k${at % 5}`], at })))
    const stores = await Promise.all(Array.from({ length: REPLICAS }, () => open({ database: name })))
    const opened = await Promise.all(stores.map((store) => store.collection<AnyDoc>({ name: NAME, indexes: [BY_KIND, BY_RANK] })))
    for (const things of opened) {
      expect((await things.find('by_kind', { prefix: ['k'], limit: 500 })).docs).toHaveLength(250)
      expect((await things.find('by_kind', { prefix: ['k3'], limit: 500 })).docs).toHaveLength(50)
    }
  })

  it('[C-4] finds what an older version wrote after a newer one had filled its index', async () => {
    const name = database()
    const older = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [BY_KIND] })
    const first = await older.insert({ id: 'a', v: 1, kind: 'k', at: 1, rank: 1 })
    const newer = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [BY_RANK] })
    expect((await newer.find('by_rank', { prefix: [1], limit: 5 })).docs).toEqual([first])
    const moved = await older.replace({ ...first, rank: 2 }, first.rev)
    const second = await older.insert({ id: 'b', v: 1, kind: 'k', at: 0, rank: 2 })
    expect((await newer.find('by_rank', { prefix: [1], limit: 5 })).docs).toEqual([])
    expect((await newer.find('by_rank', { prefix: [2], limit: 5 })).docs).toEqual([moved, second])
    // The rev is untouched by it, so the older one's next write is no conflict.
    await older.replace({ ...moved, rank: 3 }, moved.rev)
    expect((await newer.find('by_rank', { prefix: [3], limit: 5 })).docs).toHaveLength(1)
    expect((await older.find('by_kind', { prefix: ['k'], limit: 5 })).docs.map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('[C-4] keeps two versions right that give one index different members', async () => {
    const name = database()
    const older = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [BY_KIND] })
    await older.insert({ id: 'a', v: 1, kind: 'k', at: 2, rank: 1 })
    const ranked = { name: 'by_kind', members: ['kind', 'rank'] }
    const newer = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [ranked] })
    await newer.insert({ id: 'b', v: 1, kind: 'k', at: 1, rank: 2 })
    await older.insert({ id: 'c', v: 1, kind: 'k', at: 0, rank: 3 })
    const ids = async (things: Collection<AnyDoc>): Promise<string[]> =>
      (await things.find('by_kind', { prefix: ['k'], limit: 5 })).docs.map(({ id }) => id)
    expect(await ids(older)).toEqual(['c', 'b', 'a'])
    expect(await ids(newer)).toEqual(['a', 'b', 'c'])
  })

  it('[C-4] migrates in as many processes as there are, beside running ones', async () => {
    const name = database()
    const running = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [] })
    await Promise.all(Array.from({ length: 120 }, (_, at) => running.insert({ id: `d${at}`, v: 1, kind: 'k', at })))
    const specs = [BY_KIND, BY_RANK].map((index) => ({ name: NAME, indexes: [index] }))
    const stores = await Promise.all([open({ database: name }), open({ database: name })])
    const writing = Array.from({ length: 120 }, (_, at) => running.insert({ id: `w${at}`, v: 1, kind: 'k', at }))
    await Promise.all(stores.map((store) => migrate(store, specs)))
    await Promise.all(writing)
    const things = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [BY_KIND] })
    expect((await things.find('by_kind', { prefix: ['k'], limit: 500 })).docs).toHaveLength(240)
  })

  it('[C-4] keeps a row as README.md draws it', async () => {
    const name = database()
    const things = await (await open({ database: name })).collection<AnyDoc>({ name: NAME, indexes: [BY_KIND, BY_RANK] })
    const { rev } = await things.insert({ id: 'cred_1', v: 1, kind: ['a', 'b', 'a'], $set: 1, rank: 'x' })
    const client = new MongoClient(server().url)
    const rows = client.db(name).collection<{ _id: string }>(NAME)
    expect(await rows.findOne({ _id: 'cred_1' })).toEqual({
      _id: 'cred_1',
      rev,
      doc: { v: 1, kind: ['a', 'b', 'a'], '%24set': 1, rank: 'x' },
      keys: {
        n: 2,
        'by_kind-84229c28': { h: ['0a\0', '0b\0'], t: '\u00100cred_1\0' },
        'by_rank-5a8460f6': { h: '', t: '0x\u00000cred_1\0' },
      },
    })
    expect((await client.db(name).collection<{ _id: string; indexes: unknown }>('store_indexes').findOne({ _id: NAME }))?.indexes).toEqual([
      BY_KIND,
      BY_RANK,
    ])
    await client.close()
  })

  it('refuses a database that a newer version wrote', async () => {
    const name = database()
    await (await open({ database: name })).close()
    const client = new MongoClient(server().url)
    await client
      .db(name)
      .collection<{ _id: string }>('store_format')
      .updateOne({ _id: 'format' }, { $set: { version: 99 } })
    await client.close()
    await expect(open({ database: name })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { facts: { fault: 'newer' } } })
  })

  it('refuses a document larger than MongoDB takes, and stores one just below', { timeout: 60_000 }, async () => {
    const things = await (await open({ database: database() })).collection<AnyDoc>({ name: NAME, indexes: [] })
    const mebibyte = 1024 * 1024
    await expect(things.insert({ id: 'a', v: 1, bytes: new Uint8Array(16 * mebibyte) })).rejects.toThrow(TypeError)
    const { rev } = await things.insert({ id: 'a', v: 1, bytes: new Uint8Array(16 * mebibyte - 500) })
    expect((await things.get('a'))?.rev).toEqual(rev)
  })

  it('[C-4] answers any query as SQLite does, page by page and place by place', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'store-'))
    const sqlite = await openSqliteStore({ file: join(folder, 'store.db'), random: systemRandom })
    const mongo = await open({ database: database() })
    const spec = { name: NAME, indexes: [{ name: 'by_all', members: ['a', 'b.x', 'c'] }] }
    const both = [await sqlite.collection<AnyDoc>(spec), await mongo.collection<AnyDoc>(spec)] as const
    const docs = fc.sample(document(), { numRuns: 200, seed: 11 })
    for (const things of both) await Promise.all(docs.map((doc, at) => things.insert({ ...doc, id: `d${at % 7}-${at}`, v: 1 })))
    await fc.assert(
      fc.asyncProperty(query(), async (asked) => {
        const [left, right] = await Promise.all(both.map((things) => walk(things, asked)))
        expect(right).toEqual(left)
      }),
      { numRuns: 120, seed: 12 },
    )
    await sqlite.close()
    await rm(folder, { recursive: true })
  })
})

const VALUES: readonly IndexValue[] = [-1, 0, 1.5, '', 'x', 'x\0', 'y', '\uffee', '😀', false, true, new Date(-1), new Date(1)]

/** Documents of which at most one member is an array, any of the three; some lack the first. */
function document(): fc.Arbitrary<Record<string, unknown>> {
  const one = fc.oneof({ arbitrary: fc.constantFrom(...VALUES), weight: 5 }, fc.constantFrom(undefined, null, {}))
  const many = fc.array(
    fc.oneof(
      one.map((item) => item ?? null),
      fc.constant(['x']),
    ),
    { maxLength: 4 },
  )
  return fc.tuple(one, one, one, many, fc.integer({ min: 0, max: 5 })).map(([a, b, c, list, at]) => ({
    a: at === 0 ? list : a,
    b: at === 1 ? list.map((x) => ({ x })) : { x: at === 2 ? list : b },
    c: at === 3 ? list : c,
  }))
}

function query(): fc.Arbitrary<FindQuery> {
  const value = fc.constantFrom(...VALUES)
  const ends = fc.oneof(
    fc.constant({}),
    fc.tuple(value, value).map(([from, to]) => (typeof from === typeof to ? { from, to } : { from })),
    value.map((to) => ({ to })),
  )
  return fc
    .tuple(fc.array(value, { maxLength: 3 }), ends, fc.boolean(), fc.constantFrom(1, 3, 500))
    .map(([prefix, range, reverse, limit]) => ({ prefix, ...range, reverse, limit }))
}

async function walk(things: Collection<AnyDoc>, asked: FindQuery): Promise<readonly (readonly [readonly string[], string | undefined])[]> {
  const { docs, next } = await things.find('by_all', asked)
  const here = [docs.map(({ id }) => id), next] as const
  return next === undefined ? [here] : [here, ...(await walk(things, { ...asked, after: next }))]
}
