import { createHmac } from 'node:crypto'
import type { Placement, Segment } from '@credence/provider'
import { seededRandom } from '@credence/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64, percentEncoded } from './encode-bytes.ts'
import { type InjectedRequest, inject } from './inject.ts'

type Fields = Readonly<Record<string, string>>

function injected(
  placements: readonly Placement[],
  secret: Fields,
  options: { plain?: Fields; url?: string; headers?: [string, string][] } = {},
): InjectedRequest {
  const { plain = {}, url = 'https://api.example.com/x', headers = [] } = options
  const fields = new Map(Object.entries({ ...secret, ...plain }).map(([name, value]) => [name, Buffer.from(value)]))
  return inject({ url: new URL(url), headers }, placements, { fields, plain, random: seededRandom('inject') })
}

/** The request as it will stand on the wire. */
function wire(request: InjectedRequest): { url: string; headers: [string, string][] } {
  const filled = (text: string): string =>
    request.secrets.reduce((left, { placeholder, bytes }) => left.replace(placeholder, Buffer.from(bytes).toString()), text)
  return { url: filled(request.url), headers: request.headers.map(([name, value]) => [name, filled(value)]) }
}

const header = (name: string, ...value: Placement['value']): Placement => ({ in: 'header', name, value })
const bearer = header('Authorization', { literal: 'Bearer ' }, { field: 'token' })
const basic = header(
  'Authorization',
  { literal: 'Basic ' },
  { base64: [{ field: 'username' }, { literal: ':' }, { field: 'password', default: 'X' }] },
)

describe('a secret on its way', () => {
  test('[S0-3] [S1-5] stands in the header that the provider names', () => {
    expect(wire(injected([bearer], { token: 'abc' })).headers).toEqual([['Authorization', 'Bearer abc']])
    expect(wire(injected([header('X-API-Key', { field: 'api_key' })], { api_key: 'abc' })).headers).toEqual([['X-API-Key', 'abc']])
  })

  test('[S0-4] [S1-6] is base64 of the pair, with the default where the password is absent or empty', () => {
    const expected = (pair: string): [string, string][] => [['Authorization', `Basic ${Buffer.from(pair).toString('base64')}`]]
    expect(wire(injected([basic], { username: 'ann', password: 'pä55' })).headers).toEqual(expected('ann:pä55'))
    expect(wire(injected([basic], { username: 'key' })).headers).toEqual(expected('key:X'))
    expect(wire(injected([basic], { username: 'key', password: '' })).headers).toEqual(expected('key:X'))
  })

  test('[S1-6] has its prefix and suffix literally, before base64', () => {
    const value = { field: 'username', prefix: 'u/', suffix: '/t' }
    expect(wire(injected([header('A', { base64: [value] })], { username: 'ann' })).headers).toEqual([
      ['A', Buffer.from('u/ann/t').toString('base64')],
    ])
  })

  test('[S0-2] in a query is percent-encoded and comes last; the other parameters stay byte for byte', () => {
    const placement: Placement = { in: 'query', name: 'api key', value: [{ field: 'k' }] }
    const url = 'https://api.example.com/x?a=%7E%20+&api+key=mine&flag&api%20key=mine&b=,'
    expect(wire(injected([placement], { k: 'p&q=é' }, { url })).url).toBe(
      'https://api.example.com/x?a=%7E%20+&flag&b=,&api%20key=p%26q%3D%C3%A9',
    )
    expect(wire(injected([placement], { k: 'v' })).url).toBe('https://api.example.com/x?api%20key=v')
  })

  test('in a cookie stands beside the caller’s own, whose one of that name is dropped', () => {
    const placement: Placement = { in: 'cookie', name: 'sid', value: [{ field: 'k' }] }
    const request = injected(
      [placement],
      { k: 'v' },
      {
        headers: [
          ['cookie', 'a=1; sid=mine; b'],
          ['Cookie', 'sid'],
        ],
      },
    )
    expect(wire(request).headers).toEqual([['Cookie', 'a=1; b; sid=v']])
  })

  test('takes the place of what the caller sent under that name, in any spelling', () => {
    const headers: [string, string][] = [
      ['authorization', 'mine'],
      ['AUTHORIZATION', 'mine'],
      ['X-Other', '1'],
    ]
    expect(wire(injected([bearer], { token: 'abc' }, { headers })).headers).toEqual([
      ['X-Other', '1'],
      ['Authorization', 'Bearer abc'],
    ])
    const variants: [string, string][] = [
      ['x_api_key', 'mine'],
      ['X-Api_Key', 'mine'],
    ]
    expect(wire(injected([header('X-API-Key', { field: 'k' })], { k: 'v' }, { headers: variants })).headers).toEqual([['X-API-Key', 'v']])
  })

  test('[S2-17] is in no string of the request, and every buffer of it is zero when it is disposed of', () => {
    const query: Placement = { in: 'query', name: 'k', value: [{ field: 'token' }] }
    const request = injected([bearer, basic, query], { token: 'sécret-token', username: 'ann-secret', password: 'pass-word' })
    const strings = JSON.stringify([request.url, request.headers])
    for (const value of ['sécret-token', 'ann-secret', 'pass-word']) expect(strings).not.toContain(value)
    const buffers = [...request.secrets.map(({ bytes }) => bytes), ...request.needles]
    expect(buffers.every((bytes) => bytes.some((byte) => byte !== 0))).toBe(true)
    request[Symbol.dispose]()
    for (const bytes of buffers) expect(bytes.every((byte) => byte === 0)).toBe(true)
  })

  test('[B-4] is looked for in answers with what was made of it; plain values and literals are not', () => {
    const needles = (request: InjectedRequest): string[] => request.needles.map(String).toSorted()
    expect(needles(injected([basic], { username: 'ann-secret', password: 'pass-word' }))).toEqual([
      'ann-secret',
      'ann-secret:pass-word',
      'pass-word',
    ])
    const account = header('X-Account', { field: 'account' })
    expect(needles(injected([account, bearer], { token: 'abcd' }, { plain: { account: 'acct-1' } }))).toEqual(['abcd'])
    expect(
      needles(injected([header('A', { base64: [{ literal: 'x:' }, { field: 'account' }] })], {}, { plain: { account: 'acct-1' } })),
    ).toEqual([])
  })
})

