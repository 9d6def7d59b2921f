import { describe, expect, test } from 'vitest'
import { parseProvider } from '../src/index.ts'
import { oauthPattern, payloadWith, refusal, refusalOf, refusalOfPattern, toBytes } from './payload.ts'

const TOKEN = [{ field_name: 'token' }]
const at = '/auth_patterns/0'

describe('every fault at once', () => {
  test('[S1-9] a payload of many faults is refused with all of them, in order, each with what to write', () => {
    const refused = refusalOf({
      display_name: 5,
      'x-note': { anything: [1] },
      auth_pattern: [],
      auth_patterns: [
        { type: 'BASIC', fields: [{ field_name: 'user' }], auth_header_key_override: 'a\r\nb' },
        { type: 'BEARER', fields: TOKEN, headers: [{ name: 'Host', value: '{{tokn}}' }] },
      ],
      proxy_url: 'http://u:p@api.example.com/x?y#z',
    })
    expect(refused?.code).toBe('INVALID_PROVIDER')
    expect(refused?.faults).toEqual([
      '/auth_pattern UNKNOWN_MEMBER',
      `${at}/auth_header_key_override INVALID_VALUE`,
      `${at}/fields MISSING`,
      '/auth_patterns/1/headers/0/name RESERVED_NAME',
      '/auth_patterns/1/headers/0/value UNDECLARED_FIELD',
      '/display_name WRONG_TYPE',
      '/proxy_enabled MISSING',
      '/proxy_url INVALID_URL',
      '/proxy_url INVALID_URL',
      '/proxy_url INVALID_URL',
      '/proxy_url INVALID_URL',
    ])
    expect(refused?.details).toContain('Write a string, not a number.')
    expect(refused?.details).toContain('Write `auth_patterns`, or begin the name with `x-` to keep a member of your own.')
    expect(refused?.details).toContain('Add the field `username`, or rename `user` to it; BASIC sends it. `headers` can say otherwise.')
  })

  test('[S1-9] an unknown member is refused wherever it stands, unless it begins with x-', () => {
    expect(refusalOf(payloadWith({ 'x-a': 1 }))).toBeUndefined()
    expect(refusalOf(payloadWith({ proxyUrl: 1, zzzzzzzzzz: 1 }))?.faults).toEqual([
      '/proxyUrl UNKNOWN_MEMBER',
      '/zzzzzzzzzz UNKNOWN_MEMBER',
    ])
    expect(refusalOf(payloadWith({ proxyUrl: 1 }))?.details[0]).toMatch(/^Write `proxy_url`/)
    expect(refusalOfPattern({ type: 'BEARER', fields: [{ field_name: 'token', requird: true, 'x-ui': 1 }] })).toEqual([
      `${at}/fields/0/requird UNKNOWN_MEMBER`,
    ])
    expect(refusalOfPattern(oauthPattern({ pkce: true }))).toEqual([`${at}/oauth_config/pkce UNKNOWN_MEMBER`])
    expect(refusalOf('{"__proto__": 1}')?.faults).toContain('/__proto__ UNKNOWN_MEMBER')
  })

  test('[S1-9] members that begin with x- are given back as they came', () => {
    const payload = payloadWith({ 'x-team': { owner: ['a'] } })
    expect(parseProvider(toBytes(payload))).toEqual(payload)
  })

  test.each([
    ['display_name', '  ', 'INVALID_VALUE'],
    ['display_name', 'a\nb', 'INVALID_VALUE'],
    ['display_name', '', 'TOO_SHORT'],
    ['display_name', 'a'.repeat(201), 'TOO_LONG'],
    ['proxy_enabled', 'true', 'WRONG_TYPE'],
    ['proxy_url', null, 'WRONG_TYPE'],
    ['auth_patterns', {}, 'WRONG_TYPE'],
    ['auth_patterns', [], 'TOO_SHORT'],
    ['level', 'team', 'NOT_ALLOWED'],
    ['extra_hosts', ['https://a.example', 'https://a.example'], 'DUPLICATE'],
    ['docs', 'javascript:alert(1)', 'INVALID_URL'],
    ['docs', 'https://docs.example.com/{{token}}', 'INVALID_URL'],
  ])('[S1-9] %s = %j is refused', (member, value, code) => {
    expect(refusalOf(payloadWith({ [member]: value }))?.faults).toContain(`/${member} ${code}`)
  })

  test('[S1-9] no sentence repeats a value of the payload', () => {
    const canary = 'canary-7f3a'
    const refused = refusalOf(
      payloadWith({ display_name: `${canary}\n`, proxy_url: `https://${canary}@a.example`, level: canary, docs: canary }),
    )
    expect(refused?.faults).toHaveLength(4)
    expect(JSON.stringify(refused)).not.toContain(canary)
  })

  test('[S1-9] a payload of nothing but faults gets a short answer', () => {
    const refused = refusalOf(payloadWith({ auth_patterns: Array.from({ length: 5000 }, () => 0) }))
    expect(refused?.code).toBe('INVALID_PROVIDER')
    expect(refused?.faults).toHaveLength(101)
    expect(refused?.faults).toContain(' MORE_FAULTS')
  })
})

