import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TokenStyle, tokenRequest } from './token-request.ts'

const client = { oauthClientId: 'my client', secret: Buffer.from('s3cr&t:ü') }
const parameters = [
  { name: 'grant_type', value: Buffer.from('refresh_token') },
  { name: 'refresh_token', value: Buffer.from('a b+c/"d\\') },
]
const style = (members: Partial<TokenStyle>): TokenStyle => ({ clientAuth: 'client_secret_post', bodyFormat: 'form', ...members })

describe('a token request', () => {
  test('[S0-5] carries the client in the body, form-encoded (RFC 6749 §2.3.1)', () => {
    const { body, authorization, headers } = tokenRequest(parameters, client, style({}))
    expect(Object.fromEntries(new URLSearchParams(body.toString()))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'a b+c/"d\\',
      client_id: 'my client',
      client_secret: 's3cr&t:ü',
    })
    expect(authorization).toBeUndefined()
    expect(headers).toContainEqual(['content-type', 'application/x-www-form-urlencoded'])
  })

  test('[S0-5] carries it in the header, both parts form-encoded before they are joined, and nowhere else', () => {
    const { body, authorization } = tokenRequest(parameters, client, style({ clientAuth: 'client_secret_basic' }))
    const pair = Buffer.from(String(authorization).replace('Basic ', ''), 'base64').toString()
    expect(pair.split(':').map(decodeURIComponent)).toEqual(['my client', 's3cr&t:ü'])
    expect(body.toString()).not.toContain('client')
  })

  test('of a public client names it and has no secret', () => {
    const { body, authorization } = tokenRequest(parameters, client, style({ clientAuth: 'none' }))
    const form = new URLSearchParams(body.toString())
    expect([form.get('client_id'), form.get('client_secret'), authorization]).toEqual(['my client', null, undefined])
  })

  test('is JSON where the provider wants it, whatever the values', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~é€]*$/), (value) => {
        const { body } = tokenRequest([{ name: 'code', value: Buffer.from(value) }], client, style({ bodyFormat: 'json' }))
        expect(JSON.parse(body.toString())).toEqual({ code: value, client_id: 'my client', client_secret: 's3cr&t:ü' })
      }),
    )
  })
})
