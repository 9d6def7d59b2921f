import { createHash, createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { isCoded } from '@credence/errors'
import { seededRandom } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { inject } from '../src/credential/inject.ts'
import { keyFaults } from '../src/credential/sign/key-faults.ts'
import { signRequest } from '../src/credential/sign/sign-request.ts'
import { NOW, onWire, signed, signOf, wireOf } from './sign-support.ts'

const hmac = (members: object): object => ({
  hmac: { hash: 'sha256', key: '{{key}}', headers: [{ name: 'X-Signature', value: '{{@signature}}' }], message: '{{@body}}', ...members },
})
const expected = (message: string, key: string | Buffer = 'k', hash = 'sha256'): Buffer => createHmac(hash, key).update(message).digest()

describe('an HMAC', () => {
  test('[S0-10] is over each part of the request as it stands on the wire', () => {
    const places = ['method', 'path', 'query', 'target', 'url', 'host', 'header:x-a', 'body', 'body_sha256', 'body_sha256:base64']
    const sign = signOf(hmac({ message: places.map((place) => `{{@${place}}}`).join('|') }))
    const request = {
      method: 'PATCH',
      url: 'https://api.example.com:8443/a%20b?x=1&y=%2F',
      headers: [['X-A', ' v '] as const],
      body: '{"é":1}',
    }
    const digest = createHash('sha256').update(request.body).digest()
    const message = [
      ...['PATCH', '/a%20b', 'x=1&y=%2F', '/a%20b?x=1&y=%2F', 'https://api.example.com:8443/a%20b?x=1&y=%2F', 'api.example.com:8443', 'v'],
      ...[request.body, digest.toString('hex'), digest.toString('base64')],
    ].join('|')
    expect(wireOf(sign, { ...request, fields: { key: 'k' } }).header('x-signature')).toBe(expected(message).toString('hex'))
  })

  test.each([
    ['s', '1767323045'],
    ['ms', '1767323045678'],
    ['rfc3339', '2026-01-02T03:04:05.678Z'],
    ['http', 'Fri, 02 Jan 2026 03:04:05 GMT'],
  ])('[S0-10] the time as %s is the same in the message and in its header', (form, text) => {
    const headers = [
      { name: 'X-Time', value: `{{@timestamp:${form}}}` },
      { name: 'X-Signature', value: 't={{@timestamp}},v1={{@signature}},n={{@nonce}}' },
    ]
    const wire = wireOf(signOf(hmac({ message: `{{@timestamp:${form}}}.{{@nonce}}`, headers })), { fields: { key: 'k' }, now: NOW })
    expect(wire.header('x-time')).toBe(text)
    const [, seconds, signature, nonce] = /^t=(\d+),v1=(\w+),n=(\w+)$/.exec(wire.header('x-signature') ?? '') ?? []
    expect([seconds, signature]).toEqual(['1767323045', expected(`${text}.${nonce}`).toString('hex')])
  })

  test('[S0-10] may cover parameters and headers that it adds itself, and its own parameter comes last', () => {
    const sign = signOf(
      hmac({
        message: '{{@query}}:{{@header:x-time}}',
        headers: [{ name: 'X-Time', value: '{{@timestamp}}' }],
        query: [
          { name: 'signature', value: '{{@signature}}' },
          { name: 'timestamp', value: '{{@timestamp:ms}}' },
        ],
      }),
    )
    const wire = wireOf(sign, { url: 'https://api.example.com/order?symbol=A&signature=mine&timestamp=1', fields: { key: 'k' } })
    const covered = 'symbol=A&timestamp=1767323045678'
    expect(wire.url).toBe(`https://api.example.com/order?${covered}&signature=${expected(`${covered}:1767323045`).toString('hex')}`)
  })

  test.each([
    ['hex', 'sha1', 'utf8', 'k'],
    ['base64', 'sha512', 'hex', '00ff10'],
    ['base64url', 'sha256', 'base64', 'AP8Q+/8='],
  ] as const)('[S0-10] is written as %s, by %s under a key written as %s', (encoding, hash, keyEncoding, key) => {
    const sign = signOf(hmac({ hash, encoding, key_encoding: keyEncoding, message: 'm' }))
    expect(wireOf(sign, { fields: { key } }).header('x-signature')).toBe(
      expected('m', Buffer.from(key, keyEncoding), hash).toString(encoding),
    )
  })

  test('[S0-10] covers a value that was placed before, by what stands on the wire', () => {
    const sign = signOf(hmac({ message: '{{@query}}' }), ['key', 'api_key'])
    const fields = new Map([
      ['key', Buffer.from('k')],
      ['api_key', Buffer.from('a/b')],
    ])
    const random = seededRandom('placed')
    const placement = { in: 'query', name: 'api_key', value: [{ field: 'api_key' }] } as const
    const request = inject({ url: new URL('https://api.example.com/x?a=1'), headers: [] }, [placement], { fields, plain: {}, random })
    const wire = onWire(signRequest(request, sign, { method: 'GET', body: undefined, fields, plain: {}, now: NOW, random }))
    expect(wire.header('x-signature')).toBe(expected('a=1&api_key=a%2Fb').toString('hex'))
  })

  test('[S0-10] replaces the header of the caller, in any spelling', () => {
    const headers = [
      ['x_signature', 'mine'],
      ['X-SIGNATURE', 'mine'],
    ] as const
    const wire = wireOf(signOf(hmac({})), { headers, fields: { key: 'k' } })
    expect(wire.names.filter((name) => /x.signature/i.test(name))).toEqual(['X-Signature'])
    expect(wire.header('x-signature')).toBe(expected('').toString('hex'))
  })
})

describe('a JWT', () => {
  const claims = { iss: '{{app}}', aud: ['one', 'two'], admin: true, level: 3, 'odd "name"': 'a "b" \\c' }
  const jwt = (members: object): object => ({ jwt: { key: '{{key}}', claims, lifetime_seconds: 600, ...members } })
  const pem = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
  }
  const parsed = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())

  test.each(['RS256', 'ES256', 'EdDSA'] as const)('[S0-10] by %s is verified by whoever has the public key', (alg) => {
    const { privateKey, publicKey } = pem[alg]
    const sign = signOf(jwt({ alg, header: { kid: '{{kid}}' }, backdate_seconds: 60, jti: true }), ['key', 'app', 'kid'])
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    const wire = wireOf(sign, { headers: [['authorization', 'mine']], fields: { key, app: 'app-1', kid: 'k1' } })
    const [header = '', payload = '', signature = ''] = (wire.header('authorization') ?? '').replace('Bearer ', '').split('.')
    expect(parsed(header)).toEqual({ typ: 'JWT', kid: 'k1', alg })
    expect(parsed(payload)).toEqual({
      ...claims,
      iss: 'app-1',
      iat: 1_767_323_045 - 60,
      exp: 1_767_323_045 + 540,
      jti: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    const input = Buffer.from(`${header}.${payload}`)
    const proof = { key: publicKey, ...(alg === 'ES256' ? { dsaEncoding: 'ieee-p1363' as const } : {}) }
    expect(verify(alg === 'EdDSA' ? null : 'sha256', input, proof, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  test('[S0-10] by HS256 goes where the payload says', () => {
    const sign = signOf(jwt({ alg: 'HS256', headers: [{ name: 'X-Assertion', value: 'jwt {{@token}}' }] }), ['key', 'app'])
    const wire = wireOf(sign, { fields: { key: 'shared', app: 'é"' } })
    const [input = '', signature] = (wire.header('x-assertion') ?? '').replace('jwt ', '').split(/\.(?=[^.]*$)/)
    expect(signature).toBe(expected(input, 'shared').toString('base64url'))
    expect(parsed(input.split('.')[1] ?? '')).toMatchObject({ iss: 'é"' })
  })

  test('[S0-10] is signed with a key whose lines an input or a file has lost, and with the older forms of PEM', () => {
    const sign = signOf(jwt({ alg: 'RS256' }), ['key', 'app'])
    const { privateKey, publicKey } = pem.RS256
    const pkcs8 = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    const forms = [
      pkcs8.replaceAll('\n', ''),
      pkcs8.replaceAll('\n', '\\n'),
      pkcs8.replaceAll('\n', '\r\n'),
      privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
      privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    ]
    for (const key of forms) {
      const token =
        wireOf(sign, { fields: { key, app: 'a' } })
          .header('authorization')
          ?.replace('Bearer ', '') ?? ''
      const cut = token.lastIndexOf('.')
      expect(verify('sha256', Buffer.from(token.slice(0, cut)), publicKey, Buffer.from(token.slice(cut + 1), 'base64url'))).toBe(true)
      expect(keyFaults(sign, new Map([['key', Buffer.from(key)]]))).toEqual([])
    }
    expect(createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).asymmetricKeyType).toBe('rsa')
  })
})

describe('a key that cannot sign', () => {
  const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const rs256 = { jwt: { alg: 'RS256', key: '{{key}}', claims: {}, lifetime_seconds: 60 } }
  test.each([
    ['another algorithm', rs256, ed25519],
    ['no key at all', rs256, 'hello'],
    ['another curve', { http_message: { alg: 'ecdsa-p256-sha256', key: '{{key}}' } }, p384],
    ['no hex', hmac({ key_encoding: 'hex' }), 'xyz'],
    ['no base64', hmac({ key_encoding: 'base64' }), 'a b'],
  ])('[S0-10] %s is told of its field when it is entered, and again when it is used', (_name, sign, key) => {
    const recipe = signOf(sign)
    expect(keyFaults(recipe, new Map([['key', Buffer.from(key)]]))).toMatchObject([{ pointer: '/fields/key', code: 'not_a_key' }])
    const refused = ((): unknown => {
      try {
        return signed(recipe, { fields: { key } })
      } catch (error) {
        return isCoded(error) ? [error.code, JSON.stringify(error.details.faults)] : error
      }
    })()
    expect(refused).toEqual(['FIELD_REFUSED', expect.stringContaining('/fields/key')])
    expect(JSON.stringify(refused)).not.toContain(key)
  })
})

describe('what is left of a signature', () => {
  const kinds: readonly (readonly [string, object])[] = [
    ['hmac', hmac({ message: '{{@timestamp}}', headers: [{ name: 'X-S', value: '{{@signature}}' }] })],
    ['jwt', { jwt: { alg: 'HS256', key: '{{key}}', claims: { iss: '{{id}}' }, lifetime_seconds: 60 } }],
    ['http_message', { http_message: { alg: 'hmac-sha256', key: '{{key}}', keyid: '{{id}}' } }],
    ['aws_sigv4', { aws_sigv4: { region: 'r', service: 's', access_key_id: '{{id}}', secret_access_key: '{{key}}' } }],
  ]
  const fields = { key: 'signing-key-71', id: 'key-id-72' }

  test.each(kinds)('[S2-17] %s: keys, values and what was made of them are looked for in the answer', (kind, sign) => {
    const request = signed(signOf(sign, ['key', 'id']), { fields })
    const needles = request.needles.map((needle) => needle.toString())
    expect(needles).toContain('signing-key-71')
    if (kind !== 'hmac') expect(needles).toContain('key-id-72')
    const wire = onWire(request)
    const made = request.secrets.map(({ bytes }) => Buffer.from(bytes).toString()).join(' ')
    const last = needles.filter((needle) => !Object.values(fields).includes(needle))
    expect(last.length).toBeGreaterThan(0)
    for (const needle of last) expect(made).toContain(needle)
    expect(wire.names.length).toBeGreaterThan(0)
  })

  test.each(kinds)('[S2-17] %s: all of it is wiped with the request, and with a request that was not signed', (_kind, sign) => {
    const request = signed(signOf(sign, ['key', 'id']), { fields })
    request[Symbol.dispose]()
    for (const bytes of [...request.secrets.map((secret) => secret.bytes), ...request.needles]) {
      expect(Buffer.from(bytes).every((byte) => byte === 0)).toBe(true)
    }
  })

  test('[S2-17] plain values are no secrets of an answer', () => {
    const request = signed(signOf(hmac({ message: '{{tenant}}' }), ['key', 'tenant']), {
      fields: { key: 'signing-key-71' },
      plain: { tenant: 'north' },
    })
    expect(request.needles.map((needle) => needle.toString())).not.toContain('north')
  })
})