describe('what no version knows', () => {
  test('[S1-12] a type that no version knows is refused with those that there are', () => {
    const refused = refusalOf(payloadWith({ auth_patterns: [{ type: 'SAML' }] }))
    expect(refused).toMatchObject({ code: 'INVALID_PROVIDER', faults: [`${at}/type NOT_ALLOWED`] })
    for (const type of ['OAUTH', 'CUSTOM_HEADER', 'CUSTOM', 'THIRDPARTY', 'NONE']) expect(refused?.details[0]).toContain(`\`${type}\``)
  })

  test.each(['sign', 'steps'])('[S1-12] `%s` belongs to a pattern', (member) => {
    expect(refusalOf(payloadWith({ [member]: [] }))).toMatchObject({ code: 'INVALID_PROVIDER', faults: [`/${member} NOT_ALLOWED`] })
  })

  test('a type in lower case is answered with the one that is meant', () => {
    expect(refusalOf(payloadWith({ auth_patterns: [{ type: 'oauth' }] }))?.details[0]).toMatch(/^Write `OAUTH`;/)
  })
})

describe('the base URL', () => {
  test('[S1-8] proxy_url and proxy_enabled must be written', () => {
    const refused = refusalOf(payloadWith({ proxy_url: undefined, proxy_enabled: undefined }))
    expect(refused?.faults).toEqual(['/proxy_enabled MISSING', '/proxy_url MISSING'])
  })

  test.each([
    'api.example.com',
    'ftp://api.example.com',
    'http://api.example.com',
    'http://{{domain}}/x',
    'https://',
    'https:///path',
    'https://user@api.example.com',
    'https://user:pw@api.example.com',
    'https://@api.example.com',
    'https://api.example.com?x=1',
    'https://api.example.com/#x',
    'https://api.example.com:0',
    'https://api.example.com:99999',
    'https://api.example.com:{{domain}}',
    '{{domain}}://api.example.com',
    'https://{{domain}}@api.example.com',
    'https://{{domain}}{{domain}}.example.com',
    'https://{domain}.example.com',
    'https://{{ domain }}.example.com',
    'https://api.example.com/a/../b',
    'https://api.example.com/%2e%2E/b',
    'https://api.example.com/a%2fb',
    'https://api.example.com/%zz',
    'https://api.example.com/a\\b',
    'https://api.example.com/a b',
    'https://api.example.com/\r\nX: y',
    'https://bücher.example',
    'https://api.example.com./',
    'https://169.254.169.254/latest',
    'https://metadata.google.internal',
    'https://2130706433/',
    'https://[fe80::1]/',
    'https://[::ffff:169.254.169.254]/',
    `https://${'a'.repeat(64)}.example/`,
  ])('[S1-3] %j is refused', (proxy_url) => {
    const pattern = { type: 'BEARER', fields: [...TOKEN, { field_name: 'domain' }] }
    expect(refusalOfPattern(pattern, { proxy_url })).toContain('/proxy_url INVALID_URL')
  })

  test('[S1-3] a field that nobody declares is refused once, with the name that is near', () => {
    const pattern = { type: 'BEARER', fields: [...TOKEN, { field_name: 'domain' }] }
    const refused = refusalOf(payloadWith({ auth_patterns: [pattern], proxy_url: 'https://{{domian}}/api' }))
    expect(refused?.faults).toEqual(['/proxy_url UNDECLARED_FIELD'])
    expect(refused?.details[0]).toMatch(/^Write `\{\{domain\}\}`/)
  })

  test('[S1-3] a pattern that lacks a field of the base URL is named', () => {
    const patterns = [
      { type: 'BEARER', fields: [...TOKEN, { field_name: 'domain' }] },
      { type: 'BEARER', fields: TOKEN },
    ]
    expect(refusalOf(payloadWith({ auth_patterns: patterns, proxy_url: 'https://{{domain}}' }))?.faults).toEqual([
      '/auth_patterns/1/fields UNDECLARED_FIELD',
    ])
  })

  test('[S1-4] a secret cannot stand in a URL, where it would be kept readable', () => {
    expect(refusalOfPattern({ type: 'BEARER', fields: TOKEN }, { proxy_url: 'https://api.example.com/bot{{token}}' })).toEqual([
      '/proxy_url SECRET_SHOWN',
    ])
    const typed = { type: 'NONE', fields: [{ field_name: 'pin', input_type: 'password' }] }
    expect(refusalOfPattern(typed, { proxy_url: 'https://api.example.com/{{pin}}' })).toEqual(['/proxy_url SECRET_SHOWN'])
  })
})

