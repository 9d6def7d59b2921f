import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { CodedError } from '@credence/errors'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSettings } from './settings.ts'
import { CONFIG_SETTING } from './settings-file.ts'

const CANARY = 'canary-31f7'
const SPEC = {
  config: CONFIG_SETTING,
  adminPort: { name: 'ADMIN_PORT', kind: 'port', default: 7401, doc: 'Port of the admin API.' },
  drainMs: { name: 'DRAIN_MS', kind: 'ms', default: 20_000, doc: 'How long a stop may take.' },
  acceptRestore: { name: 'ACCEPT_RESTORE', kind: 'boolean', default: false, doc: 'Takes an older store.' },
  publicUrl: { name: 'PUBLIC_URL', kind: 'url', required: true, doc: 'Where browsers reach it.' },
  trustProxy: { name: 'TRUST_PROXY', kind: 'list', default: [], doc: 'Proxies that are believed.' },
  storeUrl: { name: 'STORE_URL', kind: 'string', secret: true, doc: 'The store.' },
} as const

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

const read = (content: string, env: Record<string, string> = {}, args: string[] = []) =>
  readSettings(SPEC, { CREDENCE_CONFIG: file('credence.yaml', content), ...env }, args)

function faultsOf(content: string, env: Record<string, string> = {}): { pointers: string[]; error: CodedError } {
  try {
    read(content, env)
  } catch (error) {
    const coded = error as CodedError
    return { error: coded, pointers: (coded.details.faults ?? []).map(({ pointer, code }) => `${pointer} ${code}`) }
  }
  throw new TypeError('it was accepted')
}

describe('a configuration file', () => {
  test('gives settings in YAML with their own types, or as text', () => {
    const yaml =
      'public-url: https://credence.example\nadmin-port: 8401\ndrain-ms: 5s\naccept-restore: true\ntrust-proxy: [10.0.0.1, 10.0.0.2]\n'
    expect(read(yaml)).toMatchObject({
      publicUrl: 'https://credence.example',
      adminPort: 8401,
      drainMs: 5_000,
      acceptRestore: true,
      trustProxy: ['10.0.0.1', '10.0.0.2'],
    })
    expect(read('public-url: https://a.example\nadmin-port: "1"\naccept-restore: "0"\ntrust-proxy: a, b')).toMatchObject({
      adminPort: 1,
      acceptRestore: false,
      trustProxy: ['a', 'b'],
    })
  })

  test('may be JSON', () => {
    expect(read('{"public-url": "https://a.example", "drain-ms": 7}')).toMatchObject({ publicUrl: 'https://a.example', drainMs: 7 })
  })

  test('has less to say than the environment, which has less than a flag', () => {
    const yaml = 'public-url: https://a.example\nadmin-port: 1\ndrain-ms: 1\naccept-restore: true'
    const settings = read(yaml, { CREDENCE_ADMIN_PORT: '2', CREDENCE_DRAIN_MS: '2' }, ['--drain-ms', '3'])
    expect(settings).toMatchObject({ adminPort: 2, drainMs: 3, acceptRestore: true })
    expect(read(yaml, { CREDENCE_ADMIN_PORT: '' }).adminPort).toBe(1)
  })

  test('is named by a flag, too, which wins', () => {
    const other = file('other.json', '{"public-url": "https://b.example"}')
    expect(read('public-url: https://a.example', {}, ['--config', other]).publicUrl).toBe('https://b.example')
  })

  test('that is wrong is told everything at once, by its places, and no value is repeated', () => {
    const yaml = `admin-port: ${CANARY}\ndrain-ms: [1]\naccept-restore: 1\ntrust-proxy: ["a,b"]\npublik-url: ${CANARY}\n${CANARY}: 1\nconfig: x\npublic-url: null\n`
    const { pointers, error } = faultsOf(yaml, { CREDENCE_STORE_URL: CANARY })
    expect(pointers).toEqual([
      '/drain-ms INVALID_VALUE',
      '/accept-restore INVALID_VALUE',
      '/trust-proxy INVALID_VALUE',
      '/publik-url UNKNOWN_SETTING',
      '/entry UNKNOWN_SETTING',
      '/config UNKNOWN_SETTING',
      '/public-url INVALID_VALUE',
      '/admin-port INVALID_VALUE',
    ])
    expect(error.code).toBe('INVALID_SETTING')
    for (const { detail } of error.details.faults ?? []) expect(detail).toMatch(/^Give |^There is no such setting: give /)
    expect(inspect(error, { depth: 9 }) + JSON.stringify(error.details)).not.toContain(CANARY)
  })

  test('tells its faults beside those of flags and variables', () => {
    expect(faultsOf('admin-port: x', { CREDENCE_DRAIN_MS: 'x' }).pointers).toEqual([
      '/admin-port INVALID_VALUE',
      '/CREDENCE_DRAIN_MS INVALID_VALUE',
      '/CREDENCE_PUBLIC_URL MISSING_VALUE',
    ])
  })

  test.each([
    ['public-url: [', 'NOT_YAML'],
    [`public-url: https://a.example\npublic-url: ${CANARY}`, 'NOT_YAML'],
    [`- ${CANARY}`, 'INVALID_VALUE'],
    [CANARY, 'INVALID_VALUE'],
  ])('that has no settings in it is refused without being quoted: %j', (content, code) => {
    const { pointers, error } = faultsOf(content)
    expect(pointers).toContain(`/CREDENCE_CONFIG ${code}`)
    expect(inspect(error, { depth: 9 }) + JSON.stringify(error.details)).not.toContain(CANARY)
  })

  test.each(['/nowhere/credence.yaml', tmpdir()])('that cannot be read is refused: %s', (path) => {
    expect(() => readSettings(SPEC, { CREDENCE_CONFIG: path })).toThrow(
      expect.objectContaining({ details: { faults: expect.arrayContaining([expect.objectContaining({ pointer: '/CREDENCE_CONFIG' })]) } }),
    )
  })

  test('may hold the settings of somebody else where the spec says so, which no flag does', () => {
    const spec = { config: CONFIG_SETTING, drainMs: SPEC.drainMs, adminPort: { ...SPEC.adminPort, elsewhere: true } } as const
    const path = file('shared.yaml', 'drain-ms: 1\nadmin-port: many\n')
    expect(readSettings(spec, { CREDENCE_CONFIG: path })).toEqual({ config: path, drainMs: 1 })
    expect(() => readSettings(spec, {}, ['--admin-port', '1'])).toThrow('--admin-port')
  })
})

