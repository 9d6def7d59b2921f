import { describe, expect, test } from 'vitest'
import type { AuditRecord } from '../audit/record.ts'
import { createFloors } from './floors.ts'

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
    expect(() => floors.check('cred_1', { version: 3, generation: 5 })).not.toThrow()
    expect(() => floors.check('cred_1', { version: 4, generation: 6 })).not.toThrow()
    expect(() => floors.check('cred_1', { version: 2, generation: 9 })).toThrow()
    expect(() => floors.check('cred_1', { version: 9, generation: 4 })).toThrow()
    expect(() => floors.check('cred_2', { version: 0, generation: 0 })).not.toThrow()
  })

  test('never fall, whatever order they are raised in', () => {
    const floors = createFloors([])
    floors.raise('cred_1', { version: 3, generation: 5, state: 'disabled' })
    floors.raise('cred_1', { version: 4, generation: 2, state: 'active' })
    expect([floors.generation('cred_1'), floors.state('cred_1')]).toEqual([5, 'disabled'])
    expect(() => floors.check('cred_1', { version: 3, generation: 5 })).toThrow()
    floors.raise('cred_1', { version: 4, generation: 5, state: 'active' })
    expect(floors.state('cred_1')).toBe('active')
  })

  test('come from the audit log, and those before an accepted restore are forgotten', () => {
    const before = [record({ version: 5, generation: 5 }), record({ credential: 'cred_2', generation: 3 })]
    expect(() => createFloors(before).check('cred_1', { version: 4, generation: 5 })).toThrow()
    expect(() => createFloors(before).check('cred_2', { version: 1, generation: 2 })).toThrow()
    const restored = createFloors([...before, record({ action: 'restore', credential: '' }), record({ version: 2, generation: 2 })])
    expect(() => restored.check('cred_1', { version: 2, generation: 2 })).not.toThrow()
    expect(() => restored.check('cred_1', { version: 1, generation: 2 })).toThrow()
    expect(() => restored.check('cred_2', { version: 1, generation: 1 })).not.toThrow()
  })

  test('stay within a bound: the longest unseen one goes first', () => {
    const floors = createFloors([])
    for (let i = 0; i <= 100_000; i++) floors.raise(`cred_${i}`, { version: 2, generation: 2 })
    expect(() => floors.check('cred_0', { version: 1, generation: 1 })).not.toThrow()
    expect(() => floors.check('cred_1', { version: 1, generation: 1 })).toThrow()
  })
})
