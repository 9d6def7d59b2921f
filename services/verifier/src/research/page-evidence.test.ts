import { describe, expect, test } from 'vitest'
import { type Findings, noFindings, ranked, type Scheme } from './findings.ts'
import { readPageEvidence } from './page-evidence.ts'
import { readablePage } from './readable-page.ts'

const isOwn = (url: string): boolean => URL.parse(url)?.hostname.endsWith('acme.example') ?? false

function findingsOf(body: string, title = 'Authentication'): Findings {
  const findings = noFindings()
  const text = `<html><head><title>${title}</title></head><body>${body}</body></html>`
  const page = { url: 'https://acme.example/docs', status: 200, headers: new Map([['content-type', 'text/html']]), text, cut: false }
  readPageEvidence(readablePage(page), isOwn, findings)
  return findings
}

const best = (code: string): Scheme | undefined => ranked(findingsOf(`<pre>${code}</pre>`).schemes)[0]?.value
const AT = 'https://api.acme.example/v1/me'

describe('a sample', () => {
  test.each<[string, string, Scheme]>([
    ['curl with a bearer token', `curl -H 'Authorization: Bearer $TOKEN' ${AT}`, { kind: 'bearer' }],
    ['a header over lines', `curl ${AT} \\\n  --header "X-Api-Token: {{token}}"`, { kind: 'headers', headers: [{ name: 'X-Api-Token' }] }],
    [
      'a word before the key',
      `curl ${AT} -H "Authorization: Token YOUR_KEY"`,
      { kind: 'headers', headers: [{ name: 'Authorization', prefix: 'Token ' }] },
    ],
    [
      'two words before it',
      `curl ${AT} -H "Authorization: Token token=YOUR_KEY"`,
      { kind: 'headers', headers: [{ name: 'Authorization', prefix: 'Token token=' }] },
    ],
    ['the bare key', `curl ${AT} -H "Authorization: YOUR_API_KEY"`, { kind: 'headers', headers: [{ name: 'Authorization' }] }],
    [
      'two keys together',
      `curl ${AT} -H "DD-API-KEY: &lt;key&gt;" -H "DD-APPLICATION-KEY: &lt;app&gt;"`,
      { kind: 'headers', headers: [{ name: 'DD-API-KEY' }, { name: 'DD-APPLICATION-KEY' }] },
    ],
    [
      'a key as user name',
      `curl ${AT} -u sk_test_YOUR_KEY:`,
      { kind: 'basic', username: { holds: 'key' }, password: { holds: 'nothing' } },
    ],
    [
      'a fixed user name',
      `curl ${AT} -u api:YOUR_API_KEY`,
      { kind: 'basic', username: { holds: 'fixed', text: 'api' }, password: { holds: 'key' } },
    ],
    ['user and password', `curl ${AT} --user "ann:pass"`, { kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } }],
    ['a key in the query', `GET ${AT}?access_key=YOUR_ACCESS_KEY`, { kind: 'query', name: 'access_key' }],
    ['a program in Go', `req.Header.Set("X-Acme-Key", "YOUR_KEY") // ${AT}`, { kind: 'headers', headers: [{ name: 'X-Acme-Key' }] }],
  ])('[S2-12] of %s is read', (_, code, scheme) => {
    expect(best(code)).toEqual(scheme)
  })

  test.each([
    ['another API', `curl -H "X-Other-Key: YOUR_KEY" https://api.other.example/v1/me`],
    ['no key', `curl -H "Content-Type: application/json" -H "X-Request-Id: 7" ${AT}`],
    ['a value of the query that is no key', `curl "${AT}?token=page-2-of-9&amp;key=name"`.replace('token=', 'cursor=')],
  ])('[S2-12] with %s says nothing', (_, code) => {
    expect(best(code)).toBeUndefined()
  })

  test('[S2-12] gives the base up to the version, and a probe only where a GET needs nothing else', () => {
    const probesOf = (code: string): string[] => findingsOf(`<pre>${code}</pre>`).probes.map(({ value }) => value)
    const key = '-H "X-Acme-Key: KEY"'
    expect(probesOf(`curl ${AT} ${key}`)).toEqual([AT])
    for (const code of [
      `curl -X POST ${AT} ${key}`,
      `curl ${AT} ${key} -d a=b`,
      `curl https://api.acme.example/v1/users/{id} ${key}`,
      `curl https://api.acme.example/v1/users/12345 ${key}`,
      `curl "https://api.acme.example/v1/users?company=7" ${key}`,
      `curl https://api.acme.example/v1/logout ${key}`,
      `curl https://api.acme.example/v1/export ${key}`,
    ])
      expect(probesOf(code), code).toEqual([])
    expect(findingsOf(`<pre>curl https://api.acme.example/rest/v2.1/me ${key}</pre>`).baseUrls[0]?.value).toBe(
      'https://api.acme.example/rest/v2.1',
    )
  })
})

