import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BEARER, connected, newCredential, PROJECT_SHARE, recipeWith, sealed, seedRecipe, setAccess } from './connecting.ts'
import { Harness, PUBLIC_URL, putKey } from './harness.ts'
import { call, type Outside, startOutside } from './outside.ts'

const MAX_BYTES = 1024 * 1024
let outside: Outside
let harness: Harness
let key: string

beforeAll(async () => {
  outside = await startOutside()
  harness = await Harness.start({ egress: outside.egress, maxRequestBytes: MAX_BYTES })
  key = (await putKey(harness)).key
})
afterAll(async () => {
  await harness.stop()
  await outside.close()
})
beforeEach(() => {
  outside.api.requests.length = 0
})

const problemOf = async (answer: Response): Promise<Record<string, unknown>> => (await answer.json()) as Record<string, unknown>
const bearer = (secret = 'tok-1234567890'): Promise<string> =>
  connected(harness, { recipe: seedRecipe('bearer'), secret: { token: secret } })

describe('where the secret goes', () => {
  test('[S1-1] [S0-3] a bearer credential reaches the API as `Bearer <token>`, and nothing of the caller’s key does', async () => {
    const answer = await call(harness.vault, await bearer(), '/things?a=1', { key })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('credence-origin')).toBe('upstream')
    const [received] = outside.api.requests
    expect(received?.headers.authorization).toBe('Bearer tok-1234567890')
    expect(received?.path).toBe('/things?a=1')
    expect(JSON.stringify(received?.rawHeaders)).not.toContain(key)
    expect(JSON.stringify(received?.rawHeaders).toLowerCase()).not.toContain('credence')
  })

  test('[S1-1] [S0-4] Freshdesk reaches its own domain with the API key as the Basic user and no password', async () => {
    const id = await connected(harness, {
      recipe: seedRecipe('freshdesk'),
      plain: { domain: 'acme.freshdesk.com' },
      secret: { username: 'fd-key-123456' },
    })
    expect((await call(harness.vault, id, '/v2/tickets', { key })).status).toBe(200)
    const [received] = outside.api.requests
    expect(received?.headers.host).toBe('acme.freshdesk.com')
    expect(received?.path).toBe('/api/v2/tickets')
    expect(received?.headers.authorization).toBe(`Basic ${Buffer.from('fd-key-123456:').toString('base64')}`)
  })

  test('[S1-1] [S0-2] an API key goes raw into `Authorization` where the payload names no other header', async () => {
    const id = await connected(harness, { recipe: seedRecipe('attention'), secret: { api_key: 'att-key-98765' } })
    expect((await call(harness.vault, id, '/v1/calls', { key })).status).toBe(200)
    expect(outside.api.requests[0]?.headers.authorization).toBe('att-key-98765')
  })

  test('[S0-1] a credential of type NONE calls the API without any credential header', async () => {
    const id = await connected(harness, { recipe: recipeWith({ type: 'NONE' }) })
    expect((await call(harness.vault, id, '/open', { key })).status).toBe(200)
    expect(outside.api.requests[0]?.headers.authorization).toBeUndefined()
  })

  test('[S2-17] a key in the query is percent-encoded, and the caller’s own parameters stay as he wrote them', async () => {
    const recipe = recipeWith({ type: 'API_KEY', auth_query_key: 'api_key', fields: [{ field_name: 'api_key' }] })
    const id = await connected(harness, { recipe, secret: { api_key: 'a b&c=d/é' } })
    expect((await call(harness.vault, id, '/q?x=%20y&flag&api_key=mine&z=%7E', { key })).status).toBe(200)
    expect(outside.api.requests[0]?.path).toBe('/q?x=%20y&flag&z=%7E&api_key=a%20b%26c%3Dd%2F%C3%A9')
  })

  test('[S0-6] custom headers carry secret and plain values, and only the secret one is masked in the answer', async () => {
    const recipe = recipeWith({
      type: 'CUSTOM_HEADER',
      fields: [{ field_name: 'account' }, { field_name: 'signing' }],
      headers: [
        { name: 'X-Account', value: '{{account}}', secret: false },
        { name: 'X-Sign', prefix: 'Sig', value: '{{signing}}', secret: true },
      ],
    })
    const id = await connected(harness, { recipe, plain: { account: 'acct-4711' }, secret: { signing: 'sign-secret-1' } })
    const answer = await call(harness.vault, id, '/echo', { key, headers: { 'x-sign': 'forged', X_Sign: 'forged' } })
    expect(outside.api.requests[0]?.headers['x-account']).toBe('acct-4711')
    expect(outside.api.requests[0]?.rawHeaders.filter((text) => text.toLowerCase().replace('_', '-') === 'x-sign')).toEqual(['X-Sign'])
    expect(outside.api.requests[0]?.headers['x-sign']).toBe('Sig sign-secret-1')
    const text = await answer.text()
    expect(text).toContain('acct-4711')
    expect(text).not.toContain('sign-secret-1')
  })
})

