import { describe, expect, test } from 'vitest'
import { StillClock } from '../test/loopback.ts'
import { Deadlines, type Expiring } from './deadlines.ts'
import { Slots } from './slots.ts'

interface Item extends Expiring {
  due: number
  expired: boolean
}

function setUp(): { clock: StillClock; deadlines: Deadlines; start: (due: number) => Item } {
  const clock = new StillClock()
  const running = new Slots<Item>()
  const deadlines = new Deadlines(clock, () => running.all())
  const start = (due: number): Item => {
    const item: Item = {
      due,
      expired: false,
      dueAt: () => item.due,
      expire() {
        item.expired = true
        running.remove(slot)
      },
    }
    const slot = running.add(item)
    deadlines.consider(item)
    return item
  }
  return { clock, deadlines, start }
}

describe('deadlines', () => {
  test('expire each item at its own time', async () => {
    const { clock, start } = setUp()
    const [late, early] = [start(100), start(50)]
    await clock.advance(49)
    expect([early.expired, late.expired]).toEqual([false, false])
    await clock.advance(1)
    expect([early.expired, late.expired]).toEqual([true, false])
    await clock.advance(50)
    expect(late.expired).toBe(true)
  })

  test('leave an item that has made progress, until it stops making any', async () => {
    const { clock, start } = setUp()
    const item = start(10)
    item.due = 25
    await clock.advance(10)
    expect(item.expired).toBe(false)
    await clock.advance(15)
    expect(item.expired).toBe(true)
  })

  test('are met when they move back, once that is said', async () => {
    const { clock, deadlines, start } = setUp()
    const item = start(1_000)
    item.due = 5
    deadlines.consider(item)
    await clock.advance(5)
    expect(item.expired).toBe(true)
  })

  test('begin again after a pause without any, and end when they are stopped', async () => {
    const { clock, deadlines, start } = setUp()
    start(5)
    await clock.advance(5)
    const second = start(20)
    await clock.advance(15)
    expect(second.expired).toBe(true)
    const third = start(30)
    deadlines.stop()
    await clock.advance(100)
    expect(third.expired).toBe(false)
  })
})

describe('slots', () => {
  test('are used again, and hold what was put in', () => {
    const slots = new Slots<string>()
    const [a, b] = [slots.add('a'), slots.add('b')]
    slots.remove(a)
    slots.remove(a)
    expect([slots.at(a), slots.at(b), slots.all()]).toEqual([undefined, 'b', ['b']])
    expect([slots.add('c'), slots.add('d')]).toEqual([a, 2])
    expect(slots.all()).toEqual(['c', 'b', 'd'])
  })
})