describe('fields and placement', () => {
  test.each([
    ['BASIC', 'username'],
    ['BEARER', 'token'],
    ['API_KEY', 'api_key'],
  ])('[S1-2] %s needs the field %s, or a header that says otherwise', (type, name) => {
    expect(refusalOfPattern({ type })).toEqual([`${at}/fields MISSING`])
    expect(refusalOfPattern({ type, fields: [{ field_name: name }] })).toEqual([])
    const header = { name: 'authorization', value: 'Key {{key}}' }
    expect(refusalOfPattern({ type, fields: [{ field_name: 'key' }], headers: [header] })).toEqual([])
  })

  test('[S1-6] a fixed user name may come from a default', () => {
    const pattern = { type: 'BASIC', fields: [{ field_name: 'password' }], auth_field_mutations: { username: { default: 'api' } } }
    expect(refusalOfPattern(pattern)).toEqual([])
  })

  test('[S1-6] a mutation of a value that is not sent, or of another name, is refused', () => {
    const mutations = (value: unknown): string[] => refusalOfPattern({ type: 'BEARER', fields: TOKEN, auth_field_mutations: value })
    expect(mutations({ password: { default: 'X' } })).toEqual([`${at}/auth_field_mutations/password NOT_ALLOWED`])
    expect(mutations({ domain: { prefix: 'x' } })).toEqual([`${at}/auth_field_mutations/domain UNKNOWN_MEMBER`])
    expect(mutations({ token: { prefix: 'a\r\nb' } })).toEqual([`${at}/auth_field_mutations/token/prefix INVALID_VALUE`])
  })

  test.each(['X Key', 'X:Key', 'X-Key\r\nEvil', '', 'X-Kéy', '{{name}}'])('[S1-5] %j is no header name', (name) => {
    expect(refusalOfPattern({ type: 'BEARER', fields: TOKEN, auth_header_key_override: name })).toEqual([
      `${at}/auth_header_key_override INVALID_VALUE`,
    ])
    expect(refusalOfPattern({ type: 'CUSTOM_HEADER', headers: [{ name, value: 'x' }] })).toEqual([`${at}/headers/0/name INVALID_VALUE`])
  })

  test.each([
    'Host',
    'content-length',
    'Transfer-Encoding',
    'Connection',
    'TE',
    'Proxy-Authorization',
    'Cookie',
    'Set-Cookie',
    'Upgrade',
    'Credence-User',
    'X-Forwarded-For',
    'Accept-Encoding',
  ])('[S1-5] the header %s is never set by a provider', (name) => {
    expect(refusalOfPattern({ type: 'BEARER', fields: TOKEN, auth_header_key_override: name })).toEqual([
      `${at}/auth_header_key_override RESERVED_NAME`,
    ])
    expect(refusalOfPattern({ type: 'CUSTOM_HEADER', headers: [{ name, value: 'x' }] })).toEqual([`${at}/headers/0/name RESERVED_NAME`])
  })

  test('[S1-12] a key has one place, and only an API key may leave the header', () => {
    const key = { type: 'API_KEY', fields: [{ field_name: 'api_key' }] }
    expect(refusalOfPattern({ ...key, auth_query_key: 'k', auth_cookie_key: 'c' })).toEqual([`${at}/auth_cookie_key NOT_ALLOWED`])
    expect(refusalOfPattern({ type: 'BEARER', fields: TOKEN, auth_query_key: 'k' })).toEqual([`${at}/auth_query_key NOT_ALLOWED`])
    expect(refusalOfPattern({ type: 'NONE', auth_header_key_override: 'X-K' })).toEqual([`${at}/auth_header_key_override NOT_ALLOWED`])
  })

  test('[S0-6] custom headers need headers, each once and made of declared fields', () => {
    expect(refusalOfPattern({ type: 'CUSTOM_HEADER' })).toEqual([`${at}/headers MISSING`])
    const headers = [
      { name: 'X-A', value: '{{a}}' },
      { name: 'x-a', value: '{{b}' },
    ]
    expect(refusalOfPattern({ type: 'CUSTOM_HEADER', headers })).toEqual([
      `${at}/headers/0/value UNDECLARED_FIELD`,
      `${at}/headers/1/name DUPLICATE`,
      `${at}/headers/1/value INVALID_VALUE`,
    ])
  })

  test('[S0-6] a header cannot call a credential plain, nor a literal secret', () => {
    const headers = [
      { name: 'X-A', value: '{{token}}', secret: false },
      { name: 'X-B', value: 'literal', secret: true },
    ]
    expect(refusalOfPattern({ type: 'CUSTOM_HEADER', fields: TOKEN, headers })).toEqual([
      `${at}/headers/0/secret SECRET_SHOWN`,
      `${at}/headers/1/secret SECRET_SHOWN`,
    ])
  })

  test('[S0-1] NONE sends nothing that a person typed', () => {
    const pattern = { type: 'NONE', fields: [{ field_name: 'key' }], headers: [{ name: 'X-A', value: '{{key}}' }] }
    expect(refusalOfPattern(pattern)).toEqual([`${at}/headers/0/value NOT_ALLOWED`])
  })

  test('[S1-4] field names are unique and secrets are not account fields', () => {
    const pattern = {
      type: 'BEARER',
      fields: [...TOKEN, { field_name: 'token' }],
      account_fields: [{ field_name: 'pin', input_type: 'password' }, { field_name: 'password' }, { field_name: 'a b' }],
    }
    expect(refusalOfPattern(pattern)).toEqual([
      `${at}/account_fields/0/field_name SECRET_SHOWN`,
      `${at}/account_fields/1/field_name SECRET_SHOWN`,
      `${at}/account_fields/2/field_name INVALID_VALUE`,
      `${at}/fields/1/field_name DUPLICATE`,
    ])
  })
})

