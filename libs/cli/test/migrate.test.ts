import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { startProcess, tempHome } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { type ListedCollection, loadService, SERVICES } from '../src/services.ts'
import { runCli } from './run-cli.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const PORTS = ['public', 'admin', 'data', 'api', 'registry', 'vault', 'refresher', 'verifier', 'gateway', 'probe'].flatMap((name) => [
  `--${name}-port`,
  '0',
])

const sorted = (collections: readonly ListedCollection[]): string[] =>
  collections
    .map(({ name, indexes }) => [name, ...indexes.map((index) => `${index.name}(${index.members.join()})`).toSorted()].join(' '))
    .toSorted()

/** What is in the database of a platform: its collections and the indexes that were asked for. */
function openedIn(file: string): ListedCollection[] {
  using database = new DatabaseSync(file, { readOnly: true })
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%:%'").all() as { name: string }[]
  const indexes = database.prepare('SELECT collection, name, members FROM store_indexes').all() as Record<string, string>[]
  return tables
    .filter(({ name }) => !/^(sqlite|store|bus)_/.test(name))
    .map(({ name }) => ({
      name,
      indexes: indexes
        .filter(({ collection }) => collection === name)
        .map(({ name: index = '', members = '' }) => ({ name: index, members: JSON.parse(members) as string[] })),
    }))
}

describe('migrate', () => {
  test('makes exactly what the services open: all of it, and nothing that nobody uses', { timeout: 90_000 }, async () => {
    using home = tempHome()
    const started = await startProcess([MAIN, 'dev', '-o', 'json', '--home', home.path, ...PORTS])
    await started.stop()
    expect((await started.exited).code).toBe(0)
    const listed = await Promise.all(SERVICES.map(async (service) => (await loadService(service)).collections))
    expect(sorted(openedIn(`${home.path}/credence.db`))).toEqual(sorted(listed.flat()))
  })

  test('a service keeps to its own collections, by their names', async () => {
    for (const service of SERVICES) {
      const { collections } = await loadService(service)
      for (const { name } of collections) expect(name.startsWith(`${service.replaceAll('-', '_')}_`)).toBe(true)
      expect(new Set(collections.map(({ name }) => name)).size).toBe(collections.length)
    }
  })

  test.each([
    [['nobody'], '/service  UNKNOWN_SERVICE'],
    [['vault'], '/CREDENCE_STORE_URL  MISSING_VALUE'],
    [['all', '--store-database', 'x', '--key-uri', 'y'], '/--key-uri  UNKNOWN_FLAG'],
    [['vault', '--store-url', 'canary'], '/CREDENCE_STORE_URL  INVALID_VALUE'],
  ])('a wrong use is told before anything is touched: %j', async (args, fault) => {
    const { code, stdout, stderr } = await runCli(['migrate', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(fault)
    expect(stderr).not.toContain('canary')
  })
})
