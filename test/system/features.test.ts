import { beforeAll, expect, test } from 'vitest'
import { collectTests, type NamingTest } from '../features/collect-tests.ts'
import { featureTable, missingProofs, proofOf, unknownIds } from '../features/feature-table.ts'
import { ON_THEIR_WAY } from '../features/on-their-way.ts'
import { keepEqual } from '../support/keep-equal.ts'

let tests: readonly NamingTest[] = []
beforeAll(async () => {
  tests = await collectTests()
}, 120_000)

test('[C-8] docs/features.md names the tests of every promise, as they are now', () => {
  keepEqual('docs/features.md', featureTable(tests))
})

test('[C-8] every promise of the documents is tested through the public surface on both profiles', () => {
  const missing = missingProofs(tests)
  expect(missing.filter((one) => !(one.split(' ')[0]! in ON_THEIR_WAY))).toEqual([])
  const needed = new Set(missing.map((one) => one.split(' ')[0]))
  expect(Object.keys(ON_THEIR_WAY).filter((id) => !needed.has(id))).toEqual([])
})

test('[C-8] no title names a promise that nobody made', () => {
  expect(unknownIds(tests)).toEqual([])
})

test('the titles of every kind of test are found', () => {
  const titled = (project: string): boolean => tests.some((one) => one.project === project)
  expect(['default', 'browser', 'engines'].filter(titled)).toEqual(['default', 'browser', 'engines'])
  expect(tests.filter(({ file }) => file.startsWith('test/system/both/')).map(({ project }) => project)).toContain('engines')
  // By a describe, and by a table of cases.
  expect(proofOf('B-7', tests).files.get('services/vault/src/keys/project-keys.test.ts')).toBeGreaterThan(5)
  expect(proofOf('S1-3', tests).files.get('libs/provider/test/fill-hosts.test.ts')).toBeGreaterThan(2)
})

test('a promise counts for a profile only by a test of that profile behind the public doors', () => {
  const named = (file: string, project: string): NamingTest => ({ file, project, title: '[S1-1] it', ids: ['S1-1'] })
  const inside = proofOf('S1-1', [named('libs/provider/test/a.test.ts', 'default')])
  expect([inside.embedded, inside.distributed]).toEqual([false, false])
  const both = proofOf('S1-1', [named('test/system/both/a.test.ts', 'default'), named('test/system/both/a.test.ts', 'engines')])
  expect([both.embedded, both.distributed, [...both.files]]).toEqual([true, true, [['test/system/both/a.test.ts', 1]]])
  expect(missingProofs([named('test/browser/a.test.ts', 'browser')])).toContain('S1-1 distributed')
  expect(unknownIds([{ ...named('a.test.ts', 'default'), ids: ['S9-1'] }])).toEqual(['a.test.ts names S9-1, which is no promise'])
})
