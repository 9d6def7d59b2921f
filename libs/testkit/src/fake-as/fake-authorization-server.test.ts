import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../seeded-random.ts'
import { TestClock } from '../test-clock.ts'
import type { Behaviour } from './behaviour.ts'
import {
  type FakeAuthorizationServer,
  type FakeAuthorizationServerOptions,
  startFakeAuthorizationServer,
} from './fake-authorization-server.ts'
import { judgeLedger } from './judge-ledger.ts'

const REDIRECT = 'http://127.0.0.1:7400/oauth/callback/ocl_1'
const VERIFIER = 'v'.repeat(43)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

const open: FakeAuthorizationServer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((fake) => fake.close()))
})

async function start(options: FakeAuthorizationServerOptions = {}): Promise<FakeAuthorizationServer> {
  const fake = await startFakeAuthorizationServer({ random: seededRandom('fake'), ...options })
  fake.allowRedirect(REDIRECT)
  open.push(fake)
  return fake
}

type Answer = Record<string, string | number>

async function authorize(fake: FakeAuthorizationServer, change: Record<string, string> = {}): Promise<URL> {
  const parameters = {
    response_type: 'code',
    client_id: 'client',
    redirect_uri: REDIRECT,
    scope: 'read write',
    state: 'st',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...change,
  }
  const response = await fetch(`${fake.url}/authorize?${new URLSearchParams(parameters)}`, { redirect: 'manual' })
  expect(response.status).toBe(303)
  return new URL(response.headers.get('location') ?? '')
}

function post(fake: FakeAuthorizationServer, path: string, form: Record<string, string>): Promise<Response> {
  const authorization = `Basic ${Buffer.from('client:fake-client-secret').toString('base64')}`
  return fetch(`${fake.url}/${path}`, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) })
}

async function connect(fake: FakeAuthorizationServer): Promise<Answer> {
  const code = (await authorize(fake)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER }
  const response = await post(fake, 'token', form)
  expect(response.status).toBe(200)
  return response.json() as Promise<Answer>
}

async function refresh(fake: FakeAuthorizationServer, token: string | number | undefined): Promise<{ status: number; body: Answer }> {
  const response = await post(fake, 'token', { grant_type: 'refresh_token', refresh_token: String(token) })
  return { status: response.status, body: (await response.json()) as Answer }
}

