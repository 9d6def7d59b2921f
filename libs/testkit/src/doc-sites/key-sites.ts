import { type ApiMood, apiAt, basicOf, bearerOf, type DocSite, docPage, pagesAt, sample } from './site.ts'

const key = (name: string): ApiMood => ({ key: `${name}-key-51f2c07ab9` })

/** A token in `Authorization: Bearer`, with a page about authentication, a base URL and a way to click. */
export function bearerSite(mood: ApiMood = key('acorn')): DocSite & { readonly mood: ApiMood } {
  const nav = { Home: '/', 'API docs': 'https://docs.acornmail.example/', Blog: '/blog' }
  const docs = { Overview: '/', Authentication: '/guides/authentication', Messages: '/reference/messages', Changelog: '/changelog' }
  return {
    mood,
    hosts: {
      'acornmail.example': pagesAt({
        '/': docPage('Acorn Mail – newsletters that grow', '<h1>Newsletters that grow</h1><p>Send to thousands in a minute.</p>', nav),
      }),
      'docs.acornmail.example': pagesAt({
        '/': docPage(
          'Acorn Mail API',
          '<h1>Acorn Mail API</h1><p>The base URL of every request is <code>https://api.acornmail.example/v1</code>.</p>',
          docs,
        ),
        '/guides/authentication': docPage(
          'Authentication | Acorn Mail API',
          `<h1>Authentication</h1><p>Every request carries an API token in the <code>Authorization</code> header.</p>
           <p>In your account, go to Settings → Developers → API tokens and click <b>Create token</b>. The token is shown once.</p>
           ${sample('curl https://api.acornmail.example/v1/me \\\n  -H "Authorization: Bearer YOUR_API_TOKEN"')}
           <p>A request without a token is answered with 401.</p>`,
          docs,
        ),
        '/reference/messages': docPage(
          'Messages | Acorn Mail API',
          `<h1>Messages</h1>${sample(
            'curl -X POST https://api.acornmail.example/v1/messages \\\n  -H "Authorization: Bearer YOUR_API_TOKEN" -H "Content-Type: application/json" -d \'{"to": "ann@wire.example"}\'',
          )}`,
          docs,
        ),
      }),
      'api.acornmail.example': apiAt(mood, '/v1/me', bearerOf),
    },
  }
}

/** A key in a header of the API's own, shown in three programming languages. */
export function headerSite(mood: ApiMood = key('birch')): DocSite & { readonly mood: ApiMood } {
  const nav = { Docs: '/docs', 'API keys': '/docs/api-keys' }
  return {
    mood,
    hosts: {
      'birchmaps.example': pagesAt({
        '/': docPage('Birch Maps', '<h1>Maps for everybody</h1>', nav),
        '/docs': docPage('Birch Maps documentation', '<h1>Documentation</h1><p>Routes, places and tiles.</p>', nav),
        '/docs/api-keys': docPage(
          'API keys – Birch Maps',
          `<h1>API keys</h1><p>Open Dashboard › Security › API keys, click “Generate key” and copy it.</p>
           ${sample('GET /v2/account HTTP/1.1\nHost: api.birchmaps.example\nX-Birch-Key: <your key>')}
           ${sample("const response = await fetch('https://api.birchmaps.example/v2/account', {\n  headers: { 'X-Birch-Key': process.env.BIRCH_KEY ?? 'YOUR_KEY' },\n})")}
           ${sample("requests.get('https://api.birchmaps.example/v2/account', headers={'X-Birch-Key': 'YOUR_KEY'})")}`,
          nav,
        ),
      }),
      'api.birchmaps.example': apiAt(mood, '/v2/account', ({ headers }) => headers['x-birch-key'] as string | undefined),
    },
  }
}

