import { describe, expect, test } from 'vitest'
import { credential, fact } from '../../test/setting.ts'
import type { Entry } from './entry.ts'
import { Tail } from './tail.ts'

const entry = (position: number): Entry => ({ position, at: new Date(position), fact: fact(credential(1), position) })
const positions = (entries: readonly Entry[] | undefined): number[] | undefined => entries?.map(({ position }) => position)

describe('the newest entries', () => {
  test('are shown in order however they were decided', () => {
    const tail = new Tail(10)
    tail.put(13, entry(13))
    tail.put(11, entry(11))
    expect(tail.show(11)).toBe(true)
    expect(positions(tail.after(10, 5))).toEqual([11])
    tail.put(12, undefined)
    tail.show(13)
    expect(positions(tail.after(10, 5))).toEqual([11, 13])
    expect(positions(tail.after(11, 1))).toEqual([13])
    expect(tail.after(13, 5)).toEqual([])
    expect(tail.show(13)).toBe(false)
  })

  test('send a reader who is further back to the store', () => {
    const tail = new Tail(0)
    for (let position = 1; position <= 2_001; position++) tail.put(position, entry(position))
    tail.show(2_001)
    expect(tail.after(1_000, 1)).toBeUndefined()
    expect(positions(tail.after(1_001, 1))).toEqual([1_002])
    expect(new Tail(10).after(9, 1)).toBeUndefined()
  })
})