describe('bytes to bytes', () => {
  test('base64 is that of Buffer, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => base64(bytes).toString() === Buffer.from(bytes).toString('base64')))
  })

  test('percent-encoding decodes to the same bytes, and only unreserved ones stand as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const encoded = percentEncoded(bytes).toString('latin1')
        expect(encoded).toMatch(/^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$/)
        const decoded = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        expect(Buffer.from(decoded, 'latin1').equals(bytes)).toBe(true)
      }),
    )
  })
})

describe('a derived value', () => {
  const proof: Placement = {
    in: 'query',
    name: 'appsecret_proof',
    value: [{ hmac: { hash: 'sha256', key: [{ field: '@client_secret' }], message: [{ field: 'access_token' }], encoding: 'hex' } }],
  }
  const values = { '@client_secret': 'client-secret-71', access_token: 'token-72' }
  const expected = createHmac('sha256', 'client-secret-71').update('token-72').digest()

  test('[S0-10] is made of the secrets when the request leaves, in the encoding that is asked for', () => {
    const made = (encoding: 'hex' | 'base64' | 'base64url'): string =>
      wire(injected([header('X-Proof', { hmac: { ...hmacOf(proof), encoding } })], values)).headers[0]?.[1] ?? ''
    expect(wire(injected([proof], values)).url).toBe(`https://api.example.com/x?appsecret_proof=${expected.toString('hex')}`)
    expect(made('base64')).toBe(expected.toString('base64'))
    expect(made('base64url')).toBe(expected.toString('base64url'))
  })

  test('[S2-17] and what it was made of are looked for in the answer, and wiped with the request', () => {
    const request = injected([proof], values)
    const needles = request.needles.map((needle) => needle.toString())
    expect(needles).toEqual(expect.arrayContaining(['client-secret-71', 'token-72', expected.toString('hex')]))
    request[Symbol.dispose]()
    for (const { bytes } of request.secrets) expect(Buffer.from(bytes).every((byte) => byte === 0)).toBe(true)
    for (const needle of request.needles) expect(needle.every((byte) => byte === 0)).toBe(true)
  })
})

function hmacOf({ value: [segment] }: Placement): Extract<Segment, { hmac: unknown }>['hmac'] {
  if (segment === undefined || !('hmac' in segment)) throw new TypeError('not derived')
  return segment.hmac
}