describe('OAuth and behaviour', () => {
  test('[S1-7] OAUTH needs both endpoints, and no other type may have them', () => {
    expect(refusalOfPattern({ type: 'OAUTH' })).toEqual([`${at}/oauth_config MISSING`])
    expect(refusalOfPattern({ type: 'OAUTH', oauth_config: {} })).toEqual([
      `${at}/oauth_config/authorize_uri MISSING`,
      `${at}/oauth_config/token_uri MISSING`,
    ])
    expect(refusalOfPattern({ ...oauthPattern(), type: 'BEARER', fields: TOKEN })).toEqual([`${at}/oauth_config NOT_ALLOWED`])
  })

  test('[S1-7] scopes are unique and have no spaces', () => {
    const available_scopes = [{ scope: 'read' }, { scope: 'read' }, { scope: 'a b' }]
    expect(refusalOfPattern(oauthPattern({ available_scopes }))).toEqual([
      `${at}/oauth_config/available_scopes/1/scope DUPLICATE`,
      `${at}/oauth_config/available_scopes/2/scope INVALID_VALUE`,
    ])
  })

  test('a payload cannot set the parameters that keep the flow safe', () => {
    const names = ['state', 'redirect_uri', 'code_challenge_method', 'CLIENT_ID']
    const authorize_params = { ...Object.fromEntries(names.map((name) => [name, 'x'])), access_type: 'offline' }
    expect(refusalOfPattern(oauthPattern({ authorize_params }))).toEqual(
      [...names].sort((a, b) => a.localeCompare(b)).map((name) => `${at}/oauth_config/authorize_params/${name} RESERVED_NAME`),
    )
  })

  test('an issuer is one literal https URL', () => {
    const fields = { account_fields: [{ field_name: 'shop' }] }
    for (const issuer of ['https://{{shop}}.auth.example', 'http://auth.example', 'https://auth.example?x']) {
      expect(refusalOfPattern(oauthPattern({ issuer }, fields))).toEqual([`${at}/oauth_config/issuer INVALID_URL`])
    }
  })

  test('verify and refresh refuse members that exclude each other', () => {
    expect(refusalOf(payloadWith({ verify: {} }))?.faults).toEqual(['/verify/path MISSING'])
    expect(refusalOf(payloadWith({ verify: { path: '/me', url: 'https://a.example/me', body: '{}' } }))?.faults).toEqual([
      '/verify/body NOT_ALLOWED',
      '/verify/url NOT_ALLOWED',
    ])
    expect(refusalOf(payloadWith({ verify: { path: 'me' } }))?.faults).toEqual(['/verify/path INVALID_VALUE'])
    expect(refusalOf(payloadWith({ verify: { path: '/../admin' } }))?.faults).toEqual(['/verify/path INVALID_URL'])
    expect(refusalOfPattern(oauthPattern({}, { refresh: { class: 'static', grace_seconds: 5 } }))).toEqual([
      `${at}/refresh/grace_seconds NOT_ALLOWED`,
    ])
    expect(refusalOfPattern({ type: 'BEARER', fields: TOKEN, refresh: { class: 'static' } })).toEqual([`${at}/refresh NOT_ALLOWED`])
  })
})

