import { expect, test } from 'vitest'
import { isSwitchedOff, readEnvironment } from './config.ts'

test('a switch whose variable says no is off, whatever the writing', () => {
  for (const no of ['', '0', 'false', 'FALSE', 'no', undefined]) expect(isSwitchedOff('CREDENCE_FORCE', { CREDENCE_FORCE: no })).toBe(true)
  for (const yes of ['1', 'true', 'yes']) expect(isSwitchedOff('CREDENCE_FORCE', { CREDENCE_FORCE: yes })).toBe(false)
})

test('an empty key is no key', () => {
  expect(readEnvironment({ CREDENCE_KEY: '' })).toEqual({})
  expect(readEnvironment({ CREDENCE_KEY: 'crd_x', OTHER: 'y' })).toEqual({ key: 'crd_x' })
})
