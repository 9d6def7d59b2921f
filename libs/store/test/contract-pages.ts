import { isCoded } from '@credence/errors'
import { expect, it } from 'vitest'
import type { Collection, FindQuery } from '../src/index.ts'
import type { AnyDoc, FreshCollection } from './contract.ts'

const BY_TIME = { name: 'by_time', members: ['project', 'at'] }

export function pageCases(fresh: FreshCollection): void {
  it('[C-4] walks every document once, whatever the page size', async () => {
    const things = await filled(fresh, 25)
    const all = Array.from({ length: 25 }, (_, at) => name(at))
    for (const limit of [1, 4, 5, 24, 25, 26, 500]) {
      expect(await walk(things, { prefix: ['p'], limit })).toEqual(all)
      expect(await walk(things, { prefix: ['p'], limit, reverse: true })).toEqual([...all].reverse())
    }
  })

  it('[C-4] has no next place on the last page', async () => {
    const things = await filled(fresh, 10)
    expect((await things.find('by_time', { prefix: ['p'], limit: 9 })).next).toBeTypeOf('string')
    expect((await things.find('by_time', { prefix: ['p'], limit: 10 })).next).toBeUndefined()
    expect(await things.find('by_time', { prefix: ['nobody'], limit: 10 })).toEqual({ docs: [] })
  })

  it('[C-4] neither repeats nor hides a document when others come and go between pages', async () => {
    const things = await filled(fresh, 20)
    const seen: string[] = []
    let after: string | undefined
    for (let round = 0; ; round++) {
      const page = await things.find('by_time', { prefix: ['p'], limit: 3, ...(after !== undefined && { after }) })
      seen.push(...page.docs.map(({ id }) => id).filter((id) => !id.startsWith('x')))
      const last = page.docs.at(-1)
      if (page.next === undefined || !last) break
      after = page.next
      await things.insert({ id: `x-before-${round}`, v: 1, project: 'p', at: new Date(0) })
      await things.insert({ id: `x-after-${round}`, v: 1, project: 'p', at: new Date(1e6) })
      // The place must hold without the document that it came from.
      await things.remove(last.id, last.rev)
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, at) => name(at)))
  })

  it('[C-4] keeps to the range on every page and in both directions', async () => {
    const things = await filled(fresh, 20)
    const range = { prefix: ['p'], from: new Date(1_005), to: new Date(1_012), limit: 2 }
    const expected = [5, 6, 7, 8, 9, 10, 11].map(name)
    expect(await walk(things, range)).toEqual(expected)
    expect(await walk(things, { ...range, reverse: true })).toEqual([...expected].reverse())
  })

  it('[C-4] splits a run of equal values by id', async () => {
    const things = await fresh([BY_TIME])
    const all = Array.from({ length: 12 }, (_, at) => name(at))
    await Promise.all(all.map((id) => things.insert({ id, v: 1, project: 'p', at: new Date(5) })))
    expect(await walk(things, { prefix: ['p', new Date(5)], limit: 5 })).toEqual(all)
    expect(await walk(things, { prefix: ['p'], limit: 5, reverse: true })).toEqual([...all].reverse())
  })

  it('[C-4] ranges over the id where the prefix fixes every member', async () => {
    const things = await fresh([BY_TIME])
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => things.insert({ id, v: 1, project: 'p', at: 1 })))
    expect(await walk(things, { prefix: ['p', 1], from: 'b', to: 'd', limit: 1 })).toEqual(['b', 'c'])
    expect(await walk(things, { prefix: ['p', 1, 'c'], limit: 1 })).toEqual(['c'])
  })

  it("[C-4] opens no other tenant's entries to a place that came from his query", async () => {
    const things = await filled(fresh, 5)
    for (const [at, project] of ['o', 'p', 'q'].entries()) await things.insert({ id: `t${at}`, v: 1, project, at: new Date(1) })
    for (const reverse of [false, true]) {
      for (const [own, foreign] of [
        ['p', 'o'],
        ['o', 'p'],
        ['q', 'p'],
        ['p', 'q'],
      ] as const) {
        await things.insert({ id: `more-${own}-${foreign}-${reverse}`, v: 1, project: foreign, at: new Date(2) })
        const { next } = await things.find('by_time', { prefix: [foreign], limit: 1 })
        const answer = await visible(things, { prefix: [own], limit: 500, reverse, ...(next !== undefined && { after: next }) })
        expect(answer.filter(({ project }) => project !== own)).toEqual([])
      }
    }
  })

  it('[C-4] refuses a place that no page gave', async () => {
    const things = await filled(fresh, 2)
    for (const after of ['', 'x', '!!!', '////', 'a'.repeat(1_000)]) {
      await expect(things.find('by_time', { prefix: ['p'], limit: 1, after })).rejects.toMatchObject({ code: 'INVALID_PAGE_TOKEN' })
    }
  })
}

function name(at: number): string {
  return `d${String(at).padStart(3, '0')}`
}

/** `count` documents of project `p`, a millisecond apart, inserted backwards; some of two other projects around them. */
async function filled(fresh: FreshCollection, count: number): Promise<Collection<AnyDoc>> {
  const things = await fresh([BY_TIME])
  for (let at = count - 1; at >= 0; at--) await things.insert({ id: name(at), v: 1, project: 'p', at: new Date(1_000 + at) })
  for (const [at, project] of ['o', 'p\0', 'pp'].entries()) await things.insert({ id: `other-${at}`, v: 1, project, at: new Date(1) })
  return things
}

async function walk(things: Collection<AnyDoc>, query: FindQuery): Promise<string[]> {
  const { docs, next } = await things.find('by_time', query)
  expect(docs.length).toBeLessThanOrEqual(query.limit)
  const here = docs.map(({ id }) => id)
  return next === undefined ? here : [...here, ...(await walk(things, { ...query, after: next }))]
}

async function visible(things: Collection<AnyDoc>, query: FindQuery): Promise<readonly AnyDoc[]> {
  try {
    return (await things.find('by_time', query)).docs
  } catch (error) {
    if (isCoded(error, 'INVALID_PAGE_TOKEN')) return []
    throw error
  }
}
