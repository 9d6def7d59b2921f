import type { RecipeOAuth, RecipeRefresh } from '@credence/provider'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ParsedTokenAnswer, parseTokenAnswer, safeCode } from './token-answer.ts'

const oauth: RecipeOAuth = {
  clientId: 'ocl_1',
  authorizeUri: 'https://a.example/authorize',
  tokenUri: 'https://a.example/token',
  availableScopes: [],
  scopeSeparator: ' ',
  clientAuth: 'client_secret_post',
  bodyFormat: 'form',
  paths: {
    accessToken: '/access_token',
    refreshToken: '/refresh_token',
    expiresIn: '/expires_in',
    scope: '/scope',
    tokenType: '/token_type',
  },
  expiresInUnit: 's',
  authorizeParams: {},
  invalidGrantCodes: ['invalid_grant', 'BAD_REFRESH_TOKEN'],
}
const refresh: RecipeRefresh = { class: 'strict', permanentErrors: ['AADSTS50173', 'expired or revoked'] }

interface Given {
  readonly status?: number
  readonly retryAfter?: string
  readonly sent?: string
  readonly oauth?: Partial<RecipeOAuth>
}

function parse(body: unknown, { status = 200, retryAfter, sent, oauth: quirks = {} }: Given = {}): ParsedTokenAnswer {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const raw = { status, body: bytes, ...(retryAfter === undefined ? {} : { retryAfter }) }
  const context = { now: 0, ...(sent === undefined ? {} : { sentRefreshToken: Buffer.from(sent) }) }
  return parseTokenAnswer(raw, { oauth: { ...oauth, ...quirks }, refresh }, context)
}

describe('tokens', () => {
  test('are copies of bytes, with their life and scopes', () => {
    const { answer, accessToken, refreshToken, expiresInS, scopes } = parse({
      access_token: 'at',
      refresh_token: 'rt',
      expires_in: 60,
      scope: 'a b,c',
    })
    expect(answer).toEqual({ kind: 'tokens', status: 200, refreshToken: 'different' })
    expect([String(accessToken), String(refreshToken), expiresInS, scopes]).toEqual(['at', 'rt', 60, ['a', 'b', 'c']])
  })

  test('tell when the refresh token ends, where the server does, under its own name or another', () => {
    expect(parse({ access_token: 'a', refresh_token_expires_in: 604_800 }).refreshExpiresInS).toBe(604_800)
    const paths = { ...oauth.paths, refreshTokenExpiresIn: '/x_refresh_token_expires_in' }
    expect(parse({ access_token: 'a', x_refresh_token_expires_in: 8_726_400 }, { oauth: { paths } }).refreshExpiresInS).toBe(8_726_400)
    for (const none of [0, -1, 'never', null])
      expect(parse({ access_token: 'a', refresh_token_expires_in: none })).not.toHaveProperty('refreshExpiresInS')
  })

  test('[B-1] tell whether the refresh token is another, the same or none', () => {
    expect(parse({ access_token: 'a', refresh_token: 'rt' }, { sent: 'rt' }).answer).toMatchObject({ refreshToken: 'same' })
    expect(parse({ access_token: 'a', refresh_token: 'rt2' }, { sent: 'rt' }).answer).toMatchObject({ refreshToken: 'different' })
    for (const none of [undefined, null, ''])
      expect(parse({ access_token: 'a', refresh_token: none }, { sent: 'rt' }).answer).toMatchObject({ refreshToken: 'absent' })
  })

  test('are found where the provider says, and count only where it says `ok`', () => {
    const slack = { ok: { path: '/ok' }, paths: { ...oauth.paths, accessToken: '/authed_user/access_token' } }
    expect(String(parse({ ok: true, authed_user: { access_token: 'x' } }, { oauth: slack }).accessToken)).toBe('x')
    expect(parse({ ok: false, error: 'invalid_code', authed_user: { access_token: 'x' } }, { oauth: slack }).answer).toMatchObject({
      kind: 'error',
      code: 'invalid_code',
    })
  })

  test.each([
    ['"3600"', 3600],
    ['0', undefined],
    ['-5', undefined],
    ['null', undefined],
    ['"soon"', undefined],
    ['1e300', undefined],
    ['99999999999999999999', undefined],
  ])('with expires_in %s live %s seconds', (stated, expected) => {
    expect(parse(`{"access_token":"a","expires_in":${stated}}`).expiresInS).toBe(expected)
  })

  test('with a life in milliseconds are read in seconds', () => {
    expect(parse({ access_token: 'a', expires_in: 60_000 }, { oauth: { expiresInUnit: 'ms' } }).expiresInS).toBe(60)
  })
})

describe('a refusal', () => {
  test('keeps its code, its wait and the entry of the provider’s table that matched', () => {
    const given = { error: 'invalid_grant', error_description: 'Token has been expired or revoked for ann@example.com' }
    expect(parse(given, { status: 400, retryAfter: '7' }).answer).toEqual({
      kind: 'error',
      status: 400,
      code: 'invalid_grant',
      descriptor: 'expired or revoked',
      retryAfterMs: 7000,
    })
    expect(parse({ error: 'BAD_REFRESH_TOKEN' }, { status: 400 }).answer).toMatchObject({ code: 'invalid_grant' })
    expect(parse({ error: 'AADSTS50173' }, { status: 400 }).answer).toMatchObject({ code: 'AADSTS50173', descriptor: 'AADSTS50173' })
  })

  test('[S2-19] whose code is no code is `other`: a server may send back what it was sent', () => {
    const code = (text: string): string => safeCode(text, Buffer.from('sent_token'))
    for (const good of ['invalid_grant', 'BAD_REFRESH_TOKEN', 'AADSTS700082', 'error.code-x']) expect(code(good)).toBe(good)
    const bad = [
      'rt_9fK2mQ8x',
      'rt_uuvpneqWTbeIPDyedVPTNyBfjzcpw_fx',
      'rt_abcdefghijklmnopqrstuvwxyz',
      'sent_token',
      'token',
      'a b',
      '',
      '1/abc',
    ]
    for (const text of [...bad, 'x'.repeat(60), '<b>', 'eyJhbGciOiJIUzI1NiJ9']) expect(code(text)).toBe('other')
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 48 }), (bytes) => {
        // What chance takes as bytes of one range may look like words.
        fc.pre(new Set(bytes).size > 16)
        expect(code(Buffer.from(bytes).toString('base64url'))).toBe('other')
      }),
    )
    expect(parse({ error: 'rt_9fK2mQ8xLw' }, { status: 400 }).answer).toMatchObject({ code: 'other' })
  })
})

describe('[B-1] an answer that is none', () => {
  const mayHold = (body: string, given?: Given): unknown => parse(body, given).answer

  test('may hold a token at 2xx unless it is a page or says no', () => {
    for (const body of [
      '',
      '{"access_token":"a',
      'access_token=a&refresh_token=b',
      '\u001f\u008b packed',
      '{"message":"hello"}',
      '[]',
      '{"ok":true}',
    ])
      expect(mayHold(body), body).toEqual({ kind: 'unreadable', status: 200, mayHoldToken: true })
  })

  test('holds none when it is HTML, says `ok: false`, or is no success', () => {
    for (const body of ['<!doctype html><p>hotspot', '\ufeff \n<html>', '{"ok":false}'])
      expect(mayHold(body), body).toEqual({ kind: 'unreadable', status: 200, mayHoldToken: false })
    for (const status of [302, 403, 500, 503])
      expect(mayHold('oops', { status })).toEqual({ kind: 'unreadable', status, mayHoldToken: false })
  })
})