describe('the fake authorization server', () => {
  test('connects by code and PKCE and tells who it is', async () => {
    const fake = await start()
    const back = await authorize(fake)
    expect([back.searchParams.get('state'), back.searchParams.get('iss')]).toEqual(['st', fake.issuer])
    const tokens = await connect(fake)
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'read write' })
    const who = await fetch(`${fake.url}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
    expect(await who.json()).toEqual({ sub: 'ann', name: 'Ann Example', email: 'ann@example.com' })
    expect(fake.accountOf(String(tokens.access_token))?.sub).toBe('ann')
    expect(fake.accountOf('at_unknown')).toBeUndefined()
  })

  test('redirects nobody to an address that is not registered to the letter', async () => {
    const fake = await start()
    for (const redirect_uri of [`${REDIRECT}/`, REDIRECT.toUpperCase(), `${REDIRECT}?a=1`, 'https://evil.example/']) {
      const query = new URLSearchParams({ response_type: 'code', client_id: 'client', redirect_uri })
      expect((await fetch(`${fake.url}/authorize?${query}`, { redirect: 'manual' })).status).toBe(400)
    }
  })

  test('demands S256 and refuses a wrong verifier, a foreign redirect and a second use of a code', async () => {
    const fake = await start()
    expect((await authorize(fake, { code_challenge_method: 'plain' })).searchParams.get('error')).toBe('invalid_request')
    expect((await authorize(fake, { code_challenge: '' })).searchParams.get('error')).toBe('invalid_request')
    const code = (await authorize(fake)).searchParams.get('code') ?? ''
    const right = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER }
    expect((await post(fake, 'token', { ...right, code_verifier: 'w'.repeat(43) })).status).toBe(400)
    expect((await post(fake, 'token', { ...right, redirect_uri: 'http://127.0.0.1/' })).status).toBe(400)
    const tokens = (await (await post(fake, 'token', right)).json()) as Answer
    expect((await post(fake, 'token', right)).status).toBe(400)
    expect(fake.accountOf(String(tokens.access_token))).toBeUndefined()
    expect([...judgeLedger(fake.ledger()).families.values()].map((family) => family.revokedBy)).toEqual(['code_reuse'])
  })

  test('takes a client by header or by body and refuses a wrong secret, both at once, and the way not registered', async () => {
    const redirectUris = [REDIRECT]
    const fake = await start({
      clients: [
        { clientId: 'client', clientSecret: 's:+ %ü', redirectUris },
        { clientId: 'post-only', clientSecret: 'x', redirectUris, authMethod: 'client_secret_post' },
      ],
    })
    const ask = async (headers: Record<string, string>, form: Record<string, string>): Promise<number> => {
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'rt', ...form })
      return (await fetch(`${fake.url}/token`, { method: 'POST', headers, body })).status
    }
    const basic = (id: string, secret: string): Record<string, string> => ({
      authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
    })
    expect(await ask(basic('client', 's:+ %ü'), {})).toBe(400)
    expect(await ask({}, { client_id: 'client', client_secret: 's:+ %ü' })).toBe(400)
    expect(await ask({}, { client_id: 'post-only', client_secret: 'x' })).toBe(400)
    expect(await ask(basic('post-only', 'x'), {})).toBe(401)
    expect(await ask(basic('client', 'wrong'), {})).toBe(401)
    expect(await ask(basic('client', 's:+ %ü'), { client_secret: 's:+ %ü' })).toBe(401)
    expect(await ask({}, { client_id: 'client' })).toBe(401)
  })

  test('shows a consent page that a form post decides', async () => {
    const fake = await start({ consentPage: true, account: { sub: 'eve', name: '<b>Eve</b>' } })
    const query = { response_type: 'code', client_id: 'client', redirect_uri: REDIRECT, state: 'st', code_challenge: CHALLENGE }
    const form = new URLSearchParams({ ...query, code_challenge_method: 'S256' })
    const page = await (await fetch(`${fake.url}/authorize?${form}`)).text()
    expect(page).toContain('Allow')
    expect(page).not.toContain('<b>Eve')
    const decide = async (decision: string): Promise<URL> => {
      const body = new URLSearchParams([...form, ['decision', decision]])
      const response = await fetch(`${fake.url}/authorize`, { method: 'POST', body, redirect: 'manual' })
      return new URL(response.headers.get('location') ?? '')
    }
    expect((await decide('deny')).searchParams.get('error')).toBe('access_denied')
    expect((await decide('allow')).searchParams.get('code')).toMatch(/^code_/)
  })
})

describe('a spent refresh token', () => {
  test('does not exist on a static server', async () => {
    const fake = await start({ serverClass: 'static' })
    const { refresh_token } = await connect(fake)
    for (let i = 0; i < 3; i++) expect((await refresh(fake, refresh_token)).body).not.toHaveProperty('refresh_token')
    expect(judgeLedger(fake.ledger())).toMatchObject({ refreshRequests: 3, spentReplays: 0 })
  })

  test('works for its grace time and not longer', async () => {
    const clock = new TestClock()
    const fake = await start({ serverClass: 'grace', graceMs: 1000, clock })
    const { refresh_token: first } = await connect(fake)
    const second = await refresh(fake, first)
    const again = await refresh(fake, first)
    expect([second.status, again.status]).toEqual([200, 200])
    await clock.advance(1001)
    expect((await refresh(fake, first)).body).toEqual({ error: 'invalid_grant' })
    expect((await refresh(fake, again.body.refresh_token)).status).toBe(200)
    expect(judgeLedger(fake.ledger())).toMatchObject({ spentReplays: 2, familiesRevokedByReuse: 0 })
  })

  test('is refused by a rejecting server that keeps the family', async () => {
    const fake = await start({ serverClass: 'reject' })
    const { refresh_token: first } = await connect(fake)
    const { body } = await refresh(fake, first)
    expect((await refresh(fake, first)).status).toBe(400)
    expect((await refresh(fake, body.refresh_token)).status).toBe(200)
  })

  test('ends the family on a strict server, access tokens included', async () => {
    const fake = await start({ serverClass: 'strict' })
    const { refresh_token: first } = await connect(fake)
    const { body } = await refresh(fake, first)
    expect(judgeLedger(fake.ledger()).families.get('fam_1')).toMatchObject({ currentRefreshToken: body.refresh_token })
    expect((await refresh(fake, first)).body).toEqual({ error: 'invalid_grant' })
    expect((await refresh(fake, body.refresh_token)).body).toEqual({ error: 'invalid_grant' })
    expect(fake.accountOf(String(body.access_token))).toBeUndefined()
    const verdict = judgeLedger(fake.ledger())
    expect(verdict).toMatchObject({ tokenRequests: 4, refreshRequests: 3, spentReplays: 1, familiesRevokedByReuse: 1 })
    expect(verdict.families.get('fam_1')).toMatchObject({ revokedBy: 'reuse' })
    expect(verdict.families.get('fam_1')).not.toHaveProperty('currentRefreshToken')
  })
})

describe('behaviours', () => {
  test('bend the token answer and leave the grant alone', async () => {
    const fake = await start()
    const { refresh_token } = await connect(fake)
    const bend = async (behaviour: Behaviour): Promise<Response> => {
      fake.behave({ times: 1, ...behaviour })
      return post(fake, 'token', { grant_type: 'refresh_token', refresh_token: String(refresh_token) })
    }
    expect(await (await bend({ answer: 'html' })).text()).toContain('<h1>')
    expect(await (await bend({ answer: 'ok_false', error: 'invalid_refresh_token' })).json()).toEqual({
      ok: false,
      error: 'invalid_refresh_token',
    })
    const limited = await bend({ answer: 'rate_limited', retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' })
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, 'Wed, 21 Oct 2026 07:28:00 GMT'])
    expect((await bend({ answer: 'server_error', status: 502 })).status).toBe(502)
    expect(await (await bend({ answer: 'oauth_error', error: 'invalid_client', status: 401 })).json()).toEqual({ error: 'invalid_client' })
    expect((await refresh(fake, refresh_token)).status).toBe(200)
    expect(judgeLedger(fake.ledger())).toMatchObject({ refreshRequests: 6, spentReplays: 0 })
  })

  test('change what is issued: life, scope, members left out', async () => {
    const fake = await start()
    const { refresh_token } = await connect(fake)
    fake.behave({ omit: ['refresh_token', 'expires_in'], scope: 'read' })
    const { body } = await refresh(fake, refresh_token)
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', scope: 'read' })
    fake.behave({ expiresInS: 7 })
    expect((await refresh(fake, refresh_token)).body).toMatchObject({ expires_in: 7, refresh_token: expect.any(String) })
    fake.behave({})
    expect((await connect(fake)).expires_in).toBe(3600)
  })

  test('cut the connection before the work, after it, and within the answer', async () => {
    const fake = await start({ serverClass: 'reject' })
    const { refresh_token: first } = await connect(fake)
    const cut = async (where: 'unprocessed' | 'no_answer' | 'mid_answer', token: unknown): Promise<void> => {
      fake.behave({ cut: where, times: 1 })
      await expect(refresh(fake, String(token))).rejects.toThrow()
    }
    await cut('unprocessed', first)
    expect(judgeLedger(fake.ledger()).refreshRequests).toBe(0)
    await cut('no_answer', first)
    const second = judgeLedger(fake.ledger()).families.get('fam_1')?.currentRefreshToken
    expect(second).not.toBe(first)
    await cut('mid_answer', second)
    await expect.poll(() => judgeLedger(fake.ledger()).families.get('fam_1')).toMatchObject({ refreshes: 2, issuedUndelivered: 2 })
  })

  test('spend the token although the answer says that it failed', async () => {
    const fake = await start({ serverClass: 'reject' })
    const { refresh_token } = await connect(fake)
    fake.behave({ answer: 'server_error', spend: true, times: 1 })
    expect((await refresh(fake, refresh_token)).status).toBe(503)
    expect((await refresh(fake, refresh_token)).body).toEqual({ error: 'invalid_grant' })
  })

  test('hold answers until they are released', async () => {
    const fake = await start()
    const { refresh_token } = await connect(fake)
    fake.behave({ hold: true })
    const waiting = refresh(fake, refresh_token)
    await expect.poll(() => fake.held()).toBe(1)
    expect(judgeLedger(fake.ledger()).refreshRequests).toBe(1)
    fake.release()
    expect((await waiting).status).toBe(200)
  })

  test('name another issuer, or none, and deny the consent', async () => {
    const fake = await start()
    fake.behave({ endpoint: 'authorize', iss: 'https://evil.example', times: 1 })
    expect((await authorize(fake)).searchParams.get('iss')).toBe('https://evil.example')
    fake.behave({ endpoint: 'authorize', iss: '', times: 1 })
    expect((await authorize(fake)).searchParams.has('iss')).toBe(false)
    fake.behave({ endpoint: 'authorize', error: 'access_denied', times: 1 })
    expect((await authorize(fake)).searchParams.get('error')).toBe('access_denied')
    expect((await authorize(fake)).searchParams.get('code')).toMatch(/^code_/)
  })
})

describe('the end of a grant', () => {
  test('by the client takes the family and is noted as such', async () => {
    const fake = await start()
    const tokens = await connect(fake)
    expect((await post(fake, 'revoke', { token: String(tokens.refresh_token) })).status).toBe(200)
    expect((await post(fake, 'revoke', { token: 'never-issued' })).status).toBe(200)
    expect((await refresh(fake, tokens.refresh_token)).status).toBe(400)
    expect(fake.ledger().filter((entry) => entry.kind === 'family_revoked')).toMatchObject([{ revokedBy: 'client' }])
  })

  test('by the user at the provider reaches only his own', async () => {
    const fake = await start()
    const anns = await connect(fake)
    fake.signIn({ sub: 'bob' })
    const bobs = await connect(fake)
    expect(fake.revokeGrants('ann')).toBe(1)
    expect((await refresh(fake, anns.refresh_token)).status).toBe(400)
    expect((await refresh(fake, bobs.refresh_token)).status).toBe(200)
    expect(judgeLedger(fake.ledger()).familiesRevokedByReuse).toBe(0)
  })

  test('comes to access tokens by their own time', async () => {
    const clock = new TestClock()
    const fake = await start({ clock, expiresInS: 10 })
    const { access_token } = await connect(fake)
    await clock.advance(9_999)
    expect((await (await post(fake, 'introspect', { token: String(access_token) })).json()) as Answer).toMatchObject({ active: true })
    await clock.advance(1)
    expect(fake.accountOf(String(access_token))).toBeUndefined()
  })
})

test('the fake server keeps up with thousands of refreshes', async () => {
  const fake = await start()
  let { refresh_token: token } = await connect(fake)
  for (let i = 0; i < 2000; i++) token = (await refresh(fake, token)).body.refresh_token ?? ''
  const verdict = judgeLedger(fake.ledger())
  expect(verdict.families.get('fam_1')).toMatchObject({ refreshes: 2000, spentReplays: 0, currentRefreshToken: token })
  expect(new Set(fake.tokens()).size).toBe(4002)
})
