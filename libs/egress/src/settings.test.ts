import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '@credence/errors'
import { createAuthority, systemClock, systemRandom } from '@credence/service'
import { afterAll, describe, expect, test } from 'vitest'
import { parseEgressSettings } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'credence-egress-'))
afterAll(() => rmSync(folder, { recursive: true }))

function faultsOf(env: Parameters<typeof parseEgressSettings>[0]): string[] {
  try {
    parseEgressSettings(env)
    return []
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'INVALID_SETTING') throw error
    return (error.details.faults ?? []).map(({ pointer, code }) => `${pointer} ${code}`)
  }
}

describe('egress settings', () => {
  test('without any are empty, and blank entries do not count', () => {
    expect(parseEgressSettings({})).toEqual({ allow: [], resolve: [] })
    expect(parseEgressSettings({ allow: ' , ', resolve: '' })).toEqual({ allow: [], resolve: [] })
  })

  test('[S1-3] name hosts, addresses and networks with a port, for one project or for all', () => {
    const { allow } = parseEgressSettings({
      allow: 'Intranet.Corp:443, proj_abc=10.0.0.0/8:8443,[fd00::/8]:443,[fd00::]/8:444,[::1]:80,10.1.2.3:5',
    })
    expect(allow.map(({ project, host, network, port }) => [project, host, network?.address.length, network?.bits, port])).toEqual([
      [undefined, 'intranet.corp', undefined, undefined, 443],
      ['proj_abc', undefined, 4, 8, 8443],
      [undefined, undefined, 16, 8, 443],
      [undefined, undefined, 16, 8, 444],
      [undefined, undefined, 16, 128, 80],
      [undefined, undefined, 4, 32, 5],
    ])
  })

  test('[S1-3] refuse to list what may never be called', () => {
    const never = [
      '169.254.169.254:80',
      '169.254.0.0/16:80',
      '169.254.169.0/24:80',
      '0.0.0.0:80',
      '224.0.0.0/4:80',
      '[fe80::1]:80',
      '[fe80::]/10:80',
    ]
    for (const allow of [
      ...never,
      '[fd00:ec2::254]:80',
      '100.100.100.200:80',
      '[::ffff:169.254.169.254]:80',
      '2852039166:80',
      '[64:ff9b::a9fe:a9fe]:80',
    ]) {
      expect([allow, ...faultsOf({ allow })]).toEqual([allow, '/EGRESS_ALLOW/0 never'])
    }
  })

  test('report every fault at once', () => {
    const env = {
      allow: 'ok:1,nope,a b:1,x:70000,10.0.0.0/33:1',
      resolve: 'a:1=b:2,a:1=10.0.0.1,c:1=10.0.0.1:2',
      caFile: join(folder, 'missing.pem'),
    }
    expect(faultsOf(env)).toEqual([
      '/EGRESS_ALLOW/1 format',
      '/EGRESS_ALLOW/2 host',
      '/EGRESS_ALLOW/3 format',
      '/EGRESS_ALLOW/4 host',
      '/EGRESS_RESOLVE/0 address',
      '/EGRESS_RESOLVE/1 format',
      '/EGRESS_CA unreadable',
    ])
  })

  test('take a file of certificates and refuse one without', () => {
    const good = join(folder, 'ca.pem')
    const bad = join(folder, 'bad.pem')
    writeFileSync(good, createAuthority({ random: systemRandom, clock: systemClock, name: 'test' }).certificatePem)
    writeFileSync(bad, 'hello')
    expect(parseEgressSettings({ caFile: good }).extraCa).toContain('BEGIN CERTIFICATE')
    expect(faultsOf({ caFile: bad })).toEqual(['/EGRESS_CA format'])
    writeFileSync(bad, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    expect(faultsOf({ caFile: bad })).toEqual(['/EGRESS_CA unreadable'])
  })

  test('map a host and port to an address and port', () => {
    expect(parseEgressSettings({ resolve: 'APP.asana.com:443=127.0.0.1:3000,[::1]:443=[::1]:4000' }).resolve).toEqual([
      { host: 'app.asana.com', port: 443, address: '127.0.0.1', toPort: 3000 },
      { host: '[::1]', port: 443, address: '[::1]', toPort: 4000 },
    ])
  })
})
