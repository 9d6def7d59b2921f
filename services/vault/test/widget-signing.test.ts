import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { callAs, type Principal } from '@credence/rpc'
import type { Collection, Doc } from '@credence/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sealed } from '../src/credential/child.ts'
import { codeOf, Harness, PUBLIC_URL } from './harness.ts'
import { existing } from './rows.ts'

const HOUR_S = 3600
const OTHER = `proj_${'8'.repeat(26)}`
const USER = `usr_${'0'.repeat(26)}`

let harness: Harness
beforeAll(async () => {
  harness = await Harness.start()
})
afterAll(() => harness.stop())

interface Row extends Doc {
  readonly project: string
  readonly sealed: Sealed
}
const rows = (): Promise<Collection<Row>> => harness.store.collection<Row>({ name: 'vault_signing_keys', indexes: [] })

/** The claims of a widget token as the gateway writes them; `change` in place of some. */
function claims(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const iat = Math.floor(harness.clock.now() / 1000)
  return {
    iss: PUBLIC_URL,
    sub: USER,
    aud: 'credence-widget',
    exp: iat + HOUR_S,
    iat,
    jti: 'abcdefghijklmnopqrstuvwx',
    project: harness.project,
    user: USER,
    origins: ['https://app.example'],
    ...change,
  }
}

async function signed(body: object | string = claims(), who: Principal = harness.person(), purpose = 'widget') {
  const payload = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const { header, signature } = await harness.as('gateway').sign({ purpose, claims: payload }, callAs(who))
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  return { kid, header, input: Buffer.from(`${header}.${payload.toString('base64url')}`), signature }
}

const keysOf = async (project: string = harness.project) =>
  (await harness.as('gateway').listSigningKeys({ purpose: 'widget' }, callAs(harness.order('gateway', project)))).keys

async function rotate(retire = false): Promise<void> {
  const steps = harness.as('gateway').rotateKeys({ project: '', retire }, callAs(harness.person()))
  for await (const _step of steps);
}

describe('[S3-9] a signing key', () => {
  test('is made at first use, once for all who ask at the same moment, and its public half verifies what it signed', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => signed()))
    expect(new Set(all.map(({ kid }) => kid)).size).toBe(1)
    const keys = await keysOf()
    expect(keys).toHaveLength(1)
    const [{ publicKey, kid } = { publicKey: Buffer.of(), kid: '' }] = keys
    const jwk = { crv: 'Ed25519', kty: 'OKP', x: Buffer.from(publicKey).toString('base64url') }
    expect(createHash('sha256').update(JSON.stringify(jwk)).digest('base64url')).toBe(kid)
    for (const { input, signature } of all) {
      expect(verify(null, input, createPublicKey({ key: jwk, format: 'jwk' }), signature)).toBe(true)
    }
  })

  test('is one per project, and a project sees its own alone', async () => {
    const mine = await signed()
    const other = await signed(claims({ project: OTHER }), harness.person(OTHER))
    expect(other.kid).not.toBe(mine.kid)
    expect((await keysOf()).map(({ kid }) => kid)).toEqual([mine.kid])
    expect(new Set((await keysOf('')).map(({ kid }) => kid))).toEqual(new Set([mine.kid, other.kid]))
  })

  test('is sealed in the store, and does not open in the place of another', async () => {
    const { kid } = await signed()
    const collection = await rows()
    const row = await existing(collection, `${harness.project}:widget:1`)
    expect(Object.keys(row.sealed).sort()).toEqual(['alg', 'box', 'commitment', 'projectKeyId', 'wrappedDek'])
    const foreign = await existing(collection, `${OTHER}:widget:1`)
    const { rev: _rev, ...kept } = row
    const bent = Uint8Array.from(row.sealed.box)
    bent[20]! ^= 1
    for (const sealed of [foreign.sealed, { ...row.sealed, box: bent }]) {
      await collection.replace({ ...kept, sealed }, (await existing(collection, row.id)).rev)
      expect(await codeOf(signed())).toBe('CREDENTIAL_QUARANTINED')
    }
    await collection.replace(kept, (await existing(collection, row.id)).rev)
    expect((await signed()).kid).toBe(kid)
  })

  test('of a storage writer is not published, and does not keep the others from it', async () => {
    const before = await keysOf()
    const own = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    const row = await existing(await rows(), `${harness.project}:widget:1`)
    const forged = { ...row, id: `${harness.project}:widget:0`, number: 0, publicKey: own.x, kid: 'forged' }
    const { rev: _rev, ...doc } = forged
    const inserted = await (await rows()).insert(doc)
    expect(await keysOf()).toEqual(before)
    await (await rows()).remove(inserted.id, inserted.rev)
  })

  test('gets a successor by a rotation, and is published until the last token that it signed has ended', async () => {
    const before = await signed()
    await rotate(true)
    const after = await signed()
    expect(after.kid).not.toBe(before.kid)
    // What was in memory is gone, and so is the project key under which the former one was sealed.
    await harness.down()
    await harness.up()
    expect((await keysOf()).map(({ kid }) => kid)).toEqual([before.kid, after.kid])
    await harness.clock.advance(HOUR_S * 1000)
    expect((await keysOf()).map(({ kid }) => kid)).toEqual([before.kid, after.kid])
    await harness.clock.advance(5 * 60_000 + 1)
    expect((await keysOf()).map(({ kid }) => kid)).toEqual([after.kid])
    expect((await signed()).kid).toBe(after.kid)
  })
})

