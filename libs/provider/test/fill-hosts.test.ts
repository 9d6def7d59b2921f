import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fillHosts, fillUrl, parseProvider, type Recipe } from '../src/index.ts'
import { oauthPattern, recipeFor, recipeWith, refusal, refusalOfPattern, seedBytes } from './payload.ts'

const freshdesk = recipeFor(parseProvider(seedBytes('freshdesk')))

function templated(proxyUrl: string, ...names: readonly string[]): Recipe {
  const fields = names.map((name) => ({ field_name: name, required: true }))
  return recipeWith({ type: 'BEARER', fields: [{ field_name: 'token' }, ...fields] }, { proxy_url: proxyUrl })
}

const shopFields = { account_fields: [{ field_name: 'shop', required: true }] }
const shopUrl = 'https://{{shop}}.shop.example/admin/oauth/token'

describe('a field that is the whole host', () => {
  test.each(['acme.freshdesk.com', 'ACME.Freshdesk.COM', 'intranet', '10.1.2.3', 'xn--bcher-kva.example'])(
    '[S1-3] %s is a host and becomes the binding',
    (domain) => {
      expect(fillHosts(freshdesk, { domain }).use).toEqual([`https://${domain.toLowerCase()}/api`])
    },
  )

  test.each([
    'evil.com/path?x=',
    'evil.com#',
    'evil.com\\x',
    'user@evil.com',
    'user:pw@evil.com',
    'evil.com:8443',
    'https://acme.freshdesk.com',
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    'metadata.google.internal',
    'METADATA',
    '[::1]',
    '[::ffff:169.254.169.254]',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '017700000001',
    '0177.0.0.1',
    '127.1',
    '1.2.3.4.5',
    '256.1.1.1',
    'acme.freshdesk.com.',
    'acme..com',
    '.com',
    '-a.example',
    'a_b.example',
    'bücher.example',
    'ａcme.example',
    'a\u3002b',
    'a\u00adb.example',
    'evil.com\r\nX: y',
    'evil.com\n',
    'a b',
    ' acme.example',
    'a%2eb',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
    '\ud800',
  ])('[S1-3] %j is refused by the name of its field', (domain) => {
    expect(refusal(() => fillHosts(freshdesk, { domain }))).toMatchObject({
      code: 'FIELD_REFUSED',
      faults: ['/fields/domain INVALID_VALUE'],
    })
  })

  test('[S1-3] a value that is absent or empty is missing', () => {
    for (const plain of [{}, { domain: '' }] as const) {
      expect(refusal(() => fillHosts(freshdesk, plain))?.faults).toEqual(['/fields/domain MISSING'])
    }
  })

  test('no refusal repeats the value', () => {
    const text = JSON.stringify(refusal(() => fillHosts(freshdesk, { domain: 'canary-7f3a/x' })))
    expect(text).not.toContain('canary')
  })

  test('names of the prototype are not values', () => {
    const recipe = templated('https://{{constructor}}.example.com', 'constructor')
    expect(refusal(() => fillHosts(recipe, {}))?.faults).toEqual(['/fields/constructor MISSING'])
  })
})

describe('fields in the path and the query', () => {
  const recipe = templated('https://api.example.com/v{{version}}/{{site}}', 'version', 'site')

  test('[S1-3] a value is one percent-encoded segment', () => {
    expect(fillHosts(recipe, { version: '2', site: 'ä b;c' }).use).toEqual(['https://api.example.com/v2/%C3%A4%20b%3Bc'])
  })

  test.each(['a/b', 'a\\b', '..', '.', 'a..b', '?', '#', '%2e%2e', '\u0000', 'a\nb', '\udc00'])(
    '[S1-3] %j would be more than one segment and is refused',
    (site) => {
      expect(refusal(() => fillHosts(recipe, { version: '2', site }))?.faults).toEqual(['/fields/site INVALID_VALUE'])
    },
  )

  test('[S1-3] a value has at most 512 characters', () => {
    expect(fillHosts(recipe, { version: '2', site: 'x'.repeat(512) }).use).toHaveLength(1)
    expect(refusal(() => fillHosts(recipe, { version: '2', site: 'x'.repeat(513) }))?.faults).toEqual(['/fields/site INVALID_VALUE'])
  })

  test('[S1-3] every refused field is named at once', () => {
    expect(refusal(() => fillHosts(recipe, { version: '/' }))?.faults).toEqual(['/fields/version INVALID_VALUE', '/fields/site MISSING'])
  })

  test('[S1-3] fields fill OAuth URLs, queries included', () => {
    const oauth = recipeWith(
      oauthPattern({ authorize_uri: 'https://auth.example.com/a?team={{team}}' }, { account_fields: [{ field_name: 'team' }] }),
    )
    expect(fillUrl(oauth, oauth.oauth?.authorizeUri ?? '', { team: 'a&b=c' })).toBe('https://auth.example.com/a?team=a%26b%3Dc')
    expect(refusal(() => fillHosts(oauth, {}))?.faults).toEqual(['/fields/team MISSING'])
  })

  test('a relative URL goes below the base of the API', () => {
    expect(fillUrl(freshdesk, '/v2/agents/me', { domain: 'acme.example' })).toBe('https://acme.example/api/v2/agents/me')
  })
})