describe('the five steps', () => {
  test('[S2-17] a credential that is not active is refused before it is decrypted or anything is connected', async () => {
    const id = await bearer()
    const before = outside.api.connections()
    await setAccess(harness, id, { generation: 2, state: 'disabled', reason: 'disabled_by_caller' })
    const answer = await call(harness.vault, id, '/things', { key })
    expect(answer.status).toBe(409)
    expect(await problemOf(answer)).toMatchObject({ code: 'CREDENTIAL_DISABLED', facts: { reason: 'disabled_by_caller' } })
    expect(outside.api.connections()).toBe(before)
    expect(outside.api.requests).toEqual([])
  })

  test.each([
    ['expired', 'CREDENTIAL_EXPIRED'],
    ['disabled', 'CREDENTIAL_DISABLED'],
  ] as const)('[S2-3] [S2-9] %s is told with its reason and the lasting reconnect address', async (state, code) => {
    const id = await bearer()
    await setAccess(harness, id, { generation: 2, state, reason: 'refresh_refused' })
    const answer = await call(harness.vault, id, '/things', { key })
    expect(answer.headers.get('credence-origin')).toBe('credence')
    expect(await problemOf(answer)).toMatchObject({
      code,
      credential_id: id,
      facts: { reason: 'refresh_refused' },
      reconnect_url: `${PUBLIC_URL}/r/${id}`,
    })
  })

  test('[S1-8] a provider with `proxy_enabled: false` refuses every call', async () => {
    const id = await connected(harness, { recipe: recipeWith(BEARER, { proxy_enabled: false }), secret: { token: 'tok-1234567890' } })
    expect(await problemOf(await call(harness.vault, id, '/things', { key }))).toMatchObject({ code: 'PROXY_DISABLED' })
    expect(outside.api.requests).toEqual([])
  })

  test('[S2-18] what the API refuses comes back as it is, marked as the API’s own answer', async () => {
    const answer = await call(harness.vault, await bearer(), '/status/418', { key, method: 'DELETE' })
    expect([answer.status, answer.headers.get('credence-origin')]).toEqual([418, 'upstream'])
    expect(await answer.json()).toEqual({ status: 418 })
  })

  test('[S2-18] a redirect is handed back and not followed', async () => {
    const answer = await call(harness.vault, await bearer(), '/redirect?to=https://evil.example/', { key })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'https://evil.example/'])
    expect(outside.api.requests).toHaveLength(1)
  })

  test('[B-4] an API that echoes the secret in headers and body gives the caller stars', async () => {
    const id = await bearer('echo-secret-42')
    for (const form of ['raw', 'base64', 'hex', 'percent']) {
      const answer = await call(harness.vault, id, `/reflect?form=${form}&encoding=gzip&also=header`, { key })
      const text = `${await answer.text()} ${JSON.stringify([...answer.headers])}`
      expect(text).not.toContain('echo-secret-42')
      expect(text).not.toContain(Buffer.from('echo-secret-42').toString('hex'))
      expect(text).toContain('*')
    }
  })

  test('[S2-17] HEAD with a packed body’s headers has no body to unpack and passes', async () => {
    const answer = await call(harness.vault, await bearer(), '/gzip', { key, method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('')
  })
})