describe('what is not JSON, or too much of it', () => {
  test.each([
    ['', 'INVALID_JSON'],
    ['{"a":', 'INVALID_JSON'],
    ['{} {}', 'INVALID_JSON'],
    ['\ufeff{}', 'INVALID_JSON'],
    ['}{', 'INVALID_JSON'],
    ['{"a', 'INVALID_JSON'],
    ['null', 'WRONG_TYPE'],
    ['[]', 'WRONG_TYPE'],
    ['"text"', 'WRONG_TYPE'],
  ])('[S1-9] %j is refused at the root', (text, code) => {
    expect(refusalOf(text)).toMatchObject({ code: 'INVALID_PROVIDER', faults: [` ${code}`] })
  })

  test('[S1-9] broken JSON is answered with its line and column, never with its text', () => {
    expect(refusalOf('{\n  "canary": 1\n  "b": 2\n}')?.details[0]).toBe('Write one JSON value (RFC 8259); it breaks at line 3, column 3.')
    expect(refusalOf('{ "a": canary }')?.details[0]).toBe('Write one JSON value (RFC 8259).')
  })

  test('[S1-9] bytes that are not UTF-8 are refused', () => {
    expect(refusal(() => parseProvider(Buffer.from([0x22, 0xff, 0x22])))?.faults).toEqual([' INVALID_JSON'])
  })

  test('[S1-9] a member written twice is refused where it stands', () => {
    const text = JSON.stringify(payloadWith({})).replace('"field_name":"token"', '"field_name":"token","field_n\\u0061me":"token"')
    expect(refusalOf(text)?.faults).toEqual([`${at}/fields/0/field_name DUPLICATE_MEMBER`])
  })

  test('[S1-9] nesting beyond 32 levels and more than 256 KiB are refused before anything is built', () => {
    expect(refusalOf('['.repeat(200_000))?.faults).toEqual([' TOO_DEEP'])
    expect(refusalOf(`{"x-a":${'['.repeat(32)}${']'.repeat(32)}}`)?.faults).toEqual([' TOO_DEEP'])
    expect(refusalOf(payloadWith({ 'x-a': JSON.parse(`${'['.repeat(31)}${']'.repeat(31)}`) }))).toBeUndefined()
    expect(refusalOf(`"${'a'.repeat(256 * 1024)}"`)?.faults).toEqual([' TOO_LARGE'])
  })

  test('[S1-9] long refused text costs no more than reading it', () => {
    const long = `${'a'.repeat(250_000)}\u0001`
    expect(refusalOf(payloadWith({ display_name: long }))?.faults).toEqual(['/display_name TOO_LONG', '/display_name INVALID_VALUE'])
    expect(refusalOf(payloadWith({ [long]: 1 }))?.faults[0]?.length).toBeLessThan(100)
  })
})
