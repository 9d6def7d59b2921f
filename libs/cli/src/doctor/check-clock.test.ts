import { expect, test } from 'vitest'
import { checkClock } from './check-clock.ts'

const AT = Date.parse('2026-11-21T10:00:00Z')
const state = (there: number | undefined, stepMs = 0): string => checkClock('clock', { asked: AT, answered: AT + 800, there, stepMs }).state

test('clocks may differ by five seconds, in either direction, and not by more', () => {
  for (const there of [AT - 5_000, AT, AT + 400, AT + 800, AT + 5_800]) expect(state(there)).toBe('ok')
  for (const there of [AT - 5_001, AT + 5_801]) expect(state(there)).toBe('failed')
})

test('a coarse clock has the benefit of its step', () => {
  expect([state(AT - 6_000, 1_000), state(AT - 6_001, 1_000)]).toEqual(['ok', 'failed'])
})

test('a time that is not told, or is none, is a warning', () => {
  expect([state(undefined), state(Number.NaN)]).toEqual(['warning', 'warning'])
})

test('the difference is told, with what to do', () => {
  expect(checkClock('clock', { asked: AT, answered: AT, there: AT + 90_000 }).says).toBe('differs by 90 s: set both by NTP.')
})
