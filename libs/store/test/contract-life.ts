import { afterEach, expect, it } from 'vitest'
import type { AnyDoc, OpenedStore, OpenStore } from './contract.ts'
import { ids } from './contract-indexes.ts'

export function lifeCases(openStore: OpenStore): void {
  let opened: OpenedStore | undefined
  const open = async (): Promise<OpenedStore> => {
    opened = await openStore()
    return opened
  }
  afterEach(async () => {
    await opened?.dispose()
    opened = undefined
  })
  const spec = { name: 'contract_things', indexes: [{ name: 'by_kind', members: ['kind', 'at'] }] }

  it('[C-4] has everything again after it was closed and opened', async () => {
    const { store, reopen } = await open()
    const before = await store.collection<AnyDoc>(spec)
    const docs = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        before.insert({ id: `d${at}`, v: 1, kind: 'k', at: new Date(at), bytes: new Uint8Array([at]) }),
      ),
    )
    const after = await (await reopen()).collection<AnyDoc>(spec)
    for (const doc of docs) expect(await after.get(doc.id)).toEqual(doc)
    expect(await ids(after, 'by_kind', { prefix: ['k'], limit: 500 })).toEqual(docs.map(({ id }) => id))
    await after.replace({ ...docs[0]!, at: new Date(500) }, docs[0]!.rev)
    expect(await ids(after, 'by_kind', { prefix: ['k'], from: new Date(99), limit: 5 })).toEqual(['d99', 'd0'])
  })

  it('[C-4] continues at a place that was given before it was opened again', async () => {
    const { store, reopen } = await open()
    const before = await store.collection<AnyDoc>(spec)
    for (const [at, id] of ['a', 'b', 'c'].entries()) await before.insert({ id, v: 1, kind: 'k', at })
    const { next } = await before.find('by_kind', { prefix: ['k'], limit: 2 })
    const after = await (await reopen()).collection<AnyDoc>(spec)
    expect(await ids(after, 'by_kind', { prefix: ['k'], limit: 2, ...(next !== undefined && { after: next }) })).toEqual(['c'])
  })

  it('[C-4] fills an index that a newer version adds', async () => {
    const { store, reopen } = await open()
    const before = await store.collection<AnyDoc>({ ...spec, indexes: [] })
    for (let at = 0; at < 20; at++) await before.insert({ id: `d${at}`, v: 1, kind: at % 2 ? ['odd', 'any'] : ['even', 'any'], at })
    const after = await (await reopen()).collection<AnyDoc>(spec)
    expect((await ids(after, 'by_kind', { prefix: ['odd'], limit: 50 })).length).toBe(10)
    expect((await ids(after, 'by_kind', { prefix: ['any'], limit: 50 })).length).toBe(20)
  })

  it('[C-4] fills an index anew when its members change', async () => {
    const { store, reopen } = await open()
    const before = await store.collection<AnyDoc>(spec)
    await before.insert({ id: 'a', v: 1, kind: 'k', at: 2, rank: 1 })
    await before.insert({ id: 'b', v: 1, kind: 'k', at: 1, rank: 2 })
    const ranked = { ...spec, indexes: [{ name: 'by_kind', members: ['kind', 'rank'] }] }
    const after = await (await reopen()).collection<AnyDoc>(ranked)
    expect(await ids(after, 'by_kind', { prefix: ['k'], limit: 5 })).toEqual(['a', 'b'])
  })

  it('[C-4] keeps an index right for a version that comes back after one without it', async () => {
    const { store, reopen } = await open()
    await store.collection<AnyDoc>(spec)
    const without = await (await reopen()).collection<AnyDoc>({ ...spec, indexes: [] })
    await without.insert({ id: 'a', v: 1, kind: 'k', at: 1 })
    const again = await (await reopen()).collection<AnyDoc>(spec)
    expect(await ids(again, 'by_kind', { prefix: ['k'], limit: 5 })).toEqual(['a'])
  })

  it('[C-4] opens a collection as often as it is asked to', async () => {
    const { store } = await open()
    const [one, other] = await Promise.all([store.collection<AnyDoc>(spec), store.collection<AnyDoc>(spec)])
    await one.insert({ id: 'a', v: 1, kind: 'k' })
    expect(await ids(other, 'by_kind', { prefix: ['k'], limit: 5 })).toEqual(['a'])
  })

  it('[C-4] refuses to change an index under the one who uses it', async () => {
    const { store } = await open()
    const things = await store.collection<AnyDoc>(spec)
    const changed = { ...spec, indexes: [{ name: 'by_kind', members: ['rank'] }] }
    await expect(store.collection(changed)).rejects.toThrow(TypeError)
    await expect(store.collection({ ...spec, indexes: [{ name: 'BY_kind', members: ['kind'] }] })).rejects.toThrow(TypeError)
    await things.insert({ id: 'a', v: 1, kind: 'k' })
    expect(await ids(things, 'by_kind', { prefix: ['k'], limit: 5 })).toEqual(['a'])
  })

  it('[C-4] refuses names that an engine could read as something else', async () => {
    const { store } = await open()
    const names = ['', 'things', 'a_', '_a', 'A_b', 'a_b1', 'a.b', 'a_b"; drop', 'store_indexes', 'sqlite_schema', `a_${'b'.repeat(80)}`]
    for (const name of names) await expect(store.collection({ name, indexes: [] })).rejects.toThrow(TypeError)
    for (const name of ['', 'a b', '"', '$x']) {
      await expect(store.collection({ name: 'a_b', indexes: [{ name, members: ['m'] }] })).rejects.toThrow(TypeError)
    }
    for (const members of [[], [''], ['a..b'], ['$a']]) {
      await expect(store.collection({ name: 'a_b', indexes: [{ name: 'i', members }] })).rejects.toThrow(TypeError)
    }
  })

  it('[C-4] finishes pending writes when it closes, then refuses everything', async () => {
    const { store, reopen } = await open()
    const before = await store.collection<AnyDoc>(spec)
    const writes = Array.from({ length: 300 }, (_, at) => before.insert({ id: `d${at}`, v: 1, kind: 'k', at }))
    await store.close()
    await store.close()
    await Promise.all(writes)
    const unavailable = { code: 'STORE_UNAVAILABLE' }
    await expect(before.get('d1')).rejects.toMatchObject(unavailable)
    await expect(before.find('by_kind', { prefix: [], limit: 1 })).rejects.toMatchObject(unavailable)
    await expect(before.insert({ id: 'late', v: 1 })).rejects.toMatchObject(unavailable)
    await expect(store.collection(spec)).rejects.toMatchObject(unavailable)
    await expect(store.ping()).rejects.toMatchObject(unavailable)
    const after = await (await reopen()).collection<AnyDoc>(spec)
    expect(await ids(after, 'by_kind', { prefix: ['k'], limit: 500 })).toHaveLength(300)
    expect(await after.get('late')).toBeUndefined()
  })

  it('[C-4] says that it can be written', async () => {
    const { store } = await open()
    await expect(store.ping()).resolves.toBeUndefined()
  })
}
