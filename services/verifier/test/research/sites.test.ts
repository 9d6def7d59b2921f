import {
  basicSite,
  bearerSite,
  discoverySite,
  germanSite,
  headerSite,
  japaneseSite,
  oauthDocsSite,
  openApiSite,
  querySite,
} from '@credence/testkit/doc-sites'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { payloadOf, type ResearchScene, startResearchScene } from './scene.ts'

let scene: ResearchScene
beforeAll(async () => {
  const keys = [bearerSite(), headerSite(), querySite(), basicSite(), openApiSite()]
  scene = await startResearchScene([...keys, discoverySite(), oauthDocsSite(), germanSite(), japaneseSite()])
})
afterAll(() => scene.close())

const userSteps = (report: { steps: readonly { audience: string; text: string }[] }): string[] =>
  report.steps.filter(({ audience }) => audience === 'user').map(({ text }) => text)

describe('documentation is read into a payload', () => {
  test('[S2-12] with a bearer token, its base URL and the call that proves it, each with the page that said it', async () => {
    const report = await scene.run('acornmail.example')
    expect(payloadOf(report)).toMatchObject({
      display_name: 'Acorn Mail',
      auth_patterns: [{ type: 'BEARER', fields: [{ field_name: 'token', input_type: 'password', required: true }] }],
      proxy_url: 'https://api.acornmail.example/v1',
      proxy_enabled: true,
      verify: { method: 'GET', path: '/me' },
    })
    const page = 'https://docs.acornmail.example/guides/authentication'
    expect(report.facts).toContainEqual({ pointer: '/auth_patterns/0/type', value: 'BEARER', url: page, confidence: 'high' })
    expect(report.facts).toContainEqual(expect.objectContaining({ pointer: '/proxy_url', url: 'https://docs.acornmail.example/' }))
    expect(report.missing).toEqual([])
  })

  test('[S2-13] and into steps that say where to click and where to paste', async () => {
    expect(userSteps(await scene.run('https://docs.acornmail.example/'))).toEqual([
      'Sign in to your Acorn Mail account.',
      'Go to Settings → Developers → API tokens.',
      'Click “Create token”.',
      'Copy the API token. Many services show it only once.',
      'Go on to the next step and paste it there. Nowhere else: not in a chat, a note or an e-mail.',
    ])
    expect(userSteps(await scene.run('birchmaps.example'))).toContain('Go to Dashboard → Security → API keys.')
    expect(userSteps(await scene.run('cedarweather.example'))).toContain('Go to Account → API keys.')
    expect(userSteps(await scene.run('doverdesk.example'))).toContain('Go to Profile settings → View API key.')
  })

  test('[S2-12] with a key in a header of its own, found in samples of three programming languages', async () => {
    expect(payloadOf(await scene.run('birchmaps.example'))).toMatchObject({
      auth_patterns: [{ type: 'API_KEY', auth_header_key_override: 'X-Birch-Key' }],
      proxy_url: 'https://api.birchmaps.example/v2',
      verify: { path: '/account' },
    })
  })

  test('[S2-12] with a key in the query; a call that needs more than the key is not its probe', async () => {
    const payload = payloadOf(await scene.run('cedarweather.example'))
    expect(payload).toMatchObject({ auth_patterns: [{ type: 'API_KEY', auth_query_key: 'appid' }], verify: { path: '/account' } })
    expect(payload.proxy_url).toBe('https://api.cedarweather.example/data/v3')
  })

  test('[S2-12] with basic authentication at a host of the customer, whose name is asked for', async () => {
    const report = await scene.run('doverdesk.example')
    expect(payloadOf(report)).toMatchObject({
      auth_patterns: [
        {
          type: 'BASIC',
          fields: [
            { field_name: 'domain', input_type: 'text', required: true },
            { field_name: 'username', label: 'API key', input_type: 'password' },
          ],
          auth_field_mutations: { password: { default: 'X' } },
        },
      ],
      proxy_url: 'https://{{domain}}.doverdesk.example/api/v2',
      verify: { path: '/agents/me' },
    })
    expect(userSteps(report)[1]).toContain('Dover Desk domain')
  })

  test('[S2-12] from an OpenAPI document: its own security, its server, and a GET that needs nothing else', async () => {
    const report = await scene.run('oakledger.example')
    expect(payloadOf(report)).toMatchObject({
      display_name: 'Oak Ledger',
      auth_patterns: [{ type: 'API_KEY', auth_header_key_override: 'X-Oak-Key' }],
      proxy_url: 'https://api.oakledger.example/v4',
      verify: { path: '/users/me' },
    })
    expect(report.facts.every(({ url }) => url === 'https://docs.oakledger.example/files/openapi.json')).toBe(true)
  })

  test('[S2-12] of OAuth that describes itself, with where a client can register', async () => {
    const report = await scene.run('https://mcp.elmcrm.example/mcp')
    const [pattern] = payloadOf(report).auth_patterns
    expect(pattern).toMatchObject({
      type: 'OAUTH',
      oauth_config: {
        authorize_uri: 'https://id.elmcrm.example/oauth/authorize',
        token_uri: 'https://id.elmcrm.example/oauth/token',
        user_info_uri: 'https://id.elmcrm.example/userinfo',
        issuer: 'https://id.elmcrm.example',
        available_scopes: [{ scope: 'contacts.read' }, { scope: 'deals.read' }],
      },
      token: { client_auth: 'client_secret_basic' },
    })
    expect(report).toMatchObject({ name: 'Elm CRM', registrationUri: 'https://id.elmcrm.example/oauth/register' })
  })

  test('[S2-12] of OAuth that only prose describes; its steps are for the administrator, with the redirect address', async () => {
    const report = await scene.run('firbooks.example')
    expect(payloadOf(report)).toMatchObject({
      auth_patterns: [
        {
          type: 'OAUTH',
          oauth_config: {
            authorize_uri: 'https://auth.firbooks.example/oauth2/authorize',
            token_uri: 'https://auth.firbooks.example/oauth2/token',
            available_scopes: [{ scope: 'invoices.read' }, { scope: 'invoices.write' }],
          },
        },
      ],
      proxy_url: 'https://api.firbooks.example/v1',
    })
    const administrators = report.steps.filter(({ audience }) => audience === 'administrator')
    expect(administrators.some(({ showsRedirectAddress }) => showsRedirectAddress === true)).toBe(true)
    expect(userSteps(report)).toEqual([
      'Go on to the next step and sign in to Fir Books in the window that opens. There is nothing to copy.',
    ])
  })

  test('[S2-12] in another language: samples read alike in all of them', async () => {
    const german = await scene.run('mahagonirechnung.example')
    expect(payloadOf(german)).toMatchObject({
      auth_patterns: [{ type: 'API_KEY', auth_header_key_override: 'X-API-Key' }],
      proxy_url: 'https://api.mahagonirechnung.example/v1',
    })
    expect(userSteps(german)).toContain('Go to Einstellungen → Schnittstellen → API-Schlüssel.')
    const japanese = await scene.run('nikkoboards.example')
    expect(payloadOf(japanese)).toMatchObject({ auth_patterns: [{ type: 'BEARER' }], verify: { path: '/users/me' } })
    expect(userSteps(japanese)).toContain('Go to 設定 → 開発者 → APIキー.')
  })
})

