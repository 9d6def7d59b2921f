import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Order } from './order.ts'

describe('the order of work', () => {
  test('is settled up to the first that is not done, whatever ends first', () => {
    const order = new Order(4)
    for (const position of [5, 6, 9]) order.begin(position)
    order.done(6)
    expect(order.settled).toBe(4)
    order.done(5)
    expect(order.settled).toBe(8)
    order.done(9)
    expect(order.settled).toBe(9)
  })

  test('never passes open work and never goes back', () => {
    const law = fc.property(fc.shuffledSubarray([...Array(30).keys()]), (ending) => {
      const order = new Order(0)
      const open = new Set(Array.from({ length: 30 }, (_, i) => i + 1))
      for (const position of open) order.begin(position)
      let before = order.settled
      for (const index of ending) {
        order.done(index + 1)
        open.delete(index + 1)
        expect(order.settled).toBe(open.size === 0 ? 30 : Math.min(...open) - 1)
        expect(order.settled).toBeGreaterThanOrEqual(before)
        before = order.settled
      }
    })
    fc.assert(law)
  })

  test('work cannot begin behind what has begun', () => {
    const order = new Order(4)
    expect(() => order.begin(4)).toThrow(TypeError)
  })
})
