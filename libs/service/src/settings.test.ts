import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import type { CodedError } from '@credence/errors'
import { describe, expect, test } from 'vitest'
import { readSettings, type Settings } from './settings.ts'
import { settingsTable } from './settings-table.ts'

const SPEC = {
  adminPort: { name: 'ADMIN_PORT', kind: 'port', default: 7401, doc: 'Port of the admin API.' },
  drainMs: { name: 'DRAIN_MS', kind: 'ms', default: 20_000, doc: 'How long a stop may take.' },
  maxRequestBytes: { name: 'MAX_REQUEST_BYTES', kind: 'bytes', default: 33_554_432, doc: 'Largest request.' },
  publicUrl: { name: 'PUBLIC_URL', kind: 'url', doc: 'Where browsers reach it.' },
  acceptRestore: { name: 'ACCEPT_RESTORE', kind: 'boolean', default: false, doc: 'Takes an older store.' },
  egressAllow: { name: 'EGRESS_ALLOW', kind: 'list', default: [], doc: 'Private addresses that may be reached.' },
  egressCa: { name: 'EGRESS_CA', kind: 'file', doc: 'Extra authorities.' },
  storeUrl: { name: 'STORE_URL', kind: 'string', secret: true, doc: 'The store.' },
  otlp: { name: 'OTLP', env: 'OTEL_EXPORTER_OTLP_ENDPOINT', kind: 'url', doc: 'Where spans go.' },
} as const

function faultsOf(env: Record<string, string>, args: string[] = []): CodedError {
  try {
    readSettings(SPEC, env, args)
  } catch (error) {
    return error as CodedError
  }
  throw new TypeError('it was accepted')
}

describe('settings', () => {
  test('need nothing in the environment to have a value', () => {
    const settings: Settings<typeof SPEC> = readSettings(SPEC, { CREDENCE_ADMIN_PORT: '' })
    expect(settings).toMatchObject({ adminPort: 7401, drainMs: 20_000, acceptRestore: false, egressAllow: [] })
    expect(settings.publicUrl).toBeUndefined()
    expect(Object.isFrozen(settings)).toBe(true)
  })

  test('are read with their units and lists', () => {
    const here = fileURLToPath(import.meta.url)
    const settings = readSettings(SPEC, {
      CREDENCE_ADMIN_PORT: '0',
      CREDENCE_DRAIN_MS: '2m',
      CREDENCE_MAX_REQUEST_BYTES: '1 MiB',
      CREDENCE_PUBLIC_URL: 'https://credence.example/base/',
      CREDENCE_ACCEPT_RESTORE: '1',
      CREDENCE_EGRESS_ALLOW: ' 127.0.0.1:80, ,10.0.0.0/8:443',
      CREDENCE_EGRESS_CA: here,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/',
    })
    expect(settings).toMatchObject({
      adminPort: 0,
      drainMs: 120_000,
      maxRequestBytes: 2 ** 20,
      publicUrl: 'https://credence.example/base',
      acceptRestore: true,
      egressAllow: ['127.0.0.1:80', '10.0.0.0/8:443'],
      egressCa: here,
      otlp: 'http://127.0.0.1:4318',
    })
  })

  test('on the command line win over the environment', () => {
    const env = { CREDENCE_ADMIN_PORT: '1', CREDENCE_DRAIN_MS: '1' }
    const settings = readSettings(SPEC, env, ['--admin-port', '2', '--accept-restore', '--drain-ms=3s', '--otlp=http://a.example/?x=1'])
    expect(settings).toMatchObject({ adminPort: 2, acceptRestore: true, drainMs: 3000, otlp: 'http://a.example/?x=1' })
    expect(readSettings(SPEC, {}, ['--accept-restore', 'false', '--admin-port=9']).acceptRestore).toBe(false)
  })

  test('that are wrong are all named at once and no value is repeated', () => {
    const wrong = 'wrong-canary'
    const env = Object.fromEntries(
      ['ADMIN_PORT', 'DRAIN_MS', 'MAX_REQUEST_BYTES', 'PUBLIC_URL', 'ACCEPT_RESTORE', 'EGRESS_CA'].map((name) => [
        `CREDENCE_${name}`,
        wrong,
      ]),
    )
    const error = faultsOf(env)
    expect(error.code).toBe('INVALID_SETTING')
    expect(error.details.faults?.map((fault) => fault.pointer)).toEqual(Object.keys(env).map((name) => `/${name}`))
    expect(error.message).toContain('CREDENCE_DRAIN_MS')
    expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain(wrong)
  })

  test('outside of their range are refused', () => {
    for (const port of ['65536', '-1', '80.5', '0x50']) expect(faultsOf({ CREDENCE_ADMIN_PORT: port }).code).toBe('INVALID_SETTING')
    for (const ms of ['1w', '-5', '1e3', '999999999999999h']) expect(faultsOf({ CREDENCE_DRAIN_MS: ms }).code).toBe('INVALID_SETTING')
    for (const url of ['credence.example', '/path', 'mailto:a@b'])
      expect(faultsOf({ CREDENCE_PUBLIC_URL: url }).code).toBe('INVALID_SETTING')
  })

  test('unknown flags and flags without their value are faults', () => {
    const error = faultsOf({}, ['--no-such', 'sk_canary', '--admin-port', '--accept-restore'])
    expect(error.details.faults?.map((fault) => [fault.pointer, fault.code])).toEqual([
      ['/--no-such', 'UNKNOWN_FLAG'],
      ['/argument', 'UNKNOWN_FLAG'],
      ['/CREDENCE_ADMIN_PORT', 'MISSING_VALUE'],
    ])
    expect(JSON.stringify(error.details)).not.toContain('sk_canary')
  })

  test('that are secret do not print and give their bytes to who reveals them', () => {
    const settings = readSettings(SPEC, { CREDENCE_STORE_URL: 'mongodb://u:canary@db' })
    expect(inspect(settings) + JSON.stringify(settings)).not.toContain('canary')
    expect(Buffer.from(settings.storeUrl?.reveal() ?? []).toString()).toBe('mongodb://u:canary@db')
  })

  test('are shown as the rows of a README table', () => {
    const rows = settingsTable(SPEC).split('\n')
    expect(rows).toHaveLength(Object.keys(SPEC).length + 2)
    expect(rows).toContain('| `CREDENCE_ADMIN_PORT` | `--admin-port` | port | `7401` | Port of the admin API. |')
    expect(rows).toContain('| `OTEL_EXPORTER_OTLP_ENDPOINT` | `--otlp` | url |  | Where spans go. |')
  })
})
