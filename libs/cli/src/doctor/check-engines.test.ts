import { Secret } from '@credence/secret'
import { expect, test } from 'vitest'
import { readInstallation } from '../config.ts'
import { checkEngines, jetStreamFindings, mongoFindings } from './check-engines.ts'

const CANARY = 'canary-77aa'
const options = { natsMonitoring: [], now: () => 0 }

test.each([
  ['OPEN_TO_ALL', /give each service a user/],
  ['AUTHORIZATION_UNKNOWN', /not known/],
  ['SYNC_NOT_ALWAYS', /sync_interval: always/],
  ['SYNC_UNKNOWN', /--nats-monitoring/],
  ['MEMORY_STORAGE', /in memory/],
  ['FEW_REPLICAS', /CREDENCE_NATS_REPLICAS/],
  ['STREAM_MISSING', /no stream yet/],
] as const)('a JetStream with %s is a warning that says what to do', (risk, says) => {
  expect(jetStreamFindings({ risks: [risk] })).toEqual([{ check: 'JetStream', state: 'warning', says: expect.stringMatching(says) }])
})

test('every risk of a JetStream is told, and one without is well', () => {
  expect(jetStreamFindings({ risks: ['MEMORY_STORAGE', 'FEW_REPLICAS'] })).toHaveLength(2)
  expect(jetStreamFindings({ risks: [] })).toMatchObject([{ state: 'ok' }])
})

test('a MongoDB that stands alone is a warning, a replica set is well', () => {
  expect(mongoFindings({ standsAlone: true })).toMatchObject([{ state: 'warning', says: expect.stringContaining('replica set') }])
  expect(mongoFindings({ standsAlone: false })).toMatchObject([{ state: 'ok' }])
})

test('an address that is none has failed, by the name of its setting and not by its value', async () => {
  const secret = Secret.fromString(`postgres://u:${CANARY}@h`)
  const findings = await checkEngines({ storeUrl: secret, natsUrl: secret, redisUrl: secret, addresses: {} }, options)
  expect(findings.filter(({ state }) => state === 'failed').map(({ check }) => check)).toEqual(['MongoDB', 'JetStream', 'Redis'])
  for (const name of ['STORE', 'NATS', 'REDIS']) expect(JSON.stringify(findings)).toContain(`CREDENCE_${name}_URL`)
  expect(JSON.stringify(findings)).not.toContain(CANARY)
})

test('engines that nobody named are not looked for', async () => {
  expect(await checkEngines(readInstallation({ CREDENCE_STORE_URL: ' ', CREDENCE_KEY: 'crd_x' }), options)).toEqual([])
})

test('the environment of a service is understood, and its addresses do not print', () => {
  const env = { CREDENCE_STORE_URL: CANARY, CREDENCE_NATS_URL: CANARY, CREDENCE_REDIS_URL: CANARY, CREDENCE_REFRESHER_ADDRESS: 'r:7412' }
  const installation = readInstallation(env)
  expect(JSON.parse(JSON.stringify(installation))).toEqual({
    storeUrl: '[secret]',
    natsUrl: '[secret]',
    redisUrl: '[secret]',
    addresses: { 'token-refresher': 'r:7412' },
  })
})
