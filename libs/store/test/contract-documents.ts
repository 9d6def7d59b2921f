import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AnyDoc, FreshCollection } from './contract.ts'

/** Strings that an encoding of dates and bytes might use, and names that engines or JavaScript treat in their own way. */
const LOOK_ALIKES = ['$d2026-11-21T10:00:00.000Z', '$bAAEC', '$$', '$', '$date', '2026-11-21T10:00:00.000Z', 'AAEC', '\u0000', '\u0001']
const ODD_NAMES = [
  '_bsontype',
  '$ref',
  '$id',
  '%',
  '%24',
  'toString',
  'toBSON',
  '$date',
  '$set',
  '$$',
  '$',
  'a.b',
  '.',
  '',
  '__proto__',
  'constructor',
  'toJSON',
  '_id',
  'n',
  'nonce',
  'body',
  '0',
]

const { value } = fc.letrec<{ value: unknown; leaf: unknown; list: unknown; record: unknown }>((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...LOOK_ALIKES),
    fc.string().map((text) => `$${text}`),
    // JSON has no −0.
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 40 }),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  record: fc.dictionary(memberName(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('record')),
}))

function memberName(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }).map((name) => name.replaceAll('\0', '')),
    fc.constantFrom(...ODD_NAMES),
  )
}

export function documentCases(fresh: FreshCollection): void {
  it('[C-4] gives back nested values, dates and bytes as they were stored', async () => {
    const things = await fresh()
    let count = 0
    await fc.assert(
      fc.asyncProperty(value, async (held) => {
        count += 1
        const id = `doc-${count}`
        const inserted = await things.insert({ id, v: 1, held })
        const read = await things.get(id, { fresh: true })
        expect(isDeepStrictEqual(read, { id, v: 1, held, rev: inserted.rev })).toBe(true)
        expect(isDeepStrictEqual(inserted, read)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('[C-4] never takes stored text for the encoding of another type', async () => {
    const things = await fresh()
    const texts = LOOK_ALIKES.flatMap((text) => [text, `$${text}`, `$$${text}`])
    const names = Object.fromEntries(ODD_NAMES.map((name) => [name, { [name]: 'x' }]))
    await things.insert({ id: 'a', v: 1, texts, names })
    expect(isDeepStrictEqual((await things.get('a'))?.texts, texts)).toBe(true)
    expect(isDeepStrictEqual((await things.get('a'))?.names, names)).toBe(true)
  })

  it('[C-4] keeps a member named like the prototype a member', async () => {
    const things = await fresh()
    const held: unknown = JSON.parse('{"__proto__":{"admin":"$yes"}}')
    await things.insert({ id: 'a', v: 1, held })
    const read = (await things.get('a'))?.held as Record<string, unknown>
    expect(Object.hasOwn(read, '__proto__')).toBe(true)
    expect(read.admin).toBeUndefined()
  })

  it('[C-4] returns bytes as Uint8Array and dates as Date', async () => {
    const things = await fresh()
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    await things.insert({ id: 'a', v: 1, at: new Date(-1), bytes: Buffer.from(bytes), none: new Uint8Array() })
    const read = await things.get('a')
    expect(read?.bytes).toStrictEqual(bytes)
    expect(read?.none).toStrictEqual(new Uint8Array())
    expect(read?.at).toStrictEqual(new Date(-1))
  })

  it('[C-4] does not store undefined members at any depth', async () => {
    const things = await fresh()
    await things.insert({ id: 'a', v: 1, gone: undefined, nested: { gone: undefined, kept: null } })
    const read = await things.get('a')
    expect(Object.keys(read ?? {}).sort()).toEqual(['id', 'nested', 'rev', 'v'])
    expect(read?.nested).toStrictEqual({ kept: null })
  })

  it('[C-4] refuses what would come back as something else', async () => {
    const things = await fresh()
    class Hidden {
      toJSON(): string {
        return '[secret]'
      }
    }
    const circle: { self?: unknown } = {}
    circle.self = circle
    const refused = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      new Date(Number.NaN),
      1n,
      () => 1,
      Symbol('a'),
      new Hidden(),
      new Map(),
      circle,
      [undefined],
    ]
    for (const held of refused) await expect(things.insert({ id: 'a', v: 1, nested: { held } })).rejects.toThrow(TypeError)
    await expect(things.insert({ id: 'a', v: 1, nested: { 'a\0b': 1 } })).rejects.toThrow(TypeError)
    expect(await things.get('a')).toBeUndefined()
  })

  it('[C-4] survives an older reader that spreads what it does not know', async () => {
    const things = await fresh()
    const newer: AnyDoc = { id: 'a', v: 2, status: 'active', ofTheNextVersion: { since: new Date(5), parts: [new Uint8Array([1])] } }
    const read = await things.insert(newer)
    await things.replace({ ...read, status: 'disabled' }, read.rev)
    const after = await things.get('a')
    expect(after).toMatchObject({ v: 2, status: 'disabled' })
    expect(after?.ofTheNextVersion).toStrictEqual(newer.ofTheNextVersion)
  })

  it('[C-4] stores a copy that later changes of the object do not reach', async () => {
    const things = await fresh()
    const doc = { id: 'a', v: 1, list: [1], bytes: new Uint8Array([7]) }
    const writing = things.insert(doc)
    doc.list.push(2)
    doc.bytes[0] = 0
    const inserted = await writing
    expect(inserted.list).toEqual([1])
    expect(inserted.bytes).toStrictEqual(new Uint8Array([7]))
    expect((await things.get('a'))?.list).toEqual([1])
  })

  it('[C-4] holds a document of a megabyte', async () => {
    const things = await fresh()
    const text = 'ä€😀'.repeat(100_000)
    await things.insert({ id: 'a', v: 1, text, bytes: new Uint8Array(100_000).fill(255) })
    const read = await things.get('a')
    expect(read?.text === text).toBe(true)
    expect(read?.bytes).toHaveProperty('byteLength', 100_000)
  })

  it('[C-4] gives back text that is not well-formed Unicode', async () => {
    const things = await fresh()
    const texts = ['\ud800', 'a\udfffb', '\udc00\ud800', '😀\ud83d']
    await things.insert({ id: 'a', v: 1, texts, names: Object.fromEntries(texts.map((text) => [text, text])) })
    const read = await things.get('a')
    expect(isDeepStrictEqual(read?.texts, texts)).toBe(true)
    expect(isDeepStrictEqual(read?.names, Object.fromEntries(texts.map((text) => [text, text])))).toBe(true)
  })

  it('[C-4] refuses a document of more than sixteen mebibytes', async () => {
    const things = await fresh()
    await expect(things.insert({ id: 'a', v: 1, text: 'x'.repeat(16 * 1024 * 1024) })).rejects.toThrow(TypeError)
    expect(await things.get('a')).toBeUndefined()
  })

  it('[C-4] refuses ids that engines read differently, and finds none of them', async () => {
    const things = await fresh()
    for (const id of ['', 'a\0b', '\ud800', 'x'.repeat(513)]) {
      await expect(things.insert({ id, v: 1 })).rejects.toThrow(TypeError)
      expect(await things.get(id)).toBeUndefined()
    }
    await things.insert({ id: '\ufffd', v: 1 })
    expect(await things.get('\ud800')).toBeUndefined()
  })

  it('[C-4] tells ids apart by every byte', async () => {
    const things = await fresh()
    const ids = ['a', 'A', 'ä', 'a\u0308', 'a ', ' a', 'a.b', '$a', '1', '01']
    for (const id of ids) await things.insert({ id, v: 1, own: id })
    for (const id of ids) expect((await things.get(id))?.own).toBe(id)
  })
}