describe('a secret in a configuration file', () => {
  const at = (path: string): string => `public-url: https://a.example\nstore-url: {file: ${path}}\n`
  const textOf = (settings: ReturnType<typeof read>): string => Buffer.from(settings.storeUrl?.reveal() ?? []).toString()

  test('is in a file of its own, or in the clear where nobody else can read', () => {
    expect(textOf(read(at(file('store-url', `${CANARY}\n`, 0o400))))).toBe(CANARY)
    // As an orchestrator mounts it, for the group of the process.
    expect(textOf(read(at(file('mounted', CANARY, 0o440))))).toBe(CANARY)
    expect(textOf(read(`public-url: https://a.example\nstore-url: ${CANARY}`))).toBe(CANARY)
    expect(inspect(read(`public-url: https://a.example\nstore-url: ${CANARY}`), { depth: 9 })).not.toContain(CANARY)
  })

  test.each([0o604, 0o620, 0o666])('that others can read is refused, with the command that helps: %i', (mode) => {
    const open = file('open', CANARY, mode)
    const { pointers, error } = faultsOf(at(open))
    expect(pointers).toEqual(['/store-url/file NOT_PRIVATE'])
    expect(error.details.faults?.[0]?.detail).toContain(`chmod go= ${open}`)
    const config = file('open.yaml', `public-url: https://a.example\nstore-url: ${CANARY}`, mode)
    expect(() => readSettings(SPEC, { CREDENCE_CONFIG: config })).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }))
  })

  test('that is not there, or empty, is a fault of its place', () => {
    expect(faultsOf(at('/nowhere/store-url')).pointers).toEqual(['/store-url/file INVALID_VALUE'])
    expect(faultsOf(at(file('empty', '\n'))).pointers).toEqual(['/store-url/file MISSING_VALUE'])
  })

  test('is the only setting that is taken from a file', () => {
    expect(faultsOf('public-url: {file: /etc/hostname}').pointers).toEqual(['/public-url INVALID_VALUE'])
    expect(faultsOf('public-url: https://a.example\nstore-url: {file: x, also: y}').pointers).toEqual(['/store-url INVALID_VALUE'])
  })
})