describe('hosts by purpose', () => {
  test('[S1-3] each purpose has its own origins and path prefixes, without slashes at their ends', () => {
    const recipe = recipeWith(oauthPattern({ token_uri: 'https://auth.example.com:8443/token?v=1' }), {
      proxy_url: 'https://API.example.com:443/v1/',
      extra_hosts: ['https://uploads.example.com/', 'https://api.example.com/v1'],
      revoke: { url: 'https://auth.example.com/revoke' },
      verify: { path: '/me?full=1' },
    })
    expect(fillHosts(recipe, {})).toEqual({
      use: ['https://api.example.com/v1', 'https://uploads.example.com'],
      token: ['https://auth.example.com:8443/token'],
      revoke: ['https://auth.example.com/revoke'],
      verify: ['https://api.example.com/v1'],
    })
  })

  test.each([
    'http://localhost:8080/api',
    'http://127.0.0.1:9',
    'http://[::1]:80/x',
    'http://10.0.0.1',
    'http://192.168.1.1',
    'http://172.16.0.1',
  ])('[S1-3] %s may go without TLS because it is local', (url) => {
    expect(fillHosts(templated(url), {}).use).toHaveLength(1)
  })
})

describe('whatever is filled in', () => {
  /** Values that look like hosts and like attacks on hosts, mixed with anything at all. */
  const anyValue = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.domain(),
    fc.ipV4Extended(),
    fc.ipV6(),
    fc.webUrl(),
    fc
      .array(
        fc.constantFrom('evil.com', '.', '/', '\\', '@', ':', '?', '#', '%2e', '%00', '\t', '\n', 'a', '-', '[', ']', '169.254.169.254'),
        { maxLength: 6 },
      )
      .map((p) => p.join('')),
  )

  function originOf(recipe: Recipe, plain: Record<string, string>): URL | undefined {
    if (refusal(() => fillHosts(recipe, plain)) !== undefined) return undefined
    return new URL(fillHosts(recipe, plain).use[0] ?? '')
  }

  test('[S1-3] a label stays under the literal suffix of its template', () => {
    const recipe = templated('https://{{shop}}.shop.example/api', 'shop')
    fc.assert(
      fc.property(anyValue, (shop) => {
        const url = originOf(recipe, { shop })
        if (url === undefined) return
        expect(url.hostname).toBe(`${shop.toLowerCase()}.shop.example`)
        expect(url.hostname.split('.')).toHaveLength(3)
        expect([url.protocol, url.port, url.username, url.password, url.pathname, url.search, url.hash]).toEqual([
          'https:',
          '',
          '',
          '',
          '/api',
          '',
          '',
        ])
      }),
      { numRuns: 2000 },
    )
  })

  test('[S1-3] a whole host is the value itself and never an address of metadata', () => {
    fc.assert(
      fc.property(anyValue, (domain) => {
        const url = originOf(freshdesk, { domain })
        if (url === undefined) return
        expect(url.hostname).toBe(domain.toLowerCase())
        expect(url.hostname).not.toMatch(/^169\.254\.\d+\.\d+$/)
        expect([url.protocol, url.port, url.username, url.pathname, url.search, url.hash]).toEqual(['https:', '', '', '/api', '', ''])
      }),
      { numRuns: 2000 },
    )
  })

  test('[S1-3] a path value changes neither the host nor the number of segments', () => {
    const recipe = templated('https://api.example.com/v/{{site}}/end', 'site')
    fc.assert(
      fc.property(anyValue, (site) => {
        const url = originOf(recipe, { site })
        if (url === undefined) return
        expect(url.host).toBe('api.example.com')
        const segments = url.pathname.split('/')
        expect(segments).toHaveLength(4)
        expect(decodeURIComponent(segments[2] ?? '')).toBe(site)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a field in the host of an OAuth URL', () => {
  test.each(['authorize_uri', 'token_uri', 'user_info_uri'])('[S1-3] %s takes one label below two literal ones', (member) => {
    const refused = (url: string): string[] => refusalOfPattern(oauthPattern({ [member]: url }, shopFields))
    expect(refused(shopUrl)).toEqual([])
    expect(refused('https://{{shop}}-eu.shop.example/token')).toEqual([])
    for (const url of [
      'https://{{shop}}/t',
      'https://{{shop}}.com/t',
      'https://auth.{{shop}}/t',
      'https://a-{{shop}}/t',
      'https://{{shop}}.example:8443/t',
    ]) {
      expect(refused(url)).toEqual([`/auth_patterns/0/oauth_config/${member} HOST_NOT_BOUND`])
    }
  })

  test('[S1-3] revocation, probe and API of an OAuth pattern are bound the same way', () => {
    const free = 'https://{{shop}}/x'
    const faults = refusalOfPattern(oauthPattern({}, { ...shopFields, revoke: { url: free }, verify: { url: free } }), {
      proxy_url: free,
      extra_hosts: [free],
    })
    expect(faults).toEqual([
      '/auth_patterns/0/revoke/url HOST_NOT_BOUND',
      '/auth_patterns/0/verify/url HOST_NOT_BOUND',
      '/extra_hosts/0 HOST_NOT_BOUND',
      '/proxy_url HOST_NOT_BOUND',
    ])
  })

  test('[S1-3] no value sends a client secret to a foreign host', () => {
    const recipe = recipeWith(oauthPattern({ token_uri: shopUrl }, shopFields))
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.ipV4(), fc.constantFrom('evil.com/', 'evil.com#', 'a.b', 'a@evil', '..')),
        (value) => {
          if (refusal(() => fillHosts(recipe, { shop: value })) !== undefined) return
          expect(new URL(fillHosts(recipe, { shop: value }).token[0] ?? '').hostname).toBe(`${value.toLowerCase()}.shop.example`)
          expect(value).toMatch(/^[A-Za-z0-9-]{1,63}$/)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
