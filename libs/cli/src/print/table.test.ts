import { describe, expect, test } from 'vitest'
import { renderFacts, renderTable, shown } from './table.ts'

const COLUMNS = [
  { title: 'id', of: (it: { id: string; at?: Date }) => it.id },
  { title: 'at', of: (it: { id: string; at?: Date }) => it.at },
  { title: 'n', of: () => 0 },
]

describe('a table', () => {
  test('aligns its columns and shows nothing as a dash', () => {
    const rows = [{ id: 'cred_1', at: new Date('2026-11-21T01:02:03.456Z') }, { id: '日本' }]
    expect(renderTable(COLUMNS, rows).split('\n')).toEqual([
      'ID      AT                    N',
      'cred_1  2026-11-21T01:02:03Z  0',
      '日本    -                     0',
    ])
  })

  test('cannot be used to write to the terminal from outside', () => {
    const evil = 'a\u001b[2J\u0007\r\n\u009bx\u202eb'
    expect(renderTable(COLUMNS, [{ id: evil }])).toMatch(/^ID .*\na \[2J {4} ?x b/)
    expect(shown(evil)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
  })
})

test('facts leave out what is not known', () => {
  expect(
    renderFacts([
      ['id', 'x'],
      ['account', undefined],
      ['last used', ''],
      ['consumers', 0],
    ]),
  ).toBe('id         x\nconsumers  0')
})