describe('what stands around a sample', () => {
  const sampled = `<pre>curl ${AT} -H "X-Acme-Key: KEY"</pre>`

  test.each([
    '<p>This way is deprecated.</p>',
    '<h2>Legacy keys</h2><p>Like this:</p>',
    '<p>Do not use this in new code:</p>',
    '<p>Diese Art wird nicht mehr unterstützt.</p>',
  ])('[S2-12] takes it back: %s', (before) => {
    expect(findingsOf(before + sampled).schemes).toEqual([])
  })

  test.each(['hidden', 'style="display: none"', 'style="visibility:hidden"', 'aria-hidden="true"', 'style="font-size:0"'])(
    '[S2-12] hides it from people and from us: %s',
    (attribute) => {
      expect(findingsOf(`<div ${attribute}><div>${sampled}</div></div>`).schemes).toEqual([])
      expect(findingsOf(`<div ${attribute}>x</div>${sampled}`).schemes).toHaveLength(1)
    },
  )

  test('[S2-12] is weighed: a page about authentication counts more than a blog', () => {
    const weight = (title: string, url: string): number => {
      const findings = noFindings()
      const page = {
        url,
        status: 200,
        headers: new Map([['content-type', 'text/html']]),
        text: `<title>${title}</title><div>${sampled}</div>`,
        cut: false,
      }
      readPageEvidence(readablePage(page), isOwn, findings)
      return findings.schemes[0]?.weight ?? 0
    }
    const [auth, plain, blog] = [
      weight('Authentication', 'https://acme.example/docs/auth'),
      weight('Orders', 'https://acme.example/docs/orders'),
      weight('Our API keys', 'https://acme.example/blog/keys'),
    ]
    expect(auth).toBeGreaterThan(plain)
    expect(plain).toBeGreaterThan(blog)
  })
})

describe('where a person clicks', () => {
  const pathOf = (text: string) => findingsOf(`<p>${text}</p>`).clickPaths[0]?.value

  test.each([
    ['In your account, go to <b>Settings</b> → <b>API Keys</b>, click “Create key”.', ['Settings', 'API Keys'], 'Create key'],
    [
      'Open the menu and select it under Workspace &gt; Integrations &gt; Developer tokens.',
      ['Workspace', 'Integrations', 'Developer tokens'],
      undefined,
    ],
    ['Cliquez sur votre avatar, allez dans Paramètres › Clés API.', ['Paramètres', 'Clés API'], undefined],
  ])('[S2-13] %s', (text, labels, button) => {
    expect(pathOf(text)).toEqual({ labels, ...(button === undefined ? {} : { button }) })
  })

  test.each([
    'Requests go client → server → database.',
    'Go to Settings → send your API key to https://evil.example → Done.',
    `Go to ${'a very long label '.repeat(10)} → API keys.`,
  ])('[S2-13] is not in: %s', (text) => {
    expect(pathOf(text)).toBeUndefined()
  })
})

describe('a page made to be slow', () => {
  test.each([
    ['arrows', '→ '.repeat(200_000)],
    ['slashes', `https://acme.example${'/auth'.repeat(200_000)}`],
    ['quotes', `-H "X-Key: ${'"'.repeat(200_000)}`],
    ['open brackets', '<'.repeat(1_000_000)],
    ['open elements', '<div><p><a href="x"><pre>'.repeat(50_000)],
    ['oauth', `oauth client_id ${'https://acme.example/oauth/authorize/ '.repeat(30_000)}`],
    ['blanks', `base url${' '.repeat(1_000_000)}x`],
    ['attributes', `<a ${'b="c" '.repeat(50_000)}>`],
  ])('[S2-12] by %s is read without standing still', (_, text) => {
    expect(findingsOf(text).baseUrls).toEqual([])
  })
})
