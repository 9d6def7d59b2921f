import { describe, expect, test } from 'vitest'
import type { AuditRecord } from '../audit/record.ts'
import { createFloors, isBelow } from './floors.ts'

const record = (members: Partial<AuditRecord>): AuditRecord => ({
  use: 'u',
  phase: 'change',
  action: 'promote',
  at: 0,
  project: 'proj_1',
  credential: 'cred_1',
  subject: 'service:registry',
  ...members,
})

describe('[B-7] floors', () => {
  test('refuse a row below the version or the generation that was last seen', () => {
    const floors = createFloors([])
    floors.raise('cred_1', { version: 3, generation: 5 })
    expect(isBelow({ version: 3, generation: 5 }, floors.of('cred_1'))).toBe(false)
    expect(isBelow({ version: 4, generation: 6 }, floors.of('cred_1'))).toBe(false)
    expect(isBelow({ version: 2, generation: 9 }, floors.of('cred_1'))).toBe(true)
    expect(isBelow({ version: 9, generation: 4 }, floors.of('cred_1'))).toBe(true)
    expect(isBelow({ version: 0, generation: 0 }, floors.of('cred_2'))).toBe(false)
  })

  test('never fall, whatever order they are raised in', () => {
    const floors = createFloors([])
    floors.raise('cred_1', { version: 3, generation: 5, state: 'disabled' })
    floors.raise('cred_1', { version: 4, generation: 2, state: 'active' })
    expect([floors.generation('cred_1'), floors.state('cred_1')]).toEqual([5, 'disabled'])
    expect(isBelow({ version: 3, generation: 5 }, floors.of('cred_1'))).toBe(true)
    floors.raise('cred_1', { version: 4, generation: 5, state: 'active' })
    expect(floors.state('cred_1')).toBe('active')
  })

  test('come from the audit log, and those before an accepted restore are forgotten', () => {
    const before = [record({ version: 5, generation: 5 }), record({ credential: 'cred_2', generation: 3 })]
    expect(isBelow({ version: 4, generation: 5 }, createFloors(before).of('cred_1'))).toBe(true)
    expect(isBelow({ version: 1, generation: 2 }, createFloors(before).of('cred_2'))).toBe(true)
    const restored = createFloors([...before, record({ action: 'restore', credential: '' }), record({ version: 2, generation: 2 })])
    expect(isBelow({ version: 2, generation: 2 }, restored.of('cred_1'))).toBe(false)
    expect(isBelow({ version: 1, generation: 2 }, restored.of('cred_1'))).toBe(true)
    expect(isBelow({ version: 1, generation: 1 }, restored.of('cred_2'))).toBe(false)
  })

  test('stay within a bound: the longest unseen one goes first', () => {
    const floors = createFloors([])
    for (let i = 0; i <= 100_000; i++) floors.raise(`cred_${i}`, { version: 2, generation: 2 })
    expect(isBelow({ version: 1, generation: 1 }, floors.of('cred_0'))).toBe(false)
    expect(isBelow({ version: 1, generation: 1 }, floors.of('cred_1'))).toBe(true)
  })
})
