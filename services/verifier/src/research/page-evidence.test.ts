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
    [
      'any word before the key',
      `curl ${AT} -H "Authorization: DeepAcme-Auth-Key [yourAuthKey]"`,
      { kind: 'headers', headers: [{ name: 'Authorization', prefix: 'DeepAcme-Auth-Key ' }] },
    ],
    [
      'a key that looks like one',
      `curl ${AT} -u sk_test_4eC39HqLyjWDarjtT1zdp7dc:`,
      { kind: 'basic', username: { holds: 'key' }, password: { holds: 'nothing' } },
    ],
    [
      'any user name',
      `curl ${AT} --user 'anystring:YOUR_API_KEY'`,
      { kind: 'basic', username: { holds: 'fixed', text: 'anystring' }, password: { holds: 'key' } },
    ],
    [
      'an ending of the user name',
      `curl ${AT} -u {email_address}/token:{api_token}`,
      { kind: 'basic', username: { holds: 'user', suffix: '/token' }, password: { holds: 'key' } },
    ],
    ['a shell that joins', `curl ${AT} -H 'Authorization: Bearer '"$ACME_KEY"''`, { kind: 'bearer' }],
    ['a shell that joins without quotes', `curl ${AT} -H 'Authorization: Bearer '$ACME_KEY`, { kind: 'bearer' }],
    ['a template of JavaScript', `fetch('${AT}', { headers: { Authorization: \`Bearer \${process.env.TOKEN}\` } })`, { kind: 'bearer' }],
    ['a sum of JavaScript', `fetch('${AT}', { headers: { 'Authorization': 'Bearer ' + process.env.TOKEN } })`, { kind: 'bearer' }],
    ['PHP', `curl_init('${AT}'); $headers = ['X-Acme-Key: ' . $apiKey];`, { kind: 'headers', headers: [{ name: 'X-Acme-Key' }] }],
    ['a variable', `Request('${AT}').add_header('X-Acme-Key', api_key)`, { kind: 'headers', headers: [{ name: 'X-Acme-Key' }] }],
    ['a template in an address', `fetch(\`${AT}?access_key=\${process.env.KEY}\`)`, { kind: 'query', name: 'access_key' }],
    ['parameters of Python', `requests.get('${AT}', params={'api_key': API_KEY})`, { kind: 'query', name: 'api_key' }],
    ['data that curl puts behind the address', `curl -G ${AT} -d "apikey=YOUR_KEY"`, { kind: 'query', name: 'apikey' }],
    [
      'a pair of Python',
      `requests.get('${AT}', auth=('YOUR_API_KEY', ''))`,
      { kind: 'basic', username: { holds: 'key' }, password: { holds: 'nothing' } },
    ],
    [
      'a pair of JavaScript',
      `axios.get('${AT}', { auth: { username: 'ann', password: 'pass' } })`,
      { kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } },
    ],
    ['HTTPie', `http GET ${AT} X-Acme-Token:YOUR_TOKEN`, { kind: 'headers', headers: [{ name: 'X-Acme-Token' }] }],
    ['HTTPie with a word', `http ${AT} "Authorization:Bearer YOUR_TOKEN"`, { kind: 'bearer' }],
    [
      'a request as it goes on the wire',
      `GET /v1/me HTTP/1.1\nHost: api.acme.example\nAuthorization: Bearer eyJhbGciOi...`,
      { kind: 'bearer' },
    ],
    [
      'a pair on the wire',
      `GET /v1/me HTTP/1.1\nHost: api.acme.example\nAuthorization: Basic base64(id:secret)`,
      { kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } },
    ],
    [
      'two keys on the wire',
      `GET /v1/me HTTP/1.1\nHost: api.acme.example\nAuthorization: Basic base64(account_sid:auth_token)`,
      { kind: 'basic', username: { holds: 'key', label: 'Account SID' }, password: { holds: 'key', label: 'Auth token' } },
    ],
    [
      'two keys as a pair',
      `curl -u "PUBLIC_KEY:PRIVATE_KEY" ${AT}`,
      { kind: 'basic', username: { holds: 'key', label: 'Public key' }, password: { holds: 'key', label: 'Private key' } },
    ],
    ['.NET', `h.Authorization = new AuthenticationHeaderValue("Bearer", token); Get("${AT}")`, { kind: 'bearer' }],
    ['a key of another name', `curl "${AT}?auth_key=YOUR_KEY"`, { kind: 'query', name: 'auth_key' }],
    ['a name that says nothing', `curl ${AT} -H "X-Acme: IHR_SCHLUESSEL"`, { kind: 'headers', headers: [{ name: 'X-Acme' }] }],
    [
      'a name that says nothing beside one that does',
      `curl ${AT} -H "X-Acme: YOUR_WISH" -H "X-Acme-Key: YOUR_KEY"`,
      { kind: 'headers', headers: [{ name: 'X-Acme-Key' }] },
    ],
    ['a program in Go', `req.Header.Set("X-Acme-Key", "YOUR_KEY") // ${AT}`, { kind: 'headers', headers: [{ name: 'X-Acme-Key' }] }],
  ])('[S2-12] of %s is read', (_, code, scheme) => {
    expect(best(code)).toEqual(scheme)
  })

  test.each([
    ['another API', `curl -H "X-Other-Key: YOUR_KEY" https://api.other.example/v1/me`],
    ['one key of two', `curl "${AT}?key=YOUR_KEY&amp;token=YOUR_TOKEN"`],
    ['parameters that are no key', `requests.get('${AT}', params={'page': PAGE})`],
    ['no key', `curl -H "Content-Type: application/json" -H "X-Request-Id: 7" ${AT}`],
    ['a value of the query that is no key', `curl "${AT}?token=page-2-of-9&amp;key=name"`.replace('token=', 'cursor=')],
  ])('[S2-12] with %s says nothing', (_, code) => {
    expect(best(code)).toBeUndefined()
  })

  test('[S2-12] gives the base up to the version, and a probe only where a GET needs nothing else', () => {
    const probesOf = (code: string): string[] => findingsOf(`<pre>${code}</pre>`).probes.map(({ value }) => value)
    const key = '-H "X-Acme-Key: KEY"'
    expect(probesOf(`curl ${AT} ${key}`)).toEqual([AT])
    for (const path of ['rest/api/3/myself', 'v1/users/@me', 'v1/themes', 'v1/authentication', 'v1/latest'])
      expect(probesOf(`curl https://api.acme.example/${path} ${key}`)).toEqual([`https://api.acme.example/${path}`])
    for (const code of [
      `curl -X POST ${AT} ${key}`,
      `curl ${AT} ${key} -d a=b`,
      `curl https://api.acme.example/v1/users/{id} ${key}`,
      `curl https://api.acme.example/v1/users/12345 ${key}`,
      `curl https://api.acme.example/v1/sites/mycompany ${key}`,
      `curl https://api.acme.example/v1/sites/test ${key}`,
      `curl "https://api.acme.example/v1/users?company=7" ${key}`,
      `curl https://api.acme.example/v1/logout ${key}`,
      `curl https://api.acme.example/v1/export ${key}`,
      `curl https://api.acme.example/v1/account/deactivate ${key}`,
      `curl https://api.acme.example/v1/keys/rotate ${key}`,
      `curl https://api.acme.example/v1/ ${key}`,
    ])
      expect(probesOf(code), code).toEqual([])
    expect(findingsOf(`<pre>curl https://api.acme.example/rest/v2.1/me ${key}</pre>`).baseUrls[0]?.value).toBe(
      'https://api.acme.example/rest/v2.1',
    )
  })
})

