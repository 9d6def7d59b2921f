import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { type OidcProviderOptions, type OidcServer, startOidcProvider } from './start-oidc-provider.ts'

const REDIRECT = 'http://127.0.0.1:7400/oauth/callback/ocl_1'
const VERIFIER = 'v'.repeat(43)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

const open: OidcServer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function start(options: OidcProviderOptions = {}): Promise<OidcServer> {
  const server = await startOidcProvider(options)
  server.allowRedirect(REDIRECT)
  open.push(server)
  return server
}

/** A person's browser: keeps cookies and follows redirects until it is sent back to the platform or shown a page. */
class Browser {
  readonly #cookies = new Map<string, string>()
  readonly seen: Response[] = []

  async go(url: string, form?: Record<string, string>): Promise<{ back?: URL; page?: string; url: string }> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...this.#cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    this.seen.push(response)
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      this.#cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) return { page: await response.text(), url }
    const target = new URL(location, url)
    return target.href.startsWith(REDIRECT) ? { back: target, url } : this.go(target.href)
  }
}

function authorizeUrl(server: OidcServer, change: Record<string, string> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: server.client.clientId,
    redirect_uri: REDIRECT,
    scope: 'openid email profile',
    state: 'st',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...change,
  }
  return `${server.endpoints.authorize}?${new URLSearchParams(parameters)}`
}

async function post(
  server: OidcServer,
  url: string,
  form: Record<string, string>,
): Promise<{ status: number; body: Record<string, string> }> {
  const authorization = `Basic ${Buffer.from(`${server.client.clientId}:${server.client.clientSecret}`).toString('base64')}`
  const response = await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) })
  return { status: response.status, body: (await response.json().catch(() => ({}))) as Record<string, string> }
}

async function connect(server: OidcServer): Promise<Record<string, string>> {
  const { back } = await new Browser().go(authorizeUrl(server))
  const form = {
    grant_type: 'authorization_code',
    code: back?.searchParams.get('code') ?? '',
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
  }
  const { status, body } = await post(server, server.endpoints.token, form)
  expect(status).toBe(200)
  return body
}

const refresh = (server: OidcServer, token = ''): Promise<{ status: number; body: Record<string, string> }> =>
  post(server, server.endpoints.token, { grant_type: 'refresh_token', refresh_token: token })

describe('the certified provider', () => {
  test('goes the whole way: code, PKCE, refresh, reuse, and the family is gone', async () => {
    const server = await start({ expiresInS: 7 })
    const { back } = await new Browser().go(authorizeUrl(server))
    expect([back?.searchParams.get('state'), back?.searchParams.get('iss')]).toEqual(['st', server.issuer])
    const first = await connect(server)
    expect(first).toMatchObject({ expires_in: 7, token_type: 'Bearer' })
    const second = await refresh(server, first.refresh_token)
    expect(second.body.refresh_token).not.toBe(first.refresh_token)
    expect(await server.accountOf(second.body.access_token ?? '')).toBe('ann')

    expect((await refresh(server, first.refresh_token)).body.error).toBe('invalid_grant')
    expect((await refresh(server, second.body.refresh_token)).body.error).toBe('invalid_grant')
    expect(await server.accountOf(second.body.access_token ?? '')).toBeUndefined()
    expect(server.tokenAnswers().map(({ grantType, status, error }) => [grantType, status, error])).toEqual([
      ['authorization_code', 200, undefined],
      ['refresh_token', 200, undefined],
      ['refresh_token', 400, 'invalid_grant'],
      ['refresh_token', 400, 'invalid_grant'],
    ])
    expect(server.tokens()).toEqual(expect.arrayContaining([first.refresh_token, second.body.access_token, second.body.refresh_token]))
  })

  test('tells who signed in, introspects and revokes', async () => {
    const server = await start({ account: 'bob' })
    const tokens = await connect(server)
    const who = await fetch(server.endpoints.userinfo, { headers: { authorization: `Bearer ${tokens.access_token}` } })
    expect(await who.json()).toMatchObject({ sub: 'bob', email: 'bob@example.com', name: 'bob of the demo' })
    expect((await post(server, server.endpoints.introspect, { token: tokens.refresh_token ?? '' })).body).toMatchObject({ active: true })
    expect((await post(server, server.endpoints.revoke, { token: tokens.refresh_token ?? '' })).status).toBe(200)
    expect((await refresh(server, tokens.refresh_token)).status).toBe(400)
  })

  test('demands PKCE and the redirect URI to the letter', async () => {
    const server = await start()
    const without = await new Browser().go(authorizeUrl(server, { code_challenge: '', code_challenge_method: '' }))
    expect(without.back?.searchParams.get('error')).toBe('invalid_request')
    const foreign = await new Browser().go(authorizeUrl(server, { redirect_uri: `${REDIRECT}/` }))
    expect(foreign.back).toBeUndefined()
  })

  test('loses the grants of one account on order and keeps the others', async () => {
    const server = await start()
    const anns = await connect(server)
    server.signIn('bob')
    const bobs = await connect(server)
    expect(server.revokeGrants('ann')).toBe(1)
    expect((await refresh(server, anns.refresh_token)).body.error).toBe('invalid_grant')
    expect((await refresh(server, bobs.refresh_token)).status).toBe(200)
  })

  test('shows pages that a person or a script can answer, cut from their opener when asked', async () => {
    const server = await start({ auto: false, coop: true })
    const browser = new Browser()
    const login = await browser.go(authorizeUrl(server))
    expect(login.page).toContain('Sign in')
    const action = (page = ''): string => new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', server.url).href
    const consent = await browser.go(action(login.page), { login: 'carla', decision: 'allow' })
    expect(consent.page).toContain('asks for openid email profile')
    const { back } = await browser.go(action(consent.page), { decision: 'allow' })
    expect(back?.searchParams.get('code')).toMatch(/./)
    expect(browser.seen.map((response) => response.headers.get('cross-origin-opener-policy'))).not.toContain(null)

    const other = new Browser()
    const page = await other.go(authorizeUrl(server))
    const asked = await other.go(action(page.page), { login: 'dora', decision: 'allow' })
    const denied = await other.go(action(asked.page), { decision: 'deny' })
    expect(denied.back?.searchParams.get('error')).toBe('access_denied')
  })
})
