import { describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from './clock.ts'

describe('the system clock', () => {
  test('ends a sleep with the reason of the signal that cuts it', async () => {
    const reason = new TypeError('enough')
    const controller = new AbortController()
    const sleeping = systemClock.sleep(60_000, controller.signal)
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(systemClock.sleep(60_000, controller.signal)).rejects.toBe(reason)
  })

  test('ends a sleep by itself and leaves no listener behind', async () => {
    const { signal } = new AbortController()
    await systemClock.sleep(1, signal)
    expect(systemClock.monotonicMs()).toBeGreaterThan(0)
  })
})

describe('the system random', () => {
  test('gives as many bytes as asked and fractions below one', () => {
    expect(systemRandom.bytes(16)).toHaveLength(16)
    const fractions = Array.from({ length: 200 }, () => systemRandom.fraction())
    expect(fractions.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true)
    expect(new Set(fractions).size).toBe(200)
  })
})
