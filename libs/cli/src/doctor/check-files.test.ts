import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkFiles } from './check-files.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'credence-home-'))
  chmodSync(home, 0o700)
  const files = [
    ['key', 'credence-key-1 00\n', 0o400],
    ['client.json', '{}', 0o600],
    ['credence.db', 'SQLite format 3\0rest', 0o600],
  ] as const
  for (const [name, content, mode] of files) writeFileSync(join(home, name), content, { mode })
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const states = (): Record<string, string> => Object.fromEntries(checkFiles(home).map(({ check, state }) => [check, state]))

test('a folder as the platform makes it is well', () => {
  expect(states()).toEqual({ 'data folder': 'ok', 'root key': 'ok', 'client file': 'ok', store: 'ok' })
})

test.each([
  ['root key', 'key', 0o440],
  ['root key', 'key', 0o404],
  ['client file', 'client.json', 0o644],
])('a %s that others can read has failed, with the command that helps: %s %i', (check, name, mode) => {
  chmodSync(join(home, name), mode)
  expect(states()).toMatchObject({ [check]: 'failed' })
  expect(checkFiles(home).find((it) => it.check === check)?.says).toContain(`chmod go= ${join(home, name)}`)
})

test('a folder that others can enter is a warning', () => {
  chmodSync(home, 0o755)
  expect(states()).toMatchObject({ 'data folder': 'warning' })
})

test('a store that is no database has failed, one that is not there yet is a warning', () => {
  writeFileSync(join(home, 'credence.db'), 'SQLite')
  expect(states()).toMatchObject({ store: 'failed' })
  rmSync(join(home, 'credence.db'))
  expect(states()).toMatchObject({ store: 'warning' })
})

test('what is not there cannot be known', () => {
  rmSync(join(home, 'key'))
  rmSync(join(home, 'client.json'))
  expect(states()).toMatchObject({ 'root key': 'warning', 'client file': 'warning' })
  const file = join(home, 'credence.db')
  expect(checkFiles(file).map(({ check, state }) => [check, state])).toEqual([['data folder', 'failed']])
})
