import { describe, expect, test } from 'vitest'
import { PROVIDER_SCHEMA, type ProviderReview, parseProvider, reviewProvider } from '../src/index.ts'
import { oauthPattern, payloadWith, refusal, seedBytes, toBytes, withPattern } from './payload.ts'

const review = (payload: unknown, context: Parameters<typeof reviewProvider>[1] = {}): ProviderReview =>
  reviewProvider(toBytes(payload), context)
const codes = (seen: ProviderReview): string[] => seen.warnings.map((warning) => `${warning.pointer} ${warning.code}`)
const TOKEN = [{ field_name: 'token' }]

describe('a review before a provider is saved', () => {
  test('[S1-11] shows names, type, required fields and the base URL with an example', () => {
    const seen = reviewProvider(seedBytes('freshdesk'), {})
    expect(seen).toMatchObject({ displayName: 'My Freshdesk', proxyEnabled: true, changes: [], moves: [] })
    expect(seen.description).toContain('Freshdesk')
    expect(seen.patterns).toHaveLength(1)
    expect(seen.patterns[0]).toMatchObject({
      type: 'BASIC',
      displayName: 'Basic Auth',
      level: 'user',
      accountFields: [],
      sends: ['Authorization: Basic base64(<username>:)'],
      proxyUrl: 'https://{{domain}}/api',
      proxyUrlExample: 'https://yourcompany.freshdesk.com/api',
    })
    expect(seen.patterns[0]?.fields.filter((field) => field.required).map((field) => field.name)).toEqual(['domain', 'username'])
  })

  test('[S1-11] shows OAuth endpoints, scopes and the call that verifies', () => {
    const [pattern] = reviewProvider(seedBytes('asana'), {}).patterns
    expect(pattern?.oauth).toMatchObject({
      authorizeUri: 'https://app.asana.com/-/oauth_authorize',
      tokenUri: 'https://app.asana.com/-/oauth_token',
      userInfoUri: 'https://app.asana.com/api/1.0/users/me',
      refreshClass: 'strict',
    })
    expect(pattern?.oauth?.availableScopes.map((scope) => [scope.scope, scope.required])).toEqual([
      ['profile', true],
      ['email', true],
    ])
    expect(pattern?.verify).toBe('GET https://app.asana.com/api/1.0/users/me')
  })

  test('[S1-11] shows account fields apart and fills a label from its hint', () => {
    const pattern = oauthPattern(
      {},
      { account_fields: [{ field_name: 'shop', hint: 'like acme.shop.example' }, { field_name: 'site_id' }] },
    )
    const seen = review(
      payloadWith({ auth_patterns: [pattern], proxy_url: 'https://{{shop}}.shop.example/{{site_id}}', verify: { path: '/me' } }),
    )
    expect(seen.patterns[0]?.accountFields.map((field) => field.name)).toEqual(['shop', 'site_id'])
    expect(seen.patterns[0]?.proxyUrlExample).toBe('https://acme.shop.example/your-site-id')
    expect(seen.patterns[0]?.verify).toBe('GET https://acme.shop.example/your-site-id/me')
  })

  test('[S1-11] shows where keys and custom headers go', () => {
    const headers = [{ name: 'X-Account', prefix: 'Id', value: '{{account}}' }]
    const pattern = { type: 'API_KEY', fields: [{ field_name: 'api_key' }, { field_name: 'account' }], auth_query_key: 'key', headers }
    expect(review(payloadWith({ auth_patterns: [pattern] })).patterns[0]?.sends).toEqual(['?key=<api_key>', 'X-Account: Id <account>'])
  })

  test('[S1-11] warns of what is seldom meant, and of nothing else', () => {
    const patterns = [
      { type: 'BEARER', fields: [...TOKEN, { field_name: 'spare' }] },
      { type: 'BEARER', fields: TOKEN, verify: { path: '/me' } },
      oauthPattern({}, { verify: { path: '/me' } }),
    ]
    const seen = review(
      payloadWith({ auth_patterns: patterns, proxy_enabled: false, proxy_url: 'http://localhost:80', description: undefined }),
      { nameTaken: true },
    )
    expect(codes(seen)).toEqual([
      '/display_name NAME_TAKEN',
      '/proxy_enabled PROXY_DISABLED',
      '/proxy_url NOT_ENCRYPTED',
      '/description NO_DESCRIPTION',
      '/auth_patterns/0/verify NO_VERIFY',
      '/auth_patterns/0/fields UNUSED_FIELD',
      '/auth_patterns/1/display_name SAME_NAME',
      '/auth_patterns/2/refresh NO_REFRESH_CLASS',
    ])
    expect(codes(review(payloadWith({ verify: { path: '/me' } })))).toEqual([])
  })

  test.each([
    [{}, ['path_encoding', 'content_sha256']],
    [{ path_encoding: 'single', content_sha256: true }, []],
    [{ path_encoding: 'single', unsigned_payload: true }, []],
    [{ path_encoding: 'single', in: 'query' }, ['unsigned_payload']],
    [{ service: 'execute-api' }, []],
  ])('[S1-11] [S0-10] warns of a signature that S3 refuses: %j', (members, expected) => {
    const keys = { access_key_id: '{{id}}', secret_access_key: '{{secret}}' }
    const sign = { aws_sigv4: { region: 'eu-central-1', service: 's3', ...keys, ...members } }
    const fields = [{ field_name: 'id' }, { field_name: 'secret' }]
    const seen = review(payloadWith({ auth_patterns: [{ type: 'CUSTOM', fields, sign }], verify: { path: '/' } }))
    const about = seen.warnings.filter(({ code }) => code === 'REFUSED_BY_S3').map(({ pointer }) => pointer)
    expect(about).toEqual(expected.map((member) => `/auth_patterns/0/sign/aws_sigv4/${member}`))
  })

  test('[S1-11] refuses what parsing refuses', () => {
    expect(refusal(() => review({ display_name: 1 }))?.code).toBe('INVALID_PROVIDER')
  })
})

