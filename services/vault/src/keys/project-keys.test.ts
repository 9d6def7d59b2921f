import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isCoded } from '@credence/errors'
import { systemRandom } from '@credence/service'
import { type DocumentStore, openSqliteStore } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openKeyFile } from './key-file.ts'
import { openProjectKeys, type ProjectKeys, writtenWith } from './project-keys.ts'

const home = tempHome()
const random = systemRandom
const file = join(home.path, 'key')
let store: DocumentStore

beforeAll(async () => {
  store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random })
})
afterAll(() => store.close())

const opened = (keyFile = file): Promise<ProjectKeys> =>
  openProjectKeys({ store, root: openKeyFile({ file: keyFile, random }), clock: new TestClock(), random, isReplicated: false })
const replica = (clock: TestClock): Promise<ProjectKeys> =>
  openProjectKeys({ store, root: openKeyFile({ file, random }), clock, random, isReplicated: true })
const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'none'
  } catch (error) {
    return isCoded(error) ? error.code : String(error)
  }
}

describe('[B-7] project keys', () => {
  test('are the same after a restart, one per project, and stored only wrapped', async () => {
    const keys = await opened()
    const [a, b] = [await keys.current('proj_a'), await keys.current('proj_b')]
    const again = await (await opened()).byId(a.id)
    expect(again.key.export().equals(a.key.export())).toBe(true)
    expect(a.key.export().equals(b.key.export())).toBe(false)
    const bytes = Buffer.concat(['', '-wal'].map((suffix) => readFileSync(join(home.path, `data.sqlite${suffix}`))))
    for (const { key } of [a, b]) expect(bytes.includes(key.export())).toBe(false)
  })

  test('asked for by many at once are made once', async () => {
    const keys = await opened()
    const all = await Promise.all(Array.from({ length: 20 }, () => keys.current('proj_c')))
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(['proj_c:1']))
  })

  test('are rotated and retired: the newest stays, the former are gone for good', async () => {
    const keys = await opened()
    const first = await keys.current('proj_d')
    const second = await keys.rotate('proj_d')
    expect([(await keys.current('proj_d')).id, (await keys.byId(first.id)).id]).toEqual(['proj_d:2', 'proj_d:1'])
    await keys.retire('proj_d')
    await expect(keys.byId(first.id)).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    await expect((await opened()).byId(first.id)).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    expect((await (await opened()).current('proj_d')).id).toBe(second.id)
  })

  test('rotated by one replica are used by the others soon, and nothing is held under the former one when it is settled', async () => {
    const clock = new TestClock()
    const [here, there] = [await replica(clock), await replica(clock)]
    const first = await there.current('proj_r')
    const second = await here.rotate('proj_r')
    expect((await there.current('proj_r')).id).toBe(first.id)
    let isSettled = false
    const settling = here.settled().then(() => {
      isSettled = true
    })
    await clock.advance(5_001)
    expect((await there.current('proj_r')).id).toBe(second.id)
    // What it sealed a moment ago may not be stored yet.
    expect(isSettled).toBe(false)
    await clock.advance(60_000)
    await settling
  })

  test('are settled when all work that began under the former key has ended, failed or not', async () => {
    const keys = await opened()
    const { promise, resolve } = Promise.withResolvers<void>()
    const work = keys.holding(() => promise)
    const failing = keys.holding(async () => Promise.reject(new TypeError('x'))).catch(() => undefined)
    let isSettled = false
    const settled = keys.settled().then(() => {
      isSettled = true
    })
    await failing
    expect(isSettled).toBe(false)
    resolve()
    await Promise.all([work, settled])
    expect(isSettled).toBe(true)
  })

  test('written with one root key refuse another, and both are named', async () => {
    await opened()
    const written = await writtenWith(store)
    const other = openKeyFile({ file: join(home.path, 'other'), random })
    await expect(opened(join(home.path, 'other'))).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
      message: expect.stringContaining(`written with key ${written}, you gave ${other.keyId}`),
    })
  })
})

describe('[B-7] the key file', () => {
  test('wraps for one context, and opens in no other and not when a bit is another', async () => {
    const root = openKeyFile({ file, random })
    const wrapped = await root.wrap(Buffer.alloc(32, 9), 'proj_a:1')
    expect(Buffer.from(await root.unwrap(wrapped, 'proj_a:1'))).toEqual(Buffer.alloc(32, 9))
    await expect(root.unwrap(wrapped, 'proj_a:2')).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    for (let at = 0; at < wrapped.length; at++) {
      const copy = Uint8Array.from(wrapped)
      copy[at]! ^= 1
      await expect(root.unwrap(copy, 'proj_a:1')).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
    }
  })

  test('that is no key, or is missing beside data, is refused', () => {
    for (const [i, text] of ['', 'credence-key-1 abc', `credence-key-2 ${'0'.repeat(64)}`, `credence-key-1 ${'G'.repeat(64)}`].entries()) {
      writeFileSync(join(home.path, `bad-${i}`), text)
      expect(codeOf(() => openKeyFile({ file: join(home.path, `bad-${i}`), random }))).toBe('INVALID_SETTING')
    }
    expect(codeOf(() => openKeyFile({ file: join(home.path, 'none'), random, writtenWith: 'abcd1234' }))).toBe('KEY_MISMATCH')
  })

  test('names its key by eight digits that say nothing of it', () => {
    const { keyId } = openKeyFile({ file, random })
    expect(keyId).toMatch(/^[0-9a-f]{8}$/)
    expect(readFileSync(file, 'latin1')).not.toContain(keyId)
  })
})
