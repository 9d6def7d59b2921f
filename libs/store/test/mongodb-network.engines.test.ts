import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { openMongoStore } from '../src/index.ts'
import { startProxy } from './mongodb-proxy.ts'
import { type AnyDoc, describeOnMongodb, eventually } from './mongodb-server.ts'

const SPEC = { name: 'network_things', indexes: [{ name: 'by_kind', members: ['kind'] }] }
const LIMITS = { selectionTimeoutMs: 2_000, operationTimeoutMs: 5_000 }
const UNREACHABLE = { code: 'STORE_UNAVAILABLE', details: { facts: { fault: 'unreachable' } } }

describeOnMongodb('MongoDB behind a network that fails', ({ server, database, open }) => {
  it('[C-4] finds out by the nonce that a write was made whose answer was lost', async () => {
    await using proxy = await startProxy(server().url)
    const store = await open({ url: proxy.url, database: database(), ...LIMITS })
    const things = await store.collection<AnyDoc>(SPEC)
    proxy.cutAnswerTo('marker-of-the-insert')
    const inserted = await things.insert({ id: 'a', v: 1, mark: 'marker-of-the-insert' })
    proxy.cutAnswerTo('marker-of-the-replacement')
    const replaced = await things.replace({ ...inserted, mark: 'marker-of-the-replacement' }, inserted.rev)
    expect(proxy.cuts).toBe(2)
    expect(await things.get('a', { fresh: true })).toEqual(replaced)
    expect(replaced.rev.n).toBe(2)
  })

  it('[C-4] says unavailable of a write that did not arrive, and never repeats it', async () => {
    await using proxy = await startProxy(server().url)
    const store = await open({ url: proxy.url, database: database(), ...LIMITS })
    const things = await store.collection<AnyDoc>(SPEC)
    proxy.cutBefore('marker-of-the-insert')
    await expect(things.insert({ id: 'a', v: 1, mark: 'marker-of-the-insert' })).rejects.toMatchObject(UNREACHABLE)
    expect(await things.get('a', { fresh: true })).toBeUndefined()
    const kept = await things.insert({ id: 'b', v: 1 })
    proxy.cutBefore('marker-of-the-replacement')
    await expect(things.replace({ ...kept, mark: 'marker-of-the-replacement' }, kept.rev)).rejects.toMatchObject(UNREACHABLE)
    expect(await things.get('b', { fresh: true })).toEqual(kept)
    expect(proxy.cuts).toBe(2)
  })

  it('[C-4] says unavailable of a removal whose answer was lost, because nothing tells whose it was', async () => {
    await using proxy = await startProxy(server().url)
    const store = await open({ url: proxy.url, database: database(), ...LIMITS })
    const things = await store.collection<AnyDoc>(SPEC)
    const { rev } = await things.insert({ id: 'to-be-removed', v: 1 })
    proxy.cutAnswerTo('to-be-removed')
    await expect(things.remove('to-be-removed', rev)).rejects.toMatchObject(UNREACHABLE)
    expect(proxy.cuts).toBe(1)
    expect(await things.get('to-be-removed')).toBeUndefined()
    await expect(things.remove('to-be-removed', rev)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('[C-4] makes each write once while every fifth answer is lost', async () => {
    await using proxy = await startProxy(server().url)
    const store = await open({ url: proxy.url, database: database(), ...LIMITS })
    const things = await store.collection<AnyDoc>(SPEC)
    proxy.cutEvery(5)
    const results: PromiseSettledResult<unknown>[] = []
    // One after another: a cut ends every operation that is under way.
    for (let at = 0; at < 24; at++) results.push(...(await Promise.allSettled([things.insert({ id: `d${at}`, v: 1, kind: 'k' })])))
    proxy.cutEvery(0)
    expect(proxy.cuts).toBeGreaterThan(3)
    const { docs } = await eventually(() => things.find('by_kind', { prefix: ['k'], limit: 500 }))
    const ids = new Set(docs.map(({ id }) => id))
    for (const [at, result] of results.entries()) {
      // ALREADY_EXISTS would be a write that met itself.
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STORE_UNAVAILABLE' })
      else expect(ids.has(`d${at}`)).toBe(true)
    }
    for (const { rev } of docs) expect(rev.n).toBe(1)
  })

  it('asks for majority and journal whatever the URL says, and never for a retry', async () => {
    await using proxy = await startProxy(server().url, { replicaSet: true })
    const url = `${proxy.url}&w=0&journal=false&retryWrites=true&readPreference=secondary&readConcernLevel=local`
    const store = await open({ url, database: database(), operationTimeoutMs: 10_000 })
    const things = await store.collection<AnyDoc>(SPEC)
    const { rev } = await things.insert({ id: 'a', v: 1 })
    const replaced = await things.replace({ id: 'a', v: 1 }, rev)
    await things.remove('a', replaced.rev)
    await store.ping()
    const writes = proxy.commands.filter((command) => ['insert', 'update', 'delete'].some((name) => name in command))
    expect(writes.length).toBeGreaterThanOrEqual(5)
    for (const command of writes) {
      expect(command.writeConcern).toEqual({ w: 'majority', j: true, wtimeout: 8_000 })
      expect(command).not.toHaveProperty('txnNumber')
    }
  })

  it('reads from the primary with majority, and linearizably where it must be fresh', async () => {
    await using proxy = await startProxy(server().url, { replicaSet: true })
    const store = await open({ url: `${proxy.url}&readPreference=secondary`, database: database() })
    const things = await store.collection<AnyDoc>(SPEC)
    await things.insert({ id: 'a', v: 1, kind: 'k' })
    const levels = async (work: () => Promise<unknown>): Promise<unknown[]> => {
      const before = proxy.commands.length
      await work()
      const reads = proxy.commands.slice(before).filter((command) => 'find' in command || 'aggregate' in command)
      for (const { $readPreference } of reads) expect([undefined, 'primary', 'primaryPreferred']).toContain($readPreference?.mode)
      return [...new Set(reads.map(({ readConcern }) => readConcern?.level))]
    }
    expect(await levels(() => things.get('a', { fresh: true }))).toEqual(['linearizable'])
    expect(await levels(() => things.get('a'))).toEqual(['majority'])
    expect(await levels(() => things.find('by_kind', { prefix: [], limit: 5 }))).toEqual(['majority'])
    proxy.cutAnswerTo('marker-of-the-insert')
    expect(await levels(() => things.insert({ id: 'b', v: 1, mark: 'marker-of-the-insert' }))).toEqual(['linearizable'])
    const trading = await open({ url: proxy.url, database: database(), freshReads: 'majority' })
    const others = await trading.collection<AnyDoc>(SPEC)
    expect(await levels(() => others.get('a', { fresh: true }))).toEqual(['majority'])
  })

  it('never shows the address it was given', async () => {
    const secret = 'canary-password'
    const { port } = new URL(server().url.replace('mongodb:', 'http:'))
    const urls = [
      `mongodb://user:${secret}@`,
      `http://user:${secret}@127.0.0.1/`,
      `mongodb://user:${secret}@127.0.0.1:${port}/?nonsense=${secret}`,
    ]
    for (const url of [...urls, `mongodb://user:${secret}@127.0.0.1:1/`, `mongodb://user:${secret}@127.0.0.1:${port}/`]) {
      const error: unknown = await open({ url, database: 'a', selectionTimeoutMs: 200 }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
    }
    const store = await open({ database: 'a' })
    expect(inspect(store, { depth: 9, showHidden: true })).not.toContain(port)
    for (const wrong of ['', 'a.b', 'a b', '$a', 'x'.repeat(39)]) {
      await expect(
        openMongoStore({ url: server().url, database: wrong, random: { bytes: () => new Uint8Array(), fraction: () => 0 } }),
      ).rejects.toThrow(TypeError)
    }
  })
})