describe('what is asked of a site', () => {
  test('[S2-12] is read with GET alone, without cookie or credential, and named', async () => {
    await scene.run('acornmail.example')
    expect(scene.sites.asked.length).toBeGreaterThan(5)
    for (const { method, headers } of scene.sites.asked) {
      expect(method).toBe('GET')
      expect(headers).not.toHaveProperty('cookie')
      expect(headers).not.toHaveProperty('authorization')
      expect(headers['user-agent']).toMatch(/^credence /)
    }
  })

  test('[S2-12] never goes to the API itself with a guess of a key', async () => {
    await scene.run('birchmaps.example')
    expect(scene.sites.asked.filter(({ host }) => host === 'api.birchmaps.example')).toEqual([])
  })
})

describe('a research starts', () => {
  test('[S2-12] in the catalogue for a name or host that it knows, and asks nobody', async () => {
    for (const text of ['Freshdesk', ' freshdesk ', 'https://developers.freshdesk.com/api/']) {
      const report = await scene.run(text)
      expect(report).toMatchObject({ outcome: 'found', source: 'catalogue', catalogSlug: 'freshdesk', visits: [] })
      expect(payloadOf(report).display_name).toBe('Freshdesk')
    }
  })

  test('[S2-12] by asking for the site where a name says nothing', async () => {
    const report = await scene.run('Some unheard-of service')
    expect(report.outcome).toBe('unknown')
    expect(report.missing[0]?.question).toContain('Which site')
  })

  test('[S2-12] with the search endpoint of the operator: one site of that very name is taken, others are offered', async () => {
    const asked: string[] = []
    const answer = (body: unknown) => ({
      status: 200,
      headers: new Map(),
      body: Buffer.from(JSON.stringify(body)),
      cut: false,
      failure: '',
    })
    const results = {
      web: {
        results: [{ url: 'https://reviews.example/acorn' }, { url: 'https://docs.acornmail.example/x' }, { url: 'http://plain.example/' }],
      },
    }
    const search = {
      url: 'https://search.example/?q={query}',
      fetch: async (url: string) => {
        asked.push(url)
        return answer(results)
      },
    }
    expect(await scene.run('Acorn Mail', { search })).toMatchObject({ outcome: 'found', name: 'Acorn Mail' })
    expect(asked).toEqual(['https://search.example/?q=Acorn%20Mail%20API%20documentation'])
    const other = await scene.run('Acorn Mailer', { search })
    expect(other).toMatchObject({ outcome: 'unknown', suggestions: ['https://reviews.example', 'https://docs.acornmail.example'] })
  })
})
