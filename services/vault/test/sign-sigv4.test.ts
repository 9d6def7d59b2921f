import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Signing, signOf, wireOf } from './sign-support.ts'

const FIELDS = ['access_key_id', 'secret_access_key', 'session_token']
const SUITE = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/' +
  'qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38x' +
  'Vqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

const sigV4 = (members: object = {}): object => ({
  aws_sigv4: {
    region: 'us-east-1',
    service: 'service',
    access_key_id: '{{access_key_id}}',
    secret_access_key: '{{secret_access_key}}',
    session_token: '{{session_token}}',
    signed_headers: ['my-header1', 'my-header2'],
    ...members,
  },
})

interface Vector {
  readonly name: string
  readonly method?: 'POST'
  /** Path and query. */
  readonly target?: string
  readonly headers?: Signing['headers']
  readonly body?: string
  readonly token?: string
  /** The suite writes paths of the request line raw; on the wire they are encoded, and then once is enough. */
  readonly isRaw?: boolean
  readonly signedHeaders?: string
  readonly signature: string
}

const POST = 'POST' as const
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PLAIN_POST = '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'
const ONE_PARAMETER = '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11'

/**
 * Requests and signatures of AWS's published Signature Version 4 test suite (docs.aws.amazon.com/general/latest/gr/
 * signature-v4-test-suite.html), as the AWS SDK for JavaScript has them beside its signer too.
 */