describe('who may', () => {
  test('[S2-20] a foreign project, a stranger, an unknown id and a mere candidate get one and the same answer', async () => {
    const other = await putKey(harness, { project: `proj_${'1'.repeat(26)}` })
    const id = await bearer()
    const candidate = await sealed(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
    const answers = [
      await call(harness.vault, id, '/x', { key: other.key }),
      await call(harness.vault, id, '/x', { key, user: 'id:bob' }),
      await call(harness.vault, id, '/x', { key, user: '' }),
      await call(harness.vault, newCredential(), '/x', { key }),
      await call(harness.vault, candidate.credentialId, '/x', { key }),
    ]
    const told = await Promise.all(answers.map(problemOf))
    for (const problem of told) {
      const { credential_id: _id, trace_id: _trace, ...rest } = problem
      const { credential_id: _first, trace_id: _other, ...expected } = told[0]!
      expect(rest).toEqual(expected)
    }
    expect(told[0]).toMatchObject({ code: 'NOT_FOUND', status: 404 })
    expect(outside.api.requests).toEqual([])
  })

  test('[S2-20] a credential shared with the project answers a key that names no user', async () => {
    const id = await connected(harness, {
      recipe: seedRecipe('bearer'),
      secret: { token: 'tok-1234567890' },
      access: { shares: [PROJECT_SHARE] },
    })
    const plain = await putKey(harness, { scopes: ['use'] })
    expect((await call(harness.vault, id, '/x', { key: plain.key, user: '' })).status).toBe(200)
  })

  test('a key without `act_for` that names a user, and one without `use`, are refused with the scope they lack', async () => {
    const id = await bearer()
    const noUser = await putKey(harness, { scopes: ['use'] })
    const noUse = await putKey(harness, { scopes: ['act_for', 'credentials.read'] })
    for (const { key: lesser } of [noUser, noUse]) {
      expect(await problemOf(await call(harness.vault, id, '/x', { key: lesser }))).toMatchObject({ code: 'SCOPE_REQUIRED', status: 403 })
    }
    expect(await problemOf(await call(harness.vault, id, '/x', { key, user: 'email:nobody' }))).toMatchObject({ code: 'USER_REQUIRED' })
  })

  test('an unknown, revoked or expired key is refused before the credential is looked at', async () => {
    const id = await bearer()
    const revoked = await putKey(harness, { state: 'revoked' })
    const expired = await putKey(harness, { expiresAt: new Date(harness.clock.now() - 1) })
    for (const bad of [`crd_${'x'.repeat(43)}`, revoked.key, expired.key, 'nonsense']) {
      expect(await problemOf(await call(harness.vault, id, '/x', { key: bad }))).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 })
    }
  })
})

describe('where it may go', () => {
  const raw = (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const [host, port] = harness.vault.addresses.data.split(':')
      const headers = { authorization: `Bearer ${key}`, 'credence-user': 'id:ann' }
      const sent = httpRequest({ host, port, path, headers }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
      })
      sent.once('error', reject).end()
    })

  test('[B-3] [S1-3] no spelling of a path leaves the provider’s `proxy_url`', async () => {
    const recipe = recipeWith(BEARER, { proxy_url: 'https://api.example.com/v1/inner' })
    const id = await connected(harness, { recipe, secret: { token: 'tok-1234567890' } })
    const climbs = ['/../x', '/..', '/a/../../x', '/%2e%2e/x', '/%2E./x', '/.%2e/x', '/..%2fx', '/%252e%252e/x', '/a/..;/x', '/./x']
    for (const climb of climbs) expect(await raw(`/v1/proxy/${id}${climb}`), climb).toBe(403)
    for (const odd of ['//evil.example/x', '/@evil.example', '/:80/', '/x?u=https://evil.example'])
      expect(await raw(`/v1/proxy/${id}${odd}`), odd).toBe(200)
    for (const { path, headers } of outside.api.requests) {
      expect(path.startsWith('/v1/inner/'), path).toBe(true)
      expect(headers.host).toBe('api.example.com')
    }
  })

  test('[B-3] a domain that a person fills in cannot smuggle another host, port or a private address', async () => {
    for (const domain of ['evil.com/path?x=', 'a@b.example', 'x.example:8443', '169.254.169.254', '[::1]']) {
      const work = sealed(harness, { recipe: seedRecipe('freshdesk'), plain: { domain }, secret: { username: 'fd-key-123456' } })
      await expect(work, domain).rejects.toMatchObject({ code: 'FIELD_REFUSED' })
    }
  })

  test('[B-3] a private address that the operator did not list is refused, and nothing is connected', async () => {
    const recipe = recipeWith(BEARER, { proxy_url: `https://127.0.0.1:${outside.api.port}` })
    const before = outside.api.connections()
    const id = await connected(harness, { recipe, secret: { token: 'tok-1234567890' } })
    expect(await problemOf(await call(harness.vault, id, '/x', { key }))).toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(outside.api.connections()).toBe(before)
  })

  test('a method that would echo the request is refused', async () => {
    const id = await bearer()
    const [host, port] = harness.vault.addresses.data.split(':')
    const status = await new Promise((resolve) => {
      const headers = { authorization: `Bearer ${key}`, 'credence-user': 'id:ann' }
      httpRequest({ host, port, path: `/v1/proxy/${id}/x`, method: 'TRACE', headers }, (answer) => resolve(answer.statusCode)).end()
    })
    expect(status).toBe(403)
  })
})

