import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { TestClock } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { jwkOf, openKeyRing, verifyWidgetToken } from './verify-token.ts'

const PUBLIC_URL = 'https://credence.example'
const PROJECT = `proj_${'0'.repeat(26)}`
const HOUR_S = 3600

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function half(kid: string, { publicKey }: Pair): { kid: string; publicKey: Buffer; project: string } {
  return { kid, publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'), project: PROJECT }
}

/** A ring over a vault that publishes these keys of the project, and counts how often it is asked. */
function world(published: readonly { kid: string; publicKey: Buffer; project: string }[]) {
  const clock = new TestClock()
  const state = { published, asked: 0 }
  const listSigningKeys = async () => {
    state.asked++
    return { keys: state.published as never }
  }
  const ring = openKeyRing({ services: { vault: { listSigningKeys } as never }, clock })
  const claims = (change: object = {}): object => {
    const iat = Math.floor(clock.now() / 1000)
    const base = {
      iss: PUBLIC_URL,
      sub: 'guest',
      aud: 'credence-widget',
      exp: iat + HOUR_S,
      iat,
      jti: 'x'.repeat(24),
      project: PROJECT,
      origins: [],
    }
    return { ...base, ...change }
  }
  const read = (token: string) => verifyWidgetToken({ ring, clock, publicUrl: PUBLIC_URL }, token)
  return { clock, state, claims, read }
}

function tokenOf(claims: object, { privateKey }: Pair, header: object = { alg: 'EdDSA', kid: 'one', typ: 'JWT' }): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
}

const own = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')

describe('[S3-9] a widget token', () => {
  test('is good for its hour, and is known as over after it', async () => {
    const { clock, claims, read } = world([half('one', own)])
    const token = tokenOf(claims(), own)
    expect(await read(token)).toMatchObject({ expired: false, claims: { project: PROJECT } })
    await clock.advance(HOUR_S * 1000 - 1)
    expect((await read(token)).expired).toBe(false)
    await clock.advance(1)
    expect((await read(token)).expired).toBe(true)
  })

  test.each<[string, object, object | undefined]>([
    ['another issuer', { iss: 'https://evil.example' }, undefined],
    ['another audience', { aud: 'https://api.example' }, undefined],
    ['no project', { project: undefined }, undefined],
    ['a project that is none', { project: '' }, undefined],
    ['no end', { exp: undefined }, undefined],
    ['a beginning that is far ahead', { iat: 9_999_999_999 }, undefined],
    ['no algorithm', {}, { alg: 'none', kid: 'one' }],
    ['another algorithm', {}, { alg: 'HS256', kid: 'one' }],
    ['a key that nobody published', {}, { alg: 'EdDSA', kid: 'two' }],
    ['no key', {}, { alg: 'EdDSA' }],
  ])('with %s is refused', async (_name, change, header) => {
    const { claims, read } = world([half('one', own)])
    await expect(read(tokenOf(claims(change), own, header))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('signed by another than it says is refused', async () => {
    const { claims, read } = world([half('one', own)])
    await expect(read(tokenOf(claims(), other))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test.each(['', '.', '..', 'a.b.c', 'e30.e30.', 'null', `${'e30.'.repeat(9000)}e30`])('that is no token (%#) is refused', async (text) => {
    await expect(world([half('one', own)]).read(text)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

describe('the keys', () => {
  test('are asked for once a minute, and at once for one that is new', async () => {
    const { clock, state, claims, read } = world([half('one', own)])
    for (let i = 0; i < 5; i++) await read(tokenOf(claims(), own))
    expect(state.asked).toBe(1)
    state.published = [half('one', own), half('two', other)]
    expect((await read(tokenOf(claims(), other, { alg: 'EdDSA', kid: 'two' }))).expired).toBe(false)
    expect(state.asked).toBe(2)
    state.published = [half('two', other)]
    await clock.advance(60_001)
    await expect(read(tokenOf(claims(), own))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('are asked for by one question at a time, however many made-up ids come at once', async () => {
    const { state, claims, read } = world([half('one', own)])
    const made = Array.from({ length: 50 }, (_, i) =>
      read(tokenOf(claims(), own, { alg: 'EdDSA', kid: `made-${i}` })).catch(() => undefined),
    )
    await Promise.all(made)
    expect(state.asked).toBeLessThanOrEqual(3)
  })

  test('are published without their private half', () => {
    expect(Object.keys(jwkOf(half('one', own))).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  })
})
