import { type DocSite, docPage, end, pagesAt, sample } from './site.ts'

/** An API that names its authorization server (RFC 9728), which describes itself (RFC 8414) and lets clients register. */
export function discoverySite(): DocSite {
  const issuer = 'https://id.elmcrm.example'
  const resource = 'https://mcp.elmcrm.example/mcp'
  return {
    hosts: {
      'mcp.elmcrm.example': (request, response) => {
        if (request.url === '/.well-known/oauth-protected-resource/mcp') {
          const document = {
            resource,
            resource_name: 'Elm CRM',
            authorization_servers: [issuer],
            scopes_supported: ['contacts.read', 'deals.read'],
          }
          return end(response, 200, 'application/json', JSON.stringify(document))
        }
        if (request.url !== '/mcp') return end(response, 404, 'text/plain', '')
        const challenge = `Bearer resource_metadata="https://mcp.elmcrm.example/.well-known/oauth-protected-resource/mcp"`
        response.writeHead(401, { 'www-authenticate': challenge }).end()
      },
      'id.elmcrm.example': pagesAt({
        '/.well-known/oauth-authorization-server': {
          issuer,
          authorization_endpoint: `${issuer}/oauth/authorize`,
          token_endpoint: `${issuer}/oauth/token`,
          revocation_endpoint: `${issuer}/oauth/revoke`,
          registration_endpoint: `${issuer}/oauth/register`,
          userinfo_endpoint: `${issuer}/userinfo`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['client_secret_basic', 'none'],
        },
      }),
    },
  }
}

/** OAuth that only prose describes. */
export function oauthDocsSite(): DocSite {
  const nav = { Guides: '/docs', OAuth: '/docs/oauth' }
  return {
    hosts: {
      'firbooks.example': pagesAt({
        '/': docPage('Fir Books', '<h1>Accounting</h1>', nav),
        '/docs': docPage('Fir Books API', '<h1>API</h1><p>The API root is https://api.firbooks.example/v1 .</p>', nav),
        '/docs/oauth': docPage(
          'OAuth 2.0 – Fir Books API',
          `<h1>OAuth 2.0</h1><p>Create an app under Developer portal → My apps, then send people to the authorization URL.</p>
           ${sample('https://auth.firbooks.example/oauth2/authorize?client_id=CLIENT_ID&response_type=code&scope=invoices.read+invoices.write&redirect_uri=…')}
           <p>Exchange the code at the token URL with your client secret:</p>
           ${sample('curl -X POST https://auth.firbooks.example/oauth2/token -d grant_type=authorization_code -d code=CODE')}
           ${sample('curl https://api.firbooks.example/v1/company -H "Authorization: Bearer ACCESS_TOKEN"')}`,
          nav,
        ),
      }),
    },
  }
}