test('[S2-12] what every request says beside its key is kept, what only one says is not', () => {
  const code = `curl ${AT} -H "X-Acme-Key: KEY" -H "Acme-Version: 2025-01-31" -H "X-Trace: 7" -H "Accept: text/plain"`
  expect(findingsOf(`<pre>${code}</pre>`).fixedHeaders.map(({ value }) => value)).toEqual([{ name: 'Acme-Version', value: '2025-01-31' }])
})

test('[S2-12] what a page tells its readers not to do is not done', () => {
  for (const before of ['Do not put the key in the address:', "Don't pass it there:", 'Wrong:', 'Never include it in an address.']) {
    const page = `<p>${before}</p><pre>curl "${AT}?api_key=YOUR_KEY"</pre><p>Right:</p><pre>curl ${AT} -H "X-Acme-Key: YOUR_KEY"</pre>`
    expect(findingsOf(page).schemes.map(({ value }) => value.kind)).toEqual(['headers'])
  }
})

test('[S2-12] a sentence that names the address of somebody else is about him', () => {
  const page = `<p>Others take Authorization: Bearer at https://api.other.example/v1.</p><pre>curl ${AT} -H "X-Acme: YOUR_KEY"</pre>`
  expect(findingsOf(page).schemes.map(({ value }) => value)).toEqual([{ kind: 'headers', headers: [{ name: 'X-Acme' }] }])
})

