import { expect, test } from 'vitest'
import { Handled } from './handled.ts'

test('the ids handled last are known, and the oldest make room', () => {
  const handled = new Handled()
  for (let i = 0; i < 10_001; i++) handled.add(`evt_${i}`)
  expect(handled.has('evt_0')).toBe(false)
  expect(handled.has('evt_1')).toBe(true)
  expect(handled.has('evt_10000')).toBe(true)
})
