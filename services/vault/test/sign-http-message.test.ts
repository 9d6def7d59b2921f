import { constants, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { seededRandom } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { inject } from '../src/credential/inject.ts'
import { RequestDraft } from '../src/credential/sign/request-draft.ts'
import { signatureBase, signatureParameters } from '../src/credential/sign/sign-http-message.ts'
import { NOW, type Signing, signed, signOf, wireOf } from './sign-support.ts'

/** `test-request` of RFC 9421 appendix B.2, and what was signed when. */
const REQUEST: Signing = {
  method: 'POST',
  url: 'https://example.com/foo?param=Value&Pet=dog',
  headers: [
    ['Date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ['Content-Type', 'application/json'],
    ['Content-Digest', 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:'],
  ],
  body: '{"hello": "world"}',
  now: 1_618_884_473_000,
}
/** Appendix B.1.4 and B.1.5. */
const ED25519_PEM =
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n'
const SHARED_SECRET = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='

const message = (members: object): object => ({ http_message: { key: '{{key}}', ...members } })

describe('the vectors of RFC 9421 appendix B', () => {
  test('[S0-10] B.2.5: HMAC-SHA256', () => {
    const sign = signOf(
      message({
        alg: 'hmac-sha256',
        key_encoding: 'base64',
        keyid: 'test-shared-secret',
        label: 'sig-b25',
        components: ['date', '@authority', 'content-type'],
      }),
    )
    const wire = wireOf(sign, { ...REQUEST, fields: { key: SHARED_SECRET } })
    expect(wire.header('signature-input')).toBe(
      'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    )
    expect(wire.header('signature')).toBe('sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:')
  })

  test('[S0-10] B.2.6: Ed25519', () => {
    const components = ['date', '@method', '@path', '@authority', 'content-type', 'content-length']
    const sign = signOf(message({ alg: 'ed25519', keyid: 'test-key-ed25519', label: 'sig-b26', components }))
    const wire = wireOf(sign, { ...REQUEST, fields: { key: ED25519_PEM } })
    expect(wire.header('signature-input')).toBe(
      'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    )
    expect(wire.header('signature')).toBe(
      'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:',
    )
  })

  /** RSA-PSS is drawn anew each time: what the RFC publishes must verify over the base that is made here. */
  const RSA_PSS = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      e: 'AQAB',
      n:
        'r4tmm3r20Wd_PbqvP1s2-QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct-Lh1GH45x28Rw3Ry53mm-oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk9' +
        '5AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL-Wokqltd11nqqzi-bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aD' +
        'ZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d-nb4bnNkQVklLQ3fVAvJm-xdDOp9LCNCN48V2pnDOkFV6-U9nV5oyc6XI2w',
    },
  })
  const B21 =
    'd2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeN' +
    'qsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8' +
    'jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q=='
  const B23 =
    'bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzY' +
    'x8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A' +
    '9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA=='

  const FULL = ['date', '@method', '@path', '@query', '@authority', 'content-type', 'content-digest', 'content-length']
  test.each([
    ['B.2.1, nothing but the parameters', [], { nonce: Buffer.from('b3k2pp5k7z-50gnwp.yemd') }, B21],
    ['B.2.3, everything', FULL, {}, B23],
  ] as const)('[S0-10] %s: the published RSA-PSS signature stands over our base', (_name, components, more, published) => {
    using draft = draftOf(REQUEST)
    const parameters = signatureParameters(components, { created: 1_618_884_473, keyid: Buffer.from('test-key-rsa-pss'), ...more }, draft)
    const base = signatureBase(draft, components, parameters)
    expect(verifies(RSA_PSS, base, Buffer.from(published, 'base64'))).toBe(true)
    expect(verifies(RSA_PSS, Buffer.concat([base, Buffer.from(' ')]), Buffer.from(published, 'base64'))).toBe(false)
  })

  function verifies(key: KeyObject, base: Uint8Array, signature: Uint8Array): boolean {
    return verify('sha512', base, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }, signature)
  }
})

function draftOf({ method = 'GET', url = '', headers = [], body = '' }: Signing): RequestDraft {
  const random = seededRandom('draft')
  const request = inject({ url: new URL(url), headers }, [], { fields: new Map(), plain: {}, random })
  return new RequestDraft(request, { method, body: Buffer.from(body), random })
}

describe('a message signature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

  /** The base as RFC 9421 §2.5 draws it, written by hand from what arrived. */
  function holds(wire: ReturnType<typeof wireOf>, lines: readonly string[]): boolean {
    const parameters = wire.header('signature-input')?.replace(/^sig1=/, '') ?? ''
    const base = [...lines, `"@signature-params": ${parameters}`].join('\n')
    const signature = /^sig1=:(.*):$/.exec(wire.header('signature') ?? '')?.[1] ?? ''
    return verify(null, Buffer.from(base), publicKey, Buffer.from(signature, 'base64'))
  }

  test('[S0-10] covers method, authority, path, query and the digest of the body when the payload names nothing', () => {
    const wire = wireOf(signOf(message({ alg: 'ed25519' })), {
      method: 'POST',
      url: 'https://api.example.com:8443/v1/x?a=1',
      body: '{"hello": "world"}\n',
      fields: { key },
    })
    // RFC 9530 appendix B.1
    const digest = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:'
    expect(wire.header('content-digest')).toBe(digest)
    const lines = [
      '"@method": POST',
      '"@authority": api.example.com:8443',
      '"@path": /v1/x',
      '"@query": ?a=1',
      `"content-digest": ${digest}`,
    ]
    expect(holds(wire, lines)).toBe(true)
    expect(holds(wire, lines.with(2, '"@path": /v1/y'))).toBe(false)
  })

  test('[S0-10] carries what the payload asks for: expiry, key, nonce, algorithm, tag', () => {
    const sign = signOf(
      message({ alg: 'ed25519', keyid: '{{key_id}}', expires_seconds: 60, nonce: true, alg_parameter: true, tag: 'app "x"' }),
      ['key', 'key_id'],
    )
    const wire = wireOf(sign, { fields: { key, key_id: 'k\\1' } })
    const created = Math.floor(NOW / 1000)
    expect(wire.header('signature-input')).toMatch(
      new RegExp(
        `^sig1=\\(.*\\);created=${created};expires=${created + 60};keyid="k\\\\\\\\1";nonce="[0-9a-f]{32}";alg="ed25519";tag="app \\\\"x\\\\""$`,
      ),
    )
  })

  test('[S2-17] a second signature has a new time and a new nonce', () => {
    const sign = signOf(message({ alg: 'ed25519', nonce: true }))
    const random = seededRandom('twice')
    const at = (now: number): string => wireOf(sign, { fields: { key }, now, random }).header('signature-input') ?? ''
    const nonces = [at(NOW), at(NOW + 5000)].map((input) => [/created=(\d+)/.exec(input)?.[1], /nonce="(\w+)"/.exec(input)?.[1]])
    expect(nonces[0]?.[0]).not.toBe(nonces[1]?.[0])
    expect(nonces[0]?.[1]).not.toBe(nonces[1]?.[1])
  })

  test('[S0-10] replaces what the caller sent under the same names', () => {
    const headers = [
      ['Signature', 'sig1=:AAAA:'],
      ['signature-input', 'sig1=()'],
      ['Content-Digest', 'sha-256=:AAAA:'],
    ] as const
    const wire = wireOf(signOf(message({ alg: 'ed25519' })), { method: 'PUT', body: 'x', headers, fields: { key } })
    expect(wire.names.filter((name) => /^(signature|content-digest)/i.test(name))).toHaveLength(3)
    expect(wire.header('signature')).not.toContain('AAAA')
  })

  test('[S0-10] of a header that the request lacks is refused by its name', () => {
    const sign = signOf(message({ alg: 'ed25519', components: ['@method', 'x-request-id'] }))
    expect(() => signed(sign, { fields: { key } })).toThrow(/x-request-id/)
  })

  test.each([
    ['rsa-pss-sha512', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['rsa-v1_5-sha256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ecdsa-p256-sha256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ] as const)('[S0-10] by %s is verified by whoever has the public key', (alg, pair) => {
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    const wire = wireOf(signOf(message({ alg, components: ['@target-uri'] })), { url: 'https://api.example.com/a?b', fields: { key: pem } })
    const parameters = wire.header('signature-input')?.replace('sig1=', '')
    const base = Buffer.from(`"@target-uri": https://api.example.com/a?b\n"@signature-params": ${parameters}`)
    const signature = Buffer.from(/:(.*):/.exec(wire.header('signature') ?? '')?.[1] ?? '', 'base64')
    const options = {
      'rsa-pss-sha512': { key: pair.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 },
      'rsa-v1_5-sha256': { key: pair.publicKey, padding: constants.RSA_PKCS1_PADDING },
      'ecdsa-p256-sha256': { key: pair.publicKey, dsaEncoding: 'ieee-p1363' as const },
    }[alg]
    expect(verify(alg === 'rsa-pss-sha512' ? 'sha512' : 'sha256', base, options, signature)).toBe(true)
  })
})
