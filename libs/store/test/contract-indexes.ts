import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Collection, FindQuery, IndexValue } from '../src/index.ts'
import type { AnyDoc, FreshCollection } from './contract.ts'

const BY_VALUE = { name: 'by_value', members: ['value'] }
const BY_OWNER = { name: 'by_owner', members: ['project', 'owner.names', 'at'] }

/** In the order that the port promises, across the types. */
const ORDERED: readonly IndexValue[] = [
  ...[-1e300, -2, -1.5, -1, -5e-324, 0, 5e-324, 0.5, 1, 2, 10, 2 ** 53, 1e300],
  ...['', ...'\0 \0a \u0001 ! 1 10 2 A Z a a\0 a\0b a\u0001 aa b z ß ä € \uffee 😀'.split(' ')],
  ...[false, true],
  ...[-8.64e15, -1, 0, 1, Date.UTC(2026, 10, 21), 8.64e15].map((ms) => new Date(ms)),
]

export function indexCases(fresh: FreshCollection): void {
  it('[C-4] orders numbers, strings, booleans and dates as the port says', async () => {
    const things = await fresh([BY_VALUE])
    const shuffled = fc.sample(fc.shuffledSubarray([...ORDERED.keys()], { minLength: ORDERED.length }), { numRuns: 1, seed: 7 })[0] ?? []
    for (const at of shuffled) await things.insert({ id: `d${at}`, v: 1, value: ORDERED[at] })
    expect(await ids(things, 'by_value', { prefix: [], limit: 500 })).toEqual(ORDERED.map((_, at) => `d${at}`))
  })

  it('[C-4] orders any two values alike whichever was stored first', async () => {
    const things = await fresh([{ name: 'by_run', members: ['run', 'value'] }])
    const number = fc.double({ noNaN: true, noDefaultInfinity: true })
    const pairs = fc.oneof(fc.tuple(number, number), fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })))
    let run = 0
    await fc.assert(
      fc.asyncProperty(pairs, async ([left, right]) => {
        run += 1
        await things.insert({ id: `${run}-1`, v: 1, run, value: left })
        await things.insert({ id: `${run}-2`, v: 1, run, value: right })
        const order = compare(left, right) <= 0 ? [`${run}-1`, `${run}-2`] : [`${run}-2`, `${run}-1`]
        expect(await ids(things, 'by_run', { prefix: [run], limit: 5 })).toEqual(order)
      }),
      { numRuns: 100 },
    )
  })

  it('[C-4] orders equal entries by the bytes of their id', async () => {
    const things = await fresh([BY_VALUE])
    const sorted = ['A', 'B', 'a', 'aa', 'b', 'ä', '\uffee', '😀']
    for (const id of [...sorted].reverse()) await things.insert({ id, v: 1, value: 1 })
    expect(await ids(things, 'by_value', { prefix: [1], limit: 50 })).toEqual(sorted)
  })

  it('[C-4] finds a document under each element of an array', async () => {
    const things = await fresh([BY_OWNER])
    const doc = await things.insert({ id: 'a', v: 1, project: 'p', owner: { names: ['id:1', 'email:x', 'id:1'] }, at: new Date(1) })
    expect(await ids(things, 'by_owner', { prefix: ['p', 'id:1'], limit: 5 })).toEqual(['a'])
    expect(await ids(things, 'by_owner', { prefix: ['p', 'email:x'], limit: 5 })).toEqual(['a'])
    await things.replace({ ...doc, owner: { names: ['email:x', 'id:2'] } }, doc.rev)
    expect(await ids(things, 'by_owner', { prefix: ['p', 'id:1'], limit: 5 })).toEqual([])
    expect(await ids(things, 'by_owner', { prefix: ['p', 'id:2'], limit: 5 })).toEqual(['a'])
    expect(await ids(things, 'by_owner', { prefix: ['p', 'email:x'], limit: 5 })).toEqual(['a'])
  })

  it('[C-4] finds a document under a member of each object of an array', async () => {
    const things = await fresh([{ name: 'by_share', members: ['shares.user', 'at'] }])
    await things.insert({ id: 'a', v: 1, at: 1, shares: [{ user: 'u1' }, { user: 'u2', right: 'use' }, {}] })
    for (const user of ['u1', 'u2']) expect(await ids(things, 'by_share', { prefix: [user], limit: 5 })).toEqual(['a'])
    expect(await ids(things, 'by_share', { prefix: [], limit: 5 })).toEqual(['a', 'a'])
  })

  it('[C-4] leaves a document without the first member out, and takes it in when it gets one', async () => {
    const things = await fresh([BY_OWNER])
    const bare = await things.insert({ id: 'a', v: 1, owner: { names: ['x'] } })
    await things.insert({ id: 'b', v: 1, project: null, owner: { names: ['x'] } })
    await things.insert({ id: 'c', v: 1, project: [], owner: 'x' })
    expect(await ids(things, 'by_owner', { prefix: [], limit: 5 })).toEqual([])
    const held = await things.replace({ ...bare, project: 'p' }, bare.rev)
    expect(await ids(things, 'by_owner', { prefix: ['p'], limit: 5 })).toEqual(['a'])
    await things.replace({ ...held, project: undefined }, held.rev)
    expect(await ids(things, 'by_owner', { prefix: [], limit: 5 })).toEqual([])
  })

  it('[C-4] puts an absent later member before every value', async () => {
    const things = await fresh([BY_OWNER])
    await things.insert({ id: 'late', v: 1, project: 'p', owner: { names: 'x' }, at: -1e300 })
    await things.insert({ id: 'none', v: 1, project: 'p', owner: { names: 'x' } })
    await things.insert({ id: 'nobody', v: 1, project: 'p', owner: { names: [] }, at: 5 })
    expect(await ids(things, 'by_owner', { prefix: ['p'], limit: 5 })).toEqual(['nobody', 'none', 'late'])
  })

  it('[C-4] takes a range from inclusive, to exclusive, of one type', async () => {
    const things = await fresh([{ name: 'by_due', members: ['kind', 'due'] }])
    const dues = [undefined, 5, 'x', true, ...[1, 2, 3, 4].map((ms) => new Date(ms))]
    for (const [at, due] of dues.entries()) await things.insert({ id: `d${at}`, v: 1, kind: 'plan', due })
    await things.insert({ id: 'other', v: 1, kind: 'plans', due: new Date(2) })
    const range = (from?: IndexValue, to?: IndexValue): Promise<string[]> =>
      ids(things, 'by_due', { prefix: ['plan'], limit: 9, ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
    expect(await range(new Date(2), new Date(4))).toEqual(['d5', 'd6'])
    expect(await range(undefined, new Date(3))).toEqual(['d4', 'd5'])
    expect(await range(new Date(3))).toEqual(['d6', 'd7'])
    expect(await range(0, 9)).toEqual(['d1'])
    expect(await range('')).toEqual(['d2'])
    expect(await range(false)).toEqual(['d3'])
    expect(await range(new Date(4), new Date(2))).toEqual([])
  })

  it('[C-4] drops the entries of a removed document', async () => {
    const things = await fresh([BY_VALUE])
    const doc = await things.insert({ id: 'a', v: 1, value: [1, 2] })
    await things.remove('a', doc.rev)
    expect(await ids(things, 'by_value', { prefix: [], limit: 5 })).toEqual([])
    await things.insert({ id: 'a', v: 1, value: [2] })
    expect(await ids(things, 'by_value', { prefix: [], limit: 5 })).toEqual(['a'])
  })

  it('[C-4] refuses two arrays in one index without storing the document', async () => {
    const things = await fresh([BY_OWNER])
    const neighbour = things.insert({ id: 'b', v: 1, project: 'p' })
    await expect(things.insert({ id: 'a', v: 1, project: ['p', 'q'], owner: { names: ['x', 'y'] } })).rejects.toThrow(TypeError)
    await neighbour
    expect(await things.get('a')).toBeUndefined()
    expect(await ids(things, 'by_owner', { prefix: [], limit: 5 })).toEqual(['b'])
  })

  it('[C-4] refuses a query that the index cannot answer', async () => {
    const things = await fresh([BY_VALUE])
    const wrong: FindQuery[] = [
      { prefix: [], limit: 0 },
      { prefix: [], limit: 501 },
      { prefix: [], limit: 1.5 },
      { prefix: [1, 'a', 'b'], limit: 1 },
      { prefix: [], from: 1, to: 'a', limit: 1 },
      { prefix: [Number.NaN], limit: 1 },
      { prefix: [], from: new Date(Number.NaN), limit: 1 },
    ]
    for (const query of wrong) await expect(things.find('by_value', query)).rejects.toThrow(TypeError)
    await expect(things.find('by_nothing', { prefix: [], limit: 1 })).rejects.toThrow(TypeError)
  })
}

export async function ids(things: Collection<AnyDoc>, index: string, query: FindQuery): Promise<string[]> {
  return (await things.find(index, query)).docs.map(({ id }) => id)
}

function compare(left: string | number, right: string | number): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
}