describe('a review of an update', () => {
  const previous = withPattern({ type: 'BEARER', fields: TOKEN })
  const moves = (members: Record<string, unknown>): ProviderReview['moves'] => review(payloadWith(members), { previous, live: 7 }).moves

  test('[S1-11] shows what differs and how many live credentials it touches', () => {
    const seen = review(payloadWith({ display_name: 'Other', docs: 'https://docs.example.com', description: undefined }), {
      previous,
      live: 7,
    })
    expect(seen.changes).toEqual([
      { pointer: '/display_name', change: 'changed', before: '"Example"', after: '"Other"' },
      { pointer: '/description', change: 'removed', before: '"An example"' },
      { pointer: '/docs', change: 'added', after: '"https://docs.example.com"' },
    ])
    expect(seen.live).toBe(7)
    expect(seen.moves).toEqual([{ pattern: 0, to: 0 }])
    expect(review(payloadWith({}), { previous }).changes).toEqual([])
  })

  test('[S1-11] tells which patterns stay on the old version, and why', () => {
    expect(moves({ proxy_url: 'https://other.example.com' })).toEqual([{ pattern: 0, to: 0, stays: 'host_changed' }])
    expect(moves({ auth_patterns: [{ type: 'NONE' }] })).toEqual([{ pattern: 0, stays: 'pattern_removed' }])
    const more = [...TOKEN, { field_name: 'team', required: true }]
    expect(moves({ auth_patterns: [{ type: 'BEARER', fields: more }] })).toEqual([{ pattern: 0, to: 0, stays: 'field_added' }])
    expect(moves({ auth_patterns: [{ type: 'NONE' }, { type: 'BEARER', fields: TOKEN }] })).toEqual([{ pattern: 0, to: 1 }])
  })

  test('a template that means the same hosts moves nobody', () => {
    expect(moves({ proxy_url: 'https://API.example.com:443/' })).toEqual([{ pattern: 0, to: 0 }])
  })
})

describe('the published schema', () => {
  test('[S1-12] names every auth type and explains every member', () => {
    const text = JSON.stringify(PROVIDER_SCHEMA)
    expect(JSON.parse(text).$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    for (const type of ['OAUTH', 'BASIC', 'BEARER', 'API_KEY', 'CUSTOM_HEADER', 'NONE']) expect(text).toContain(`"${type}"`)
    const unexplained: string[] = []
    const walk = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return
      const { properties } = node as { properties?: Record<string, { description?: string; $ref?: string }> }
      for (const [name, member] of Object.entries(properties ?? {})) {
        if (member.description === undefined && member.$ref === undefined) unexplained.push(`${at}/${name}`)
      }
      for (const [name, member] of Object.entries(node)) walk(member, `${at}/${name}`)
    }
    walk(PROVIDER_SCHEMA, '')
    expect(unexplained).toEqual([])
  })

  test('[S1-12] the members of ours are accepted together', () => {
    const pattern = {
      type: 'API_KEY',
      level: 'project',
      fields: [{ field_name: 'api_key', is_path_param: false }],
      auth_cookie_key: 'sid',
      headers: [{ name: 'Accept', value: 'application/json', secret: false }],
    }
    const payload = payloadWith({
      auth_patterns: [pattern],
      extra_hosts: ['https://up.example.com'],
      docs: 'https://docs.example.com/?v=1',
      level: 'user',
    })
    expect(parseProvider(toBytes(payload))).toEqual(payload)
  })
})
