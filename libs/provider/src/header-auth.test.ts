import { describe, expect, test } from 'vitest'
import { headerAuthOf, levelOf } from './header-auth.ts'
import { parseProvider } from './parse-provider.ts'

const fields = (...names: readonly string[]): object[] => names.map((name) => ({ field_name: name, required: true }))
const of = (patterns: object | object[], members: object = {}) =>
  parseProvider(
    Buffer.from(
      JSON.stringify({
        display_name: 'X',
        proxy_url: 'https://api.x.example',
        proxy_enabled: true,
        auth_patterns: [patterns].flat(),
        ...members,
      }),
    ),
  )
const bearer = { type: 'BEARER', fields: fields('token') }

describe('headerAuthOf', () => {
  test('[S3-5] is each type whose secrets are all in headers', () => {
    const headers = (pattern: object) => headerAuthOf(of(pattern))?.headers
    expect(headers(bearer)).toEqual([{ header: 'Authorization', prefixes: ['Bearer '], suffix: '', field: 'token', form: 'raw' }])
    expect(headers({ type: 'API_KEY', fields: fields('api_key'), auth_header_key_override: 'X-API-Key' })).toEqual([
      { header: 'X-API-Key', prefixes: [], suffix: '', field: 'api_key', form: 'raw' },
    ])
    expect(headers({ type: 'BASIC', fields: fields('username', 'password') })).toEqual([
      { header: 'Authorization', prefixes: ['Basic '], suffix: '', field: 'username', form: 'basic_pair' },
    ])
    const custom = [
      { name: 'Authorization', prefix: 'Bearer', value: '{{key}}' },
      { name: 'X-Account-Id', value: '{{account}}', secret: false },
      { name: 'X-Version', value: '2' },
    ]
    expect(headers({ type: 'CUSTOM_HEADER', fields: fields('key', 'account'), headers: custom })).toEqual([
      { header: 'Authorization', prefixes: ['Bearer '], suffix: '', field: 'key', form: 'raw' },
      { header: 'X-Account-Id', prefixes: [], suffix: '', field: 'account', form: 'raw' },
    ])
  })

  test('[S3-5] [S3-6] a prefix of a mutation is literal', () => {
    const payload = of({ type: 'API_KEY', fields: fields('api_key'), auth_field_mutations: { api_key: { prefix: 'Token ' } } })
    expect(headerAuthOf(payload)?.headers[0]?.prefixes).toEqual(['Token '])
  })

  test('[S3-5] is it with text behind the value, too, and with mutations of a pair', () => {
    const headers = (pattern: object) => headerAuthOf(of(pattern))?.headers
    const key = { header: 'Authorization', field: 'token', form: 'raw' }
    const mutated = { ...bearer, auth_field_mutations: { token: { prefix: 'pre_', suffix: '/v2' } } }
    expect(headers(mutated)).toEqual([{ ...key, prefixes: ['Bearer ', 'pre_'], suffix: '/v2' }])
    const custom = [{ name: 'X-Key', prefix: 'Token', value: 'key={{key}};v=2' }]
    expect(headers({ type: 'CUSTOM_HEADER', fields: fields('key'), headers: custom })).toEqual([
      { header: 'X-Key', prefixes: ['Token ', 'key='], suffix: ';v=2', field: 'key', form: 'raw' },
    ])
    const pair = { header: 'Authorization', prefixes: ['Basic '], field: 'username', form: 'basic_pair' }
    const auth_field_mutations = { username: { suffix: '/token' }, password: { prefix: 'p' } }
    expect(headers({ type: 'BASIC', fields: fields('username', 'password'), auth_field_mutations })).toEqual([
      { ...pair, suffix: '/token' },
    ])
    const fixed = { type: 'BASIC', fields: fields('username'), auth_field_mutations: { password: { default: 'X' } } }
    expect(headers(fixed)).toEqual([{ ...pair, suffix: '', form: 'basic_user' }])
  })

  test('[S3-5] is not a sign-in, a cookie, a parameter, a host of its own, or a value made of several', () => {
    const oauth_config = { authorize_uri: 'https://x.example/a', token_uri: 'https://x.example/t' }
    const two = [{ name: 'Authorization', value: '{{user}}:{{key}}' }]
    const others = [
      of({ type: 'OAUTH', oauth_config }),
      of({ type: 'API_KEY', fields: fields('api_key'), auth_query_key: 'key' }),
      of({ type: 'API_KEY', fields: fields('api_key'), auth_cookie_key: 'key' }),
      of({ type: 'NONE' }),
      of({ ...bearer, fields: fields('token', 'domain') }, { proxy_url: 'https://{{domain}}/api' }),
      of({ type: 'CUSTOM_HEADER', fields: fields('user', 'key'), headers: two }),
      of({ ...bearer, fields: fields('token', 'region') }),
      of([bearer, { type: 'API_KEY', fields: fields('api_key') }]),
    ]
    expect(others.map(headerAuthOf)).toEqual(others.map(() => undefined))
  })

  test('[S3-5] is the one pattern of several that is, at its own level', () => {
    const query = { type: 'API_KEY', fields: fields('api_key'), auth_query_key: 'key' }
    expect(headerAuthOf(of([query, { ...bearer, level: 'project' }]))).toMatchObject({ pattern: 1, level: 'project' })
    expect(levelOf(of([query, { ...bearer, level: 'project' }]))).toBeUndefined()
    expect(levelOf(of([query, bearer], { level: 'project' }))).toBe('project')
  })
})