/** A key in the query, as weather services like it. */
export function querySite(mood: ApiMood = key('cedar')): DocSite & { readonly mood: ApiMood } {
  const nav = { Developers: '/developers', Authentication: '/developers/auth' }
  return {
    mood,
    hosts: {
      'cedarweather.example': pagesAt({
        '/': docPage('Cedar Weather', '<h1>Weather you can build on</h1>', nav),
        '/developers': docPage('Cedar Weather for developers', '<h1>Developers</h1><p>Forecasts as JSON.</p>', nav),
        '/developers/auth': docPage(
          'Authentication – Cedar Weather',
          `<h1>Authentication</h1><p>Send your key as the query parameter <code>appid</code>. You find it under Account → API keys.</p>
           ${sample('https://api.cedarweather.example/data/v3/account?appid={API key}')}
           ${sample('curl "https://api.cedarweather.example/data/v3/forecast?city=Oslo&appid=YOUR_API_KEY"')}`,
          nav,
        ),
      }),
      'api.cedarweather.example': apiAt(mood, '/data/v3/account', (_, url) => url.searchParams.get('appid') ?? undefined),
    },
  }
}

/** Basic authentication with the key as user name, at a host that is the customer's own. */
export function basicSite(mood: ApiMood = { key: 'dover-key-51f2c07ab9:X' }): DocSite & { readonly mood: ApiMood } {
  const nav = { 'API reference': '/api/', Authentication: '/api/authentication' }
  const api = apiAt(mood, '/api/v2/agents/me', basicOf)
  return {
    mood,
    hosts: {
      'doverdesk.example': pagesAt({
        '/': docPage('Dover Desk', '<h1>Help desk</h1>', { API: 'https://developers.doverdesk.example/api/' }),
      }),
      'developers.doverdesk.example': pagesAt({
        '/api/': docPage('Dover Desk API', '<h1>Dover Desk API</h1><p>REST over https.</p>', nav),
        '/api/authentication': docPage(
          'Authentication – Dover Desk API',
          `<h1>Authentication</h1><p>Use your API key as the user name; the password can be anything. Replace <i>yourdomain</i> by your own.</p>
           <p>Your key is in Profile settings → View API key.</p>
           ${sample("curl -v -u YOUR_API_KEY:X -X GET 'https://yourdomain.doverdesk.example/api/v2/agents/me'")}
           ${sample("curl -v -u YOUR_API_KEY:X 'https://yourdomain.doverdesk.example/api/v2/tickets?page=1'")}`,
          nav,
        ),
      }),
      'acme.doverdesk.example': api,
    },
  }
}

/** An API that describes itself: no prose is needed. */
export function openApiSite(mood: ApiMood = key('oak')): DocSite & { readonly mood: ApiMood } {
  const document = {
    openapi: '3.1.0',
    info: { title: 'Oak Ledger API', version: '4.2', description: 'Invoices and ledgers of a company. See the guide for more.' },
    servers: [{ url: 'https://sandbox.oakledger.example/v4' }, { url: 'https://api.oakledger.example/v4' }],
    security: [{ ApiKey: [] }],
    components: {
      securitySchemes: { ApiKey: { type: 'apiKey', in: 'header', name: 'X-Oak-Key' }, Old: { type: 'apiKey', in: 'query', name: 'key' } },
    },
    paths: {
      '/status': { get: { security: [], responses: {} } },
      '/exports/run': { get: { responses: {} } },
      '/invoices/{id}': { get: { responses: {} } },
      '/invoices': { get: { parameters: [{ name: 'company', in: 'query', required: true }], responses: {} }, post: { responses: {} } },
      '/users/me': { get: { parameters: [{ name: 'expand', in: 'query', required: false }], responses: {} } },
    },
  }
  return {
    mood,
    hosts: {
      'oakledger.example': pagesAt({
        '/': docPage('Oak Ledger', '<h1>Books that balance</h1>', { Developers: 'https://docs.oakledger.example/' }),
      }),
      'docs.oakledger.example': pagesAt({
        '/': `<!doctype html><title>Oak Ledger API reference</title><redoc spec-url="/files/openapi.json"></redoc><script src="/redoc.js"></script>`,
        '/files/openapi.json': document,
      }),
      'api.oakledger.example': apiAt(mood, '/v4/users/me', ({ headers }) => headers['x-oak-key'] as string | undefined),
    },
  }
}
