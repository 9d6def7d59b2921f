import { type DocSite, docPage, pagesAt, sample } from './site.ts'

const nav = { Docs: '/docs', Authentication: '/docs/authentication' }

/** A site with one page about authentication. */
function siteOf(name: string, body: string, more: Readonly<Record<string, string | object>> = {}): DocSite {
  const pages = {
    '/': docPage(name, `<h1>${name}</h1>`, nav),
    '/docs/authentication': docPage(`Authentication | ${name}`, `<h1>Authentication</h1>${body}`, nav),
    ...more,
  }
  return { hosts: { [`${name}.example`]: pagesAt(pages) } }
}

/** Sites with what documentation often has beside the plain cases. */
export function furtherSites(): readonly DocSite[] {
  return [
    siteOf(
      'mapleindex',
      sample(
        `curl 'https://api.mapleindex.example/v1/users/me' \\\n  -H 'Authorization: Bearer '"$MAPLE_KEY"'' \\\n  -H "Maple-Version: 2022-06-28"`,
      ),
    ),
    siteOf(
      'nettlework',
      `<p>Make an API client under Settings → API clients.</p>
       ${sample('curl -X POST https://id.nettlework.example/connect/token \\\n  -d "grant_type=client_credentials&client_id=ID&client_secret=SECRET"')}
       ${sample('curl -H "Authorization: Bearer $ACCESS_TOKEN" https://api.nettlework.example/v1/me')}`,
    ),
    siteOf(
      'orchidhelp',
      sample('curl https://{subdomain}.orchidhelp.example/api/v2/users/me.json \\\n  -u {email_address}/token:{api_token}'),
    ),
    { hosts: { 'pinewood.example': pagesAt({ '/': docPage('Pinewood', '<h1>Pinewood</h1>'), '/v3/api-docs': pinewood() }) } },
    { hosts: { 'ryabina.example': (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(ryabina()) } },
    sequoiq(),
    siteOf('tamarack', sample('curl -H "Authorization: Bearer YOUR_TOKEN" https://api.tamarack.example/v3/me'), tamarackOne()),
    {
      hosts: {
        'umbrellapine.example': pagesAt({
          '/': '<html><head><meta http-equiv="refresh" content="0; url=/en/start"></head></html>',
          '/en/start': docPage('Start', sample('curl -H "X-Umbrella-Key: YOUR_KEY" https://api.umbrellapine.example/v1/me')),
        }),
      },
    },
  ]
}

function pinewood(): object {
  return {
    openapi: '3.0.1',
    info: { title: 'Pinewood API', version: 'v0' },
    servers: [{ url: 'https://pinewood.example' }],
    paths: { '/api/users/me': { get: { security: [{ bearer: [] }], responses: {} } } },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  }
}

/** Windows-1251, which only the page itself says. */
function ryabina(): Buffer {
  const cyrillic = (text: string): Buffer => Buffer.from([...text].map((letter) => (letter.codePointAt(0) ?? 0) - 0x350))
  return Buffer.concat([
    Buffer.from('<html><head><meta charset="windows-1251"><title>API</title></head><body><h1>Authentication</h1><p>'),
    cyrillic('Настройки'),
    Buffer.from(' &rarr; API '),
    cyrillic('ключи'),
    Buffer.from('</p><pre>curl -H "X-Ryabina-Key: YOUR_KEY" https://api.ryabina.example/v1/me</pre></body></html>'),
  ])
}

/** In a language of which no word is known here, and with more pages than are worth reading. */
function sequoiq(): DocSite {
  const pages = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`Qo ${i}`, `/qo/${i}`]))
  return {
    hosts: {
      'sequoiq.example': pagesAt({
        '/': docPage('Sequoiq', '<h1>Sequoiq</h1>', { 'tlhIngan Hol': '/qech/soq', ...pages }),
        '/qech/soq': docPage('Soq', sample('curl -H "X-Sequoiq-Key: YOUR_KEY" https://api.sequoiq.example/v1/me')),
        ...Object.fromEntries(Object.values(pages).map((path) => [path, docPage('Qo', '<p>Qo</p>', pages)])),
      }),
    },
  }
}

function tamarackOne(): Readonly<Record<string, string>> {
  const old = ['me', 'users', 'teams'].map((path) => sample(`curl "https://api.tamarack.example/v1/${path}?api_key=YOUR_KEY"`)).join('')
  return {
    '/docs': docPage('Tamarack docs', '<h1>Docs</h1>', { 'Authentication for version 1': '/docs/v1/authentication' }),
    '/docs/v1/authentication': docPage('Authentication', `<h1>Authentication</h1><p>Version 1 was shut down in 2021.</p>${old}`),
  }
}
