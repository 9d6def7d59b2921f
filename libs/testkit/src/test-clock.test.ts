import { describe, expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'
import { TestClock } from './test-clock.ts'

describe('the test clock', () => {
  test('wakes sleepers in the order of their time, each at its own time', async () => {
    const clock = new TestClock(0)
    const woken: [string, number][] = []
    const sleep = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms)
      woken.push([name, clock.now()])
    }
    const all = [sleep('late', 30), sleep('early', 10), sleep('same', 10), sleep('never', 1000)]
    expect([clock.sleeping, clock.sleepingFor(10), clock.sleepingFor(11)]).toEqual([4, 2, 0])
    await clock.advance(30)
    expect(woken).toEqual([
      ['early', 10],
      ['same', 10],
      ['late', 30],
    ])
    await clock.advance(970)
    await Promise.all(all)
    expect([clock.now(), clock.monotonicMs(), clock.sleeping]).toEqual([1000, 1000, 0])
  })

  test('wakes a loop as often as the span holds its period', async () => {
    const clock = new TestClock()
    let turns = 0
    const controller = new AbortController()
    const loop = (async () => {
      for (;;) {
        await clock.sleep(100, controller.signal)
        turns++
      }
    })()
    await clock.advance(1000)
    expect(turns).toBe(10)
    controller.abort(new TypeError('stop'))
    await expect(loop).rejects.toThrow('stop')
    expect(clock.sleeping).toBe(0)
  })

  test('lets the wall clock jump without its deadlines', async () => {
    const clock = new TestClock(0)
    let awake = false
    const sleeping = clock.sleep(10).then(() => {
      awake = true
    })
    clock.jumpWall(3_600_000)
    await clock.advance(9)
    expect([awake, clock.now(), clock.monotonicMs()]).toEqual([false, 3_600_009, 9])
    await clock.advance(1)
    await sleeping
  })
})

describe('seeded random', () => {
  test('repeats itself with the same seed and only then', () => {
    const [a, b, c] = [seededRandom(1), seededRandom(1), seededRandom(2)]
    const first = Buffer.from(a.bytes(40)).toString('hex')
    expect(Buffer.from(b.bytes(40)).toString('hex')).toBe(first)
    expect(Buffer.from(c.bytes(40)).toString('hex')).not.toBe(first)
    expect(a.fraction()).toBe(b.fraction())
    expect(new Set(Array.from({ length: 100 }, () => a.fraction())).size).toBe(100)
  })
})
