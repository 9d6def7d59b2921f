import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auth, bearer, Minting, server } from '../../support/minting.ts'
import { fields, leaksOf, type Scene, startScene } from '../../support/scene.ts'

const SECRETS = { old: 'canary-mint-value-93b1f0', account: 'canary-account-5510' }

let scene: Scene
let backend: Minting
beforeAll(async () => {
  scene = await startScene()
  backend = new Minting(scene)
}, 120_000)
afterAll(() => scene.close())

describe('header values', () => {
  test('[S3-6] the raw value is sent with the configured prefix', async () => {
    const name = await backend.bearerServer()
    await backend.resultOf('values@example.com', server(name, ['AUTHORIZATION', 'abc123']))
    expect((await backend.sent('values@example.com', name)).authorization).toBe('Bearer abc123')
  })

  test('[S3-6] a value beyond ASCII is sent as its bytes in UTF-8, and one as long as may be is sent whole', async () => {
    const name = await backend.bearerServer()
    for (const value of ['gehéim', 'k😀', 'two words', 'x'.repeat(16_000)]) {
      expect((await backend.resultOf('values@example.com', server(name, auth(value)), true)).status).toBe('authenticated')
      const { authorization } = await backend.sent('values@example.com', name)
      expect(Buffer.from(String(authorization), 'latin1').toString()).toBe(`Bearer ${value}`)
    }
  })

  test('[S3-6] a doubled prefix is told in these words, and the value alone is not', async () => {
    const name = await backend.bearerServer()
    const detail = 'Header value for "Authorization" already includes the configured prefix "Bearer"; send the raw value'
    for (const value of ['Bearer abc123', 'bearer\tabc123', 'BEARER   abc', 'Bearer'])
      expect(await backend.resultOf('values@example.com', server(name, auth(value)))).toMatchObject({ status: 'failed', detail })
    expect((await backend.resultOf('values@example.com', server(name, auth('Bearerabc')))).status).toBe('authenticated')
  })

  test('[S3-7] [S0-6] every configured header is needed, and what is not configured is named', async () => {
    const headers = [
      { name: 'Authorization', prefix: 'Bearer', value: '{{token}}' },
      { name: 'X-Account-Id', value: '{{account}}' },
    ]
    const name = await backend.bearerServer({ auth_patterns: [{ type: 'CUSTOM_HEADER', fields: fields('token*', 'account*'), headers }] })
    const detailOf = async (...given: readonly (readonly [string, string])[]) =>
      (await backend.resultOf('headers@example.com', server(name, ...given))).detail
    expect(await detailOf(auth(SECRETS.old))).toBe('Missing required header value(s): X-Account-Id')
    expect(await detailOf(auth(SECRETS.old), ['X-Account-Id', ''])).toBe('Missing required header value(s): X-Account-Id')
    expect(await detailOf(auth('a'), ['x-account-id', 'b'], ['X-Other', 'c'])).toContain('"X-Other"')
    expect(await detailOf(auth('a'), ['x-account-id', 'b'], ['X-ACCOUNT-ID', 'c'])).toContain('"X-ACCOUNT-ID"')
    expect(await detailOf(auth('a\r\nX: 1'), ['x-account-id', 'b'])).toContain('"Authorization"')
    expect(await detailOf(auth(SECRETS.old), ['x-account-id', SECRETS.account])).toBeNull()
    const got = await backend.sent('headers@example.com', name)
    expect([got.authorization, got['x-account-id']]).toEqual([`Bearer ${SECRETS.old}`, SECRETS.account])
  })

  test('[S3-6] mutations before and behind the value are put when the request leaves, and found when they are sent', async () => {
    const name = await backend.bearerServer({
      auth_patterns: [{ ...bearer, auth_field_mutations: { token: { prefix: 'pre_', suffix: '/v2' } } }],
    })
    const detailOf = async (value: string) => (await backend.resultOf('mutated@example.com', server(name, auth(value)))).detail
    expect(await detailOf('Bearer abc')).toContain('already includes the configured prefix "Bearer"')
    expect(await detailOf('pre_abc')).toContain('already includes the configured prefix "pre_"')
    expect(await detailOf('abc/v2')).toContain('already includes the configured suffix "/v2"')
    expect(await detailOf(' abc ')).toBeNull()
    expect((await backend.sent('mutated@example.com', name)).authorization).toBe('Bearer pre_abc/v2')
  })

  test('[S3-7] what the vault does not take is told of the header', async () => {
    const name = await backend.bearerServer()
    expect((await backend.resultOf('values@example.com', server(name, auth('x'.repeat(70_000))))).detail).toBe(
      'Header value for "Authorization" is not accepted: At most 16 KiB.',
    )
  })

  test('[S3-5] the pair of basic is changed as the server says, and has no password where none is asked for', async () => {
    const pair = (text: string) => auth(Buffer.from(text).toString('base64'))
    const got = async (name: string) =>
      Buffer.from(String((await backend.sent('pairs@example.com', name)).authorization).slice(6), 'base64').toString()
    const suffixed = { type: 'BASIC', fields: fields('username*', 'password*'), auth_field_mutations: { username: { suffix: '/token' } } }
    const name = await backend.bearerServer({ auth_patterns: [suffixed] })
    expect((await backend.resultOf('pairs@example.com', server(name, pair('ann/token:key')))).detail).toContain(
      'configured suffix "/token"',
    )
    expect((await backend.resultOf('pairs@example.com', server(name, pair('ann:')))).detail).toContain('"Authorization" is not accepted')
    expect((await backend.resultOf('pairs@example.com', server(name, pair('ann:key')))).status).toBe('authenticated')
    expect(await got(name)).toBe('ann/token:key')
    const keyed = { type: 'BASIC', fields: fields('username*'), auth_field_mutations: { password: { default: 'X' } } }
    const other = await backend.bearerServer({ auth_patterns: [keyed] })
    expect((await backend.resultOf('pairs@example.com', server(other, pair('key:X')))).detail).toContain('send the base64 form of "user:"')
    expect((await backend.resultOf('pairs@example.com', server(other, pair('key:')))).status).toBe('authenticated')
    expect(await got(other)).toBe('key:X')
  })

  test('[S3-5] basic takes the base64 pair as its value', async () => {
    const name = await backend.bearerServer({ auth_patterns: [{ type: 'BASIC', fields: fields('username*', 'password') }] })
    const pair = Buffer.from('ann:pa:ss').toString('base64')
    expect((await backend.resultOf('values@example.com', server(name, auth(pair)))).status).toBe('authenticated')
    expect((await backend.sent('values@example.com', name)).authorization).toBe(`Basic ${pair}`)
  })
})

test('[S2-14] [S3-7] no value is in an answer, a fact, a log line or a file', async () => {
  expect(await leaksOf(scene, SECRETS, { answers: backend.answers.join('\n') })).toEqual([])
})
