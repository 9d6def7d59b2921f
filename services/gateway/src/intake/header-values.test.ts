import type { HeaderInput } from '@credence/proto/mint'
import { Secret } from '@credence/secret'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64 } from './base64-bytes.ts'
import { fillHeaders } from './header-values.ts'

const bearer: HeaderInput = { header: 'Authorization', prefix: 'Bearer ', field: 'token', form: 'raw', plain: false }
const account: HeaderInput = { header: 'X-Account-Id', prefix: '', field: 'account', form: 'raw', plain: true }
const basic: HeaderInput = { header: 'Authorization', prefix: 'Basic ', field: 'username', form: 'basic_pair', plain: false }

const given = (name: string, value: string) => ({ name, value: new Secret(Buffer.from(value)) })
const problems = (inputs: readonly HeaderInput[], ...headers: readonly ReturnType<typeof given>[]) => fillHeaders(inputs, headers).problems
const doubled = (header: string, prefix: string) =>
  `Header value for "${header}" already includes the configured prefix "${prefix}"; send the raw value`

describe('the headers of a mint', () => {
  test('[S3-7] each value goes into its field, whatever the case of the header', () => {
    const filled = fillHeaders([bearer, account], [given('AUTHORIZATION', 'abc123'), given('x-account-id', ' acct-7 ')])
    expect([filled.secret.token?.toString(), filled.plain, filled.problems]).toEqual(['abc123', { account: 'acct-7' }, []])
  })

  test('[S3-6] a doubled prefix is found in any case and with any white space', () => {
    for (const value of [
      'Bearer abc',
      'bearer abc',
      'BEARER\tabc',
      '  Bearer   abc',
      'Bearer\u00a0abc',
      'Bearer',
      'bearer  ',
      'Bearer\u3000abc',
    ])
      expect(problems([bearer], given('Authorization', value)), JSON.stringify(value)).toEqual([doubled('Authorization', 'Bearer')])
    for (const value of ['Bearerabc', 'abc Bearer', 'Bear', 'B', 'Bearer-1'])
      expect(problems([bearer], given('Authorization', value)), value).toEqual([])
  })

  test('[S3-6] a prefix that ends in a sign is found without white space, one of two words with any between', () => {
    const signed = { ...bearer, prefix: 'token=' }
    expect(problems([signed], given('authorization', 'Token=abc'))).toEqual([doubled('Authorization', 'token=')])
    expect(problems([signed], given('authorization', 'tokenabc'))).toEqual([])
    const words = { ...bearer, prefix: 'Token token=' }
    expect(problems([words], given('authorization', 'token \t token=abc'))).toEqual([doubled('Authorization', 'Token token=')])
  })

  test('[S3-7] what is missing, empty, unknown, given twice or broken is all said at once, without a value', () => {
    expect(problems([bearer, account], given('Authorization', 'abc'))).toEqual(['Missing required header value(s): X-Account-Id'])
    expect(problems([bearer, account], given('authorization', ''), given('X-Account-Id', ' '))).toEqual([
      'Missing required header value(s): Authorization, X-Account-Id',
    ])
    const all = problems(
      [bearer, account],
      given('X-Other\r\ncanary', 'canary-1'),
      given('Authorization', 'canary\r\nX: 1'),
      given('AUTHORIZATION', 'canary-2'),
    )
    expect(all).toEqual([
      'Header "X-Other??canary" is not configured for this server',
      'Header "AUTHORIZATION" is given more than once',
      'Header value for "Authorization" holds a line break or control character',
      'Missing required header value(s): X-Account-Id',
    ])
    expect(problems([bearer], given('Authorization', 'a\u0000b'))).toHaveLength(1)
  })

  test('[S3-5] the base64 pair of basic is taken apart, and is asked for where it is none', () => {
    const pair = (text: string) => Buffer.from(text).toString('base64')
    const { secret } = fillHeaders([basic], [given('authorization', pair('ann:pä:ss'))])
    expect([secret.username?.toString(), secret.password?.toString()]).toEqual(['ann', 'pä:ss'])
    expect(Object.keys(fillHeaders([basic], [given('authorization', pair('key:'))]).secret)).toEqual(['username'])
    for (const value of ['ann:pass', pair('no-colon'), '%%%'])
      expect(problems([basic], given('authorization', value))).toEqual([
        'Header value for "Authorization" is not the base64 form of user:password',
      ])
    expect(problems([basic], given('authorization', `basic ${pair('a:b')}`))).toEqual([doubled('Authorization', 'Basic')])
  })

  test('base64 of bytes is read as Buffer reads it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom('base64', 'base64url'), (bytes, form) => {
        const text = Buffer.from(bytes).toString(form as BufferEncoding)
        expect(decodeBase64(Buffer.from(text))).toEqual(Buffer.from(bytes))
      }),
    )
  })
})