describe('[S3-9] what the vault signs', () => {
  test.each<[string, () => object | string]>([
    ['another issuer', () => claims({ iss: 'https://evil.example' })],
    ['another audience', () => claims({ aud: 'https://api.example' })],
    ['several audiences', () => claims({ aud: ['credence-widget', 'https://api.example'] })],
    ['another project', () => claims({ project: OTHER })],
    ['more than an hour', () => claims({ exp: Math.floor(harness.clock.now() / 1000) + HOUR_S + 1 })],
    [
      'a later hour',
      () => claims({ iat: Math.floor(harness.clock.now() / 1000) + 120, exp: Math.floor(harness.clock.now() / 1000) + 600 }),
    ],
    ['an end before its beginning', () => claims({ exp: 1 })],
    ['a subject that is not the user', () => claims({ sub: 'guest' })],
    ['a user that is none', () => claims({ user: 'root', sub: 'root' })],
    ['a further claim', () => claims({ scope: 'use' })],
    ['a claim of a proxy assertion', () => claims({ htu: 'https://api.example/x', act: { sub: 'x' } })],
    ['no id', () => claims({ jti: undefined })],
    ['origins that are none', () => claims({ origins: ['https://app.example/path'] })],
    ['any origin', () => claims({ origins: '*' })],
    ['a context of other members', () => claims({ context: { token: 'x' } })],
    ['a member twice', () => JSON.stringify(claims()).replace('{', '{"aud":"https://api.example",')],
    ['another way of writing it', () => JSON.stringify(claims(), undefined, 1)],
    ['a list', () => '[]'],
    ['no JSON', () => 'eyJ'],
    ['nothing', () => ''],
    ['too much', () => claims({ origins: Array.from({ length: 101 }, (_, i) => `https://a${i}.example`) })],
  ])('is no token with %s', async (_name, body) => {
    expect(await codeOf(signed(body()))).toBe('INVALID_REQUEST')
  })

  test('is a token for a guest, and one with a context', async () => {
    await signed(claims({ sub: 'guest', user: undefined }))
    await signed(claims({ context: { agent: 'a', channel: 'c' } }))
  })

  test('needs the scope `mint`, has one purpose for the gateway, and no other service orders it', async () => {
    const poor = { ...harness.person(), scopes: ['use', 'credentials.read'] }
    expect(await codeOf(signed(claims(), poor))).toBe('SCOPE_REQUIRED')
    for (const purpose of ['proxy', '', 'id_token'])
      expect(await codeOf(signed(claims(), harness.person(), purpose)), purpose).toBe('INVALID_REQUEST')
    const body = { purpose: 'widget', claims: Buffer.from(JSON.stringify(claims())) }
    for (const service of ['registry', 'verifier', 'token-refresher'] as const) {
      expect(await codeOf(harness.as(service).sign(body, callAs(harness.person()))), service).toBe('SCOPE_REQUIRED')
    }
  })

  test('stands in the audit log with who asked, and not what was signed', async () => {
    await signed()
    await harness.down()
    const files = readdirSync(`${harness.folder}/audit`).map((name) => readFileSync(`${harness.folder}/audit/${name}`, 'latin1'))
    const log = files.join('')
    await harness.up()
    expect(log).toContain('"action":"sign"')
    expect(log).not.toContain('abcdefghijklmnopqrstuvwx')
  })
})
