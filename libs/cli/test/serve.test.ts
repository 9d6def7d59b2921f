import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadService, SERVICES } from '../src/services.ts'
import { type Ended, runCli } from './run-cli.ts'

const CANARY = 'canary-5d1f'
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-serve-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const serve = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runCli(['serve', ...args], { cwd: folder, env })

describe('serve', () => {
  test.each(['', 'standalone', 'vault/../registry', '__proto__'])('a service that there is not is a wrong use: %j', async (name) => {
    const { code, stdout, stderr } = await serve([name])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Name one of registry, vault, token-refresher, verifier, gateway.')
  })

  test('every wrong setting is told at once, with what to write instead, and no value is repeated', async () => {
    const env = {
      CREDENCE_PUBLIC_URL: 'nowhere',
      CREDENCE_STORE_URL: `mongodb://registry:${CANARY}@127.0.0.1:9/`,
      CREDENCE_NATS_URL: `nats://u:${CANARY}@127.0.0.1:9`,
      CREDENCE_TLS_CERT: '/nowhere/registry.crt',
      CREDENCE_PROBE_PORT: 'many',
    }
    const { code, stdout, stderr } = await serve(['registry', '--registry-port', '99999', '--publik-url', CANARY], env)
    expect([code, stdout]).toEqual([2, ''])
    for (const name of ['PUBLIC_URL', 'TLS_CA', 'TLS_CERT', 'TLS_KEY', 'PROBE_PORT', 'REGISTRY_PORT'])
      expect(stderr).toMatch(new RegExp(`^ {2}/CREDENCE_${name} {2}\\S+ {2}.*Give `, 'm'))
    expect(stderr).toContain('/--publik-url  UNKNOWN_FLAG')
    expect(stderr).not.toMatch(/STORE_URL|NATS_URL/)
    expect(stderr).not.toContain(CANARY)
    expect(readdirSync(folder)).toEqual([])
  })

  test('a configuration file is read under flags and variables, and its faults are told beside theirs', async () => {
    const config = join(folder, 'registry.yaml')
    const lines = [
      'public-url: nowhere',
      'probe-port: 1',
      'nats-url: nats://n:4222',
      `store-url: {file: ${folder}/none}`,
      `publik-url: ${CANARY}`,
    ]
    writeFileSync(config, lines.join('\n'), { mode: 0o600 })
    const { code, stdout, stderr } = await serve(['registry', '--config', config], { CREDENCE_PROBE_PORT: 'many' })
    rmSync(config)
    expect([code, stdout]).toEqual([2, ''])
    for (const place of ['/public-url', '/store-url/file', '/publik-url', '/CREDENCE_PROBE_PORT', '/CREDENCE_TLS_CA'])
      expect(stderr).toMatch(new RegExp(`^ {2}${place} {2}\\S+ {2}\\S`, 'm'))
    expect(stderr).not.toMatch(/nats|STORE_URL/i)
    expect(stderr).not.toContain(CANARY)
  })

  test.each(SERVICES)('each setting of %s is a flag, listed with what it does', async (service) => {
    const { code, stdout } = await serve([service, '--help-settings', '-o', 'json'])
    const listed = JSON.parse(stdout) as { flag: string; doc: string }[]
    const { settings } = await loadService(service)
    expect([code, listed.length]).toEqual([0, Object.keys(settings).length])
    for (const { flag, doc } of listed)
      expect([flag, doc]).toEqual([expect.stringMatching(/^--[a-z][a-z-]+$/), expect.stringMatching(/.+\.$/)])
    const flags = listed.map(({ flag }) => flag)
    expect(new Set(flags).size).toBe(flags.length)
    for (const flag of ['--config', '--store-url', '--nats-url', '--tls-cert', '--probe-port']) expect(flags).toContain(flag)
  })
})