const VECTORS: readonly Vector[] = [
  { name: 'get-vanilla', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'get-header-key-duplicate',
    headers: [
      ['My-Header1', 'value2'],
      ['My-Header1', 'value2'],
      ['My-Header1', 'value1'],
    ],
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  {
    name: 'get-header-value-order',
    headers: ['value4', 'value1', 'value3', 'value2'].map((value) => ['My-Header1', value] as const),
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  },
  {
    name: 'get-header-value-trim',
    headers: [
      ['My-Header1', ' value1'],
      ['My-Header2', ' "a   b   c"'],
    ],
    signedHeaders: 'host;my-header1;my-header2;x-amz-date',
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  { name: 'get-unreserved', target: `/${UNRESERVED}`, signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f' },
  { name: 'get-utf8', target: '/\u1234', isRaw: true, signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85' },
  {
    name: 'get-special-character',
    target: '/example/$delete',
    signature: 'a853c9b21b528b19643d00910d35b83a10c366a10833ceefb45edd6c80e40f27',
  },
  {
    name: 'get-vanilla-empty-query-key',
    target: '/?Param1=value1',
    signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    target: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-vanilla-query-unreserved',
    target: `/?${UNRESERVED}=${UNRESERVED}`,
    signature: '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  },
  {
    name: 'get-vanilla-utf8-query',
    target: '/?\u1234=bar',
    signature: '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  },
  { name: 'post-vanilla', method: POST, signature: PLAIN_POST },
  {
    name: 'post-header-key-sort',
    method: POST,
    headers: [['My-Header1', 'value1']],
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  },
  {
    name: 'post-header-value-case',
    method: POST,
    headers: [['My-Header1', 'VALUE1']],
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  },
  {
    name: 'post-sts-header-before',
    method: POST,
    token: TOKEN,
    signedHeaders: 'host;x-amz-date;x-amz-security-token',
    signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  },
  { name: 'post-vanilla-query', method: POST, target: '/?Param1=value1', signature: ONE_PARAMETER },
  {
    name: 'post-x-www-form-urlencoded',
    method: POST,
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    body: 'Param1=value1',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
  {
    name: 'post-x-www-form-urlencoded-parameters',
    method: POST,
    headers: [['Content-Type', 'application/x-www-form-urlencoded; charset=utf8']],
    body: 'Param1=value1',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
  },
]

const AT = Date.UTC(2015, 7, 30, 12, 36, 0)

describe("AWS's published vectors", () => {
  test.each(VECTORS)('[S0-10] $name', ({ method = 'GET', target = '/', headers = [], body, token = '', isRaw, ...expected }) => {
    const sign = signOf(sigV4(isRaw ? { path_encoding: 'single' } : {}), FIELDS)
    const wire = wireOf(sign, {
      method,
      url: `https://example.amazonaws.com${target}`,
      headers,
      ...(body === undefined ? {} : { body }),
      fields: { ...SUITE, session_token: token },
      now: AT,
    })
    const { signedHeaders = 'host;x-amz-date', signature } = expected
    expect(wire.header('authorization')).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    )
    expect(wire.header('x-amz-date')).toBe('20150830T123600Z')
    expect(wire.header('x-amz-security-token')).toBe(token === '' ? undefined : token)
  })

  test('[S0-10] the IAM example of the signing guide', () => {
    const wire = wireOf(signOf(sigV4({ service: 'iam' }), FIELDS), {
      url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08',
      headers: [['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8']],
      fields: SUITE,
      now: AT,
    })
    expect(wire.header('authorization')).toMatch(/Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7$/)
  })

  // docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html
  const S3 = { access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
  const s3 = { service: 's3', path_encoding: 'single', signed_headers: ['range'] }
  const object = { url: 'https://examplebucket.s3.amazonaws.com/test.txt', fields: S3, now: Date.UTC(2013, 4, 24) }

  test('[S0-10] the GET of an object, whose body digest is sent too', () => {
    const wire = wireOf(signOf(sigV4({ ...s3, content_sha256: true }), FIELDS), { ...object, headers: [['Range', 'bytes=0-9']] })
    expect(wire.header('authorization')).toMatch(
      /SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd/,
    )
  })

  test('[S0-10] the address of an object with the signature in the query', () => {
    const wire = wireOf(signOf(sigV4({ ...s3, in: 'query', unsigned_payload: true, expires_seconds: 86_400 }), FIELDS), object)
    const query = new URL(wire.url).searchParams
    expect(query.get('X-Amz-Signature')).toBe('aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404')
    expect(query.get('X-Amz-Credential')).toBe('AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request')
    expect(wire.header('authorization')).toBeUndefined()
  })
})

describe('a signature of version 4', () => {
  const sign = signOf(sigV4(), FIELDS)

  test('[S0-10] replaces what the caller sent under its names, and covers his own `x-amz-` headers', () => {
    const headers = [
      ['Authorization', 'mine'],
      ['x-amz-date', '20000101T000000Z'],
      ['X-Amz-Target', 'DynamoDB_20120810.ListTables'],
    ] as const
    const wire = wireOf(sign, { method: 'POST', headers, body: '{}', fields: SUITE })
    expect(wire.header('authorization')).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260102.*SignedHeaders=host;x-amz-date;x-amz-target, /,
    )
    expect(wire.header('x-amz-date')).toBe('20260102T030405Z')
  })

  test('[S0-10] leaves the body out where the payload says so, and tells the API', () => {
    const unsigned = signOf(sigV4({ unsigned_payload: true }), FIELDS)
    const of = (body: string): string | undefined => wireOf(unsigned, { method: 'PUT', body, fields: SUITE }).header('authorization')
    expect(of('one')).toBe(of('other'))
    expect(wireOf(unsigned, { body: 'one', fields: SUITE }).header('x-amz-content-sha256')).toBe('UNSIGNED-PAYLOAD')
    const whole = (body: string): string | undefined => wireOf(sign, { method: 'PUT', body, fields: SUITE }).header('authorization')
    expect(whole('one')).not.toBe(whole('other'))
  })

  test('[S0-10] says the digest of the body itself where the caller says one, in whatever spelling', () => {
    for (const name of ['X-Amz-Content-Sha256', 'x_amz_content_sha256']) {
      const wire = wireOf(sign, { method: 'PUT', body: 'one', fields: SUITE, headers: [[name, 'UNSIGNED-PAYLOAD']] })
      expect(wire.header('x-amz-content-sha256')).toBe(createHash('sha256').update('one').digest('hex'))
      expect(wire.header('x_amz_content_sha256')).toBeUndefined()
      expect(wire.header('authorization')).toContain('x-amz-content-sha256')
    }
  })

  test('[S0-10] takes region and service from plain fields as well', () => {
    const templated = signOf(sigV4({ region: '{{region}}', service: '{{service}}' }), [...FIELDS, 'region', 'service'])
    const wire = wireOf(templated, { fields: SUITE, plain: { region: 'eu-central-1', service: 'execute-api' } })
    expect(wire.header('authorization')).toContain('/20260102/eu-central-1/execute-api/aws4_request')
  })
})
