import { isCoded } from '@credence/errors'
import { expect, it } from 'vitest'
import type { Rev } from '../src/index.ts'
import type { FreshCollection } from './contract.ts'

const RACERS = 30

export function writeCases(fresh: FreshCollection): void {
  it('[C-4] lets one of thirty racing replacements win', async () => {
    const things = await fresh()
    const { rev } = await things.insert({ id: 'a', v: 1, by: -1 })
    const results = await Promise.allSettled(racers((by) => things.replace({ id: 'a', v: 1, by }, rev)))
    const winner = onlyWinner(results)
    expect(losers(results, 'CONFLICT')).toBe(RACERS - 1)
    expect(await things.get('a', { fresh: true })).toEqual(winner)
  })

  it('[C-4] lets one of thirty racing inserts win', async () => {
    const things = await fresh()
    const results = await Promise.allSettled(racers((by) => things.insert({ id: 'a', v: 1, by })))
    const winner = onlyWinner(results)
    expect(losers(results, 'ALREADY_EXISTS')).toBe(RACERS - 1)
    expect(await things.get('a', { fresh: true })).toEqual(winner)
  })

  it('[C-4] lets one of thirty racing removals win', async () => {
    const things = await fresh()
    const { rev } = await things.insert({ id: 'a', v: 1 })
    const results = await Promise.allSettled(racers(() => things.remove('a', rev)))
    onlyWinner(results)
    expect(losers(results, 'CONFLICT')).toBe(RACERS - 1)
    expect(await things.get('a', { fresh: true })).toBeUndefined()
  })

  it('[C-4] loses no increment when ten writers retry their conflicts', async () => {
    const things = await fresh()
    await things.insert({ id: 'a', v: 1, count: 0 })
    const increment = async (): Promise<void> => {
      const read = await things.get('a', { fresh: true })
      if (!read) throw new TypeError('the document is there')
      try {
        await things.replace({ ...read, count: Number(read.count) + 1 }, read.rev)
      } catch (error) {
        if (!isCoded(error, 'CONFLICT')) throw error
        await increment()
      }
    }
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let round = 0; round < 5; round++) await increment()
      }),
    )
    expect(await things.get('a', { fresh: true })).toMatchObject({ count: 50, rev: { n: 51 } })
  })

  it('[C-4] judges a write alone among neighbours that fail', async () => {
    const things = await fresh([{ name: 'by_kind', members: ['kind'] }])
    await things.insert({ id: 'taken', v: 1, kind: 'old' })
    const stale: Rev = { n: 7, nonce: 'never-was' }
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, at) => [
        things.insert({ id: `new-${at}`, v: 1, kind: 'new' }),
        things.insert({ id: 'taken', v: 1, kind: 'wrong' }),
        things.replace({ id: 'taken', v: 1, kind: 'wrong' }, stale),
        things.remove('taken', stale),
      ]).flat(),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(40)
    expect((await things.find('by_kind', { prefix: ['new'], limit: 100 })).docs).toHaveLength(40)
    expect((await things.find('by_kind', { prefix: ['wrong'], limit: 100 })).docs).toEqual([])
    expect(await things.get('taken')).toMatchObject({ kind: 'old', rev: { n: 1 } })
  })

  it('[C-4] carries out a thousand writes that come at once', async () => {
    const things = await fresh([{ name: 'by_group', members: ['group'] }])
    const inserted = await Promise.all(Array.from({ length: 1_000 }, (_, at) => things.insert({ id: `d${at}`, v: 1, group: at % 4 })))
    const moved = await Promise.all(inserted.map((doc) => things.replace({ ...doc, group: 9 }, doc.rev)))
    expect(new Set([...inserted, ...moved].map(({ rev }) => rev.nonce)).size).toBe(2_000)
    expect((await things.find('by_group', { prefix: [0], limit: 1 })).docs).toEqual([])
    expect((await things.find('by_group', { prefix: [9], limit: 500 })).docs).toHaveLength(500)
    for (const doc of moved.slice(0, 50)) expect(await things.get(doc.id)).toEqual(doc)
  })

  it('[C-4] shows an answered write to the next read', async () => {
    const things = await fresh([{ name: 'by_round', members: ['round'] }])
    let current = await things.insert({ id: 'a', v: 1, round: 0 })
    for (let round = 1; round <= 50; round++) {
      current = await things.replace({ ...current, round }, current.rev)
      expect(await things.get('a', { fresh: true })).toEqual(current)
      expect((await things.find('by_round', { prefix: [round], limit: 2 })).docs).toEqual([current])
    }
  })

  it('[C-4] counts writes in the rev and takes no rev from the document', async () => {
    const things = await fresh()
    const first = await things.insert({ id: 'a', v: 1, rev: { n: 90, nonce: 'mine' } })
    expect(first.rev.n).toBe(1)
    const second = await things.replace({ ...first, rev: { n: 90, nonce: 'mine' } }, first.rev)
    expect(second.rev.n).toBe(2)
    expect(second.rev.nonce).not.toBe(first.rev.nonce)
    expect((await things.get('a'))?.rev).toEqual(second.rev)
  })

  it('[C-4] compares the nonce too, so a removed and remade document is another one', async () => {
    const things = await fresh()
    const first = await things.insert({ id: 'a', v: 1 })
    await things.remove('a', first.rev)
    const again = await things.insert({ id: 'a', v: 1 })
    expect(again.rev.n).toBe(first.rev.n)
    await expect(things.replace({ id: 'a', v: 1, stale: true }, first.rev)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(things.remove('a', first.rev)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await things.get('a')).toEqual(again)
  })

  it('[C-4] refuses to replace or remove what is not there', async () => {
    const things = await fresh()
    const rev: Rev = { n: 1, nonce: 'gone' }
    await expect(things.replace({ id: 'a', v: 1 }, rev)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(things.remove('a', rev)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await things.get('a')).toBeUndefined()
  })

  it('[C-4] keeps collections apart', async () => {
    const [one, other] = [await fresh(), await fresh()]
    await one.insert({ id: 'a', v: 1, of: 'one' })
    await other.insert({ id: 'a', v: 1, of: 'other' })
    expect(await one.get('a')).toMatchObject({ of: 'one' })
    expect(await other.get('a')).toMatchObject({ of: 'other' })
  })
}

function racers<T>(start: (number: number) => Promise<T>): Promise<T>[] {
  return Array.from({ length: RACERS }, (_, number) => start(number))
}

function onlyWinner<T>(results: readonly PromiseSettledResult<T>[]): T {
  const winners = results.filter((result) => result.status === 'fulfilled')
  expect(winners).toHaveLength(1)
  return winners[0]!.value
}

function losers(results: readonly PromiseSettledResult<unknown>[], code: 'CONFLICT' | 'ALREADY_EXISTS'): number {
  return results.filter((result) => result.status === 'rejected' && isCoded(result.reason, code)).length
}
