import type { HeaderInput } from '@credence/proto/mint'
import { Secret } from '@credence/secret'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64 } from './base64-bytes.ts'
import { fillHeaders } from './header-values.ts'

const bearer: HeaderInput = { header: 'Authorization', prefixes: ['Bearer '], suffix: '', field: 'token', form: 'raw', plain: false }
const account: HeaderInput = { header: 'X-Account-Id', prefixes: [], suffix: '', field: 'account', form: 'raw', plain: true }
const basic: HeaderInput = {
  header: 'Authorization',
  prefixes: ['Basic '],
  suffix: '',
  field: 'username',
  form: 'basic_pair',
  plain: false,
}

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
      'Bearer\u0085abc',
      'Bearer\u1680abc',
      'Bearer\u2028abc',
      'Bearer\u205fabc',
      '\ufeffBearer abc',
    ])
      expect(problems([bearer], given('Authorization', value)), JSON.stringify(value)).toEqual([doubled('Authorization', 'Bearer')])
    for (const value of ['Bearerabc', 'abc Bearer', 'Bear', 'B', 'Bearer-1'])
      expect(problems([bearer], given('Authorization', value)), value).toEqual([])
  })

  test('[S3-6] a prefix that ends in a sign is found without white space, one of two words with any between', () => {
    const signed = { ...bearer, prefixes: ['token='] }
    expect(problems([signed], given('authorization', 'Token=abc'))).toEqual([doubled('Authorization', 'token=')])
    expect(problems([signed], given('authorization', 'tokenabc'))).toEqual([])
    const words = { ...bearer, prefixes: ['Token token='] }
    expect(problems([words], given('authorization', 'token \t token=abc'))).toEqual([doubled('Authorization', 'Token token=')])
  })

  test('[S3-6] each piece that is put before a value is found by itself, and so is what is put behind it', () => {
    const pieces = { ...bearer, prefixes: ['Bearer ', 'pre_'], suffix: '/v2' }
    expect(problems([pieces], given('Authorization', 'Bearer abc'))).toEqual([doubled('Authorization', 'Bearer')])
    expect(problems([pieces], given('Authorization', 'pre_abc'))).toEqual([doubled('Authorization', 'pre_')])
    expect(problems([pieces], given('Authorization', 'abc/v2'))).toEqual([
      'Header value for "Authorization" already includes the configured suffix "/v2"; send the raw value',
    ])
    expect(problems([pieces], given('Authorization', 'abc'))).toEqual([])
  })

  test('[S3-7] blanks around a value are no part of it, and blanks alone are none', () => {
    expect(fillHeaders([bearer], [given('Authorization', ' \tabc\t ')]).secret.token?.toString()).toBe('abc')
    for (const value of [' ', '\t', '\u00a0', '\u2003 '])
      expect(problems([bearer], given('Authorization', value)), JSON.stringify(value)).toEqual([
        'Missing required header value(s): Authorization',
      ])
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
    expect(problems([basic], given('authorization', pair('ann:pass\n')))).toEqual([
      'Header value for "Authorization" holds a line break or control character',
    ])
  })

  test('[S3-5] the pair keeps what the server puts to it, its plain user and its missing password', () => {
    const pair = (text: string) => Buffer.from(text).toString('base64')
    const suffixed = { ...basic, suffix: '/token' }
    expect(fillHeaders([suffixed], [given('authorization', pair('ann:key'))]).secret.username?.toString()).toBe('ann')
    expect(problems([suffixed], given('authorization', pair('ann/token:key')))).toEqual([
      'Header value for "Authorization" already includes the configured suffix "/token"; send the raw value',
    ])
    expect(fillHeaders([{ ...basic, plain: true }], [given('authorization', pair('ann:key'))]).plain).toEqual({ username: 'ann' })
    const user = { ...basic, form: 'basic_user' }
    expect(problems([user], given('authorization', pair('key:')))).toEqual([])
    expect(problems([user], given('authorization', pair('key:X')))).toEqual([expect.stringContaining('send the base64 form of "user:"')])
  })

  test('[S2-17] what was decoded is wiped when it has been stored', () => {
    let kept: Buffer | undefined
    {
      using filled = fillHeaders([basic], [given('authorization', Buffer.from('ann:pass').toString('base64'))])
      kept = filled.secret.password
      expect(kept?.toString()).toBe('pass')
    }
    expect(kept).toEqual(Buffer.alloc(4))
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