describe('limits', () => {
  test('a body that says it is too large is refused with 413 before it is read', async () => {
    const answer = await call(harness.vault, await bearer(), '/x', { key, method: 'POST', body: Buffer.alloc(MAX_BYTES + 1) })
    expect([answer.status, (await problemOf(answer)).code]).toEqual([413, 'REQUEST_TOO_LARGE'])
    expect(outside.api.requests).toEqual([])
  })

  test('a streamed body that grows too large is cut with 413', async () => {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536
        if (sent > 2 * MAX_BYTES) controller.close()
        else controller.enqueue(new Uint8Array(65_536))
      },
    })
    const answer = await call(harness.vault, await bearer(), '/x', { key, method: 'POST', body })
    expect([answer.status, (await problemOf(answer)).code]).toEqual([413, 'REQUEST_TOO_LARGE'])
    expect(outside.api.requests.every((received) => !received.complete)).toBe(true)
  })

  test('bodies of any kind reach the API byte for byte', async () => {
    const id = await bearer()
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256))
    const streamed = new Blob([bytes]).stream()
    expect((await call(harness.vault, id, '/up', { key, method: 'PUT', body: bytes })).status).toBe(200)
    expect((await call(harness.vault, id, '/up', { key, method: 'PUT', body: streamed })).status).toBe(200)
    expect((await call(harness.vault, id, '/up', { key, method: 'POST', body: 'small' })).status).toBe(200)
    const [whole, piecewise, small] = outside.api.requests.filter(({ path }) => path === '/up')
    expect(whole?.bodySha256).toBe(piecewise?.bodySha256)
    expect([whole?.bodyBytes, small?.body.toString()]).toEqual([300_000, 'small'])
  })

  test('an API that never answers is given up after a minute, and said to be the API’s delay', async () => {
    const id = await bearer()
    const waiting = call(harness.vault, id, '/never', { key })
    while (outside.api.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await harness.clock.advance(61_000)
    const answer = await waiting
    expect([answer.status, (await problemOf(answer)).code]).toEqual([504, 'UPSTREAM_TIMEOUT'])
  })

  test('an answer that breaks off breaks off for the caller too', async () => {
    const answer = await call(harness.vault, await bearer(), '/cut', { key })
    await expect(answer.text()).rejects.toThrow()
  })

  test('callers who go away leave no connection behind, and the next call works', async () => {
    const id = await bearer()
    for (let i = 0; i < 70; i++) {
      const gone = new AbortController()
      const leaving = call(harness.vault, id, i % 2 === 0 ? '/never' : '/sse?events=100000', { key, signal: gone.signal })
      if (i % 2 === 1) await leaving.then((answer) => answer.body?.getReader().read())
      gone.abort()
      await leaving.then((answer) => answer.text()).catch(() => undefined)
    }
    expect((await call(harness.vault, id, '/after', { key })).status).toBe(200)
  })
})

test('[C-1] a stop waits for the next request on a kept connection, and ends it with the answer', async () => {
  const stopping = await Harness.start({ egress: outside.egress, lingerMs: 5_000 })
  const { key: its } = await putKey(stopping)
  const id = await connected(stopping, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
  outside.api.accept(() => true)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const [host, port] = stopping.vault.addresses.data.split(':')
  const ask = (): Promise<{ status: number | undefined; connection: string | undefined; isSame: boolean }> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(
        { host, port, agent, path: `/v1/proxy/${id}/x`, headers: { authorization: `Bearer ${its}`, 'credence-user': 'id:ann' } },
        (response) => {
          response.resume()
          const { statusCode: status, headers } = response
          response.once('end', () => resolve({ status, connection: headers.connection, isSame: asked.reusedSocket }))
        },
      )
      asked.once('error', reject)
      asked.end()
    })
  expect(await ask()).toEqual({ status: 200, connection: 'keep-alive', isSame: false })
  const stopped = stopping.stop()
  // Nobody new gets in, and who is there is told that it was the last time.
  await expect.poll(() => refusesConnections(Number(port))).toBe(true)
  expect(await ask()).toEqual({ status: 200, connection: 'close', isSame: true })
  await stopped
  agent.destroy()
})

function refusesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })
}