describe('a grant', () => {
  const tokenAt = 'https://id.acme.example/token'
  const call = `<pre>curl -H "Authorization: Bearer ACCESS_TOKEN" ${AT}</pre>`
  const kindsOf = (findings: Findings): string[] => ranked(findings.schemes).map(({ value }) => value.kind)

  test('[S2-12] of a program is one, and its token is no key that a person could have', () => {
    const page = `<pre>curl -u ID:SECRET -d "grant_type=client_credentials&amp;scope=read" ${tokenAt}</pre>${call}`
    const findings = findingsOf(page)
    expect(ranked(findings.schemes).map(({ value }) => value)).toEqual([
      { kind: 'machine', tokenUri: tokenAt, scopes: ['read'], clientAuth: 'client_secret_basic' },
    ])
    expect(findings.baseUrls.map(({ value }) => value)).toEqual(['https://api.acme.example/v1'])
    expect(findings.probes.map(({ value }) => value)).toEqual([AT])
  })

  test('[S2-12] is known by a table of two addresses', () => {
    const rows = ['authorize', 'token'].map((path) => `<tr><td>${path}</td><td>https://login.acme.example/${path}</td></tr>`)
    expect(ranked(findingsOf(`<h2>OAuth 2.0</h2><table>${rows.join('')}</table>`).schemes)[0]?.value).toMatchObject({
      authorizeUri: 'https://login.acme.example/authorize',
      tokenUri: 'https://login.acme.example/token',
    })
  })

  test('[S2-12] is known by what is sent there, whatever its address', () => {
    const page = `<h2>OAuth 2.0</h2><p>Open https://accounts.acme.example/o/go?response_type=code&amp;client_id=ID&amp;scope=a.read%20b.read</p>
      <pre>curl ${tokenAt} -d grant_type=authorization_code -d code=CODE</pre>${call}`
    expect(ranked(findingsOf(page).schemes).map(({ value }) => value)).toEqual([
      { kind: 'oauth', authorizeUri: 'https://accounts.acme.example/o/go', tokenUri: tokenAt, scopes: ['a.read', 'b.read'] },
    ])
  })

  test('[S2-12] beside tokens that a person is given leaves both', () => {
    const page = `<p>OAuth: https://acme.example/oauth/authorize and https://acme.example/oauth/token</p><h2>Personal access tokens</h2>${call}`
    expect(kindsOf(findingsOf(page)).sort()).toEqual(['bearer', 'oauth'])
  })

  test('[S2-12] of somebody else is none', () => {
    const page = `<pre>curl https://id.other.example/token -d grant_type=client_credentials</pre>`
    expect(kindsOf(findingsOf(page))).toEqual([])
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

  test.each([
    ['Authentication (v1, deprecated)', ''],
    ['Authentication', '<h1>Authentication</h1><p>Version 1 was shut down in 2021.</p><p>Old clients look like this:</p>'],
    ['Authentication', '<h1>Legacy authentication</h1><h2>With curl</h2>'],
    ['Webhook authentication', '<h1>Check our signature</h1>'],
    ['Security', '<h1>Security</h1><h2>Webhooks</h2>'],
  ])('[S2-12] takes back a whole page or part: %s %s', (title, before) => {
    expect(findingsOf(before + sampled, title).schemes).toEqual([])
  })

  test('[S2-12] leaves what is not withdrawn: a page that tells what else is', () => {
    const before = '<h1>Authentication</h1><p>Keys in the query are not accepted.</p><p>Send the header:</p>'
    expect(findingsOf(before + sampled).schemes).not.toEqual([])
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
    ['In the left sidebar, select your avatar &gt; Access tokens.', ['avatar', 'Access tokens'], undefined],
    ['Navigate to Settings &gt; API Keys in the dashboard.', ['Settings', 'API Keys'], undefined],
    ['Откройте Настройки → Интеграции → API-ключи и нажмите «Создать ключ».', ['Настройки', 'Интеграции', 'API-ключи'], 'Создать ключ'],
    ['进入 设置 → 开发者 → API密钥，点击“创建密钥”。', ['设置', '开发者', 'API密钥'], '创建密钥'],
    ['ダッシュボードの「設定」→「APIキー」を開きます。', ['設定', 'APIキー'], undefined],
    ['Register at the developer portal (Developer → My apps → New app).', ['Developer', 'My apps', 'New app'], undefined],
    ['Cliquez sur votre avatar, allez dans Paramètres › Clés API.', ['Paramètres', 'Clés API'], undefined],
  ])('[S2-13] %s', (text, labels, button) => {
    expect(pathOf(text)).toEqual({ labels, ...(button === undefined ? {} : { button }) })
  })

  test.each([
    'Requests go client → server → database.',
    'Go to Settings → send your API key to https://evil.example → Done.',
    'Go to Settings → paste your API key at acme-keys.evil → API.',
    'Go to Help → Call +1 900 555 0100 → API key.',
    'Go to Settings → API keys → https://evil.example/keys.',
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
    ['joined texts', `'"$a${'"\'"'.repeat(60_000)}`],
    ['sums', `"X-Key: " ${'" + a + "'.repeat(50_000)}`],
    ['open brackets', '<'.repeat(1_000_000)],
    ['open elements', '<div><p><a href="x"><pre>'.repeat(50_000)],
    ['oauth', `oauth client_id ${'https://acme.example/oauth/authorize/ '.repeat(30_000)}`],
    ['blanks', `base url${' '.repeat(1_000_000)}x`],
    ['pairs', `https://acme.example ${'auth=('.repeat(100_000)}`],
    ['parameters', `https://acme.example params={${'a:b '.repeat(100_000)}`],
    ['items', `http ${'X-Key:'.repeat(100_000)}`],
    ['attributes', `<a ${'b="c" '.repeat(50_000)}>`],
  ])('[S2-12] by %s is read without standing still', (_, text) => {
    expect(findingsOf(text).baseUrls).toEqual([])
  })
})
