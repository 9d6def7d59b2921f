import { createPublicKey, verify } from 'node:crypto'
import { createCredence } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fields, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'
import { type Answer, ask, claimsOf, HOST, mintAt, OTHER, panelAt } from '../../support/widget.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
  await scene.credence.project.update({ origins: [HOST, OTHER] })
}, 120_000)
afterAll(() => scene.close())

const mint = (body: unknown, key = scene.key, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  mintAt(scene, body, { key, headers })
const tokenFor = async (email: string, more: object = {}): Promise<string> =>
  String((await mint({ user_email: email, ...more })).body.token)

describe('the mint endpoint', () => {
  test('[S3-9] answers a token and its end, and the token has the claims of the documents and no other', async () => {
    const { status, body, headers } = await mint({ user_email: 'Ann@Example.com', context: { agent: 'agent-7' } })
    expect(status, JSON.stringify(body)).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['expires_at', 'token'])
    expect(headers.get('cache-control')).toBe('no-store')
    const claims = claimsOf(String(body.token))
    expect(Object.keys(claims).sort()).toEqual(['aud', 'context', 'exp', 'iat', 'iss', 'jti', 'origins', 'project', 'sub', 'user'])
    expect(claims).toMatchObject({ aud: 'credence-widget', context: { agent: 'agent-7' }, origins: [HOST, OTHER] })
    expect(claims.sub).toBe(claims.user)
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3600)
    expect(new Date(String(body.expires_at)).getTime()).toBe(Number(claims.exp) * 1000)
  })

  test('[S3-9] signs with a key that stands in the public key set', async () => {
    const token = await tokenFor('ann@example.com')
    const { body, headers } = await ask(`${scene.platform.public}/widget/jwks.json`)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const key = (body.keys as Record<string, string>[]).find((one) => one.kid === kid)
    expect([alg, key?.kty, key?.crv, key && 'd' in key]).toEqual(['EdDSA', 'OKP', 'Ed25519', false])
    const publicKey = createPublicKey({ key: key as never, format: 'jwk' })
    expect(verify(null, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true)
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  test('[S3-9] refuses in this order: no identity 401, a key without `mint` 403, also with a body that is none', async () => {
    const { secret } = await scene.credence.keys.create({ label: 'member', role: 'member' })
    const token = await tokenFor('ann@example.com')
    for (const body of ['{"user_email":"ann@example.com"}', '{', '', '{"user_email":7}']) {
      expect([(await mint(body, '')).status, (await mint(body, 'crd_unknown')).status, (await mint(body, token)).status]).toEqual([
        401, 401, 401,
      ])
      const refused = await mint(body, secret)
      expect([refused.status, refused.body.code]).toEqual([403, 'SCOPE_REQUIRED'])
    }
  })

  test('[S3-9] gives no other origin leave to call it', async () => {
    const preflight = await ask(`${scene.platform.admin}/widget/mint-token`, {
      method: 'OPTIONS',
      headers: { origin: HOST, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
    const answer = await mint({ user_email: 'ann@example.com' }, scene.key, { origin: HOST })
    for (const { headers } of [preflight, answer])
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(preflight.status).toBeGreaterThanOrEqual(400)
  })

  test('[S3-9] takes origins that narrow, and no others', async () => {
    expect(claimsOf(await tokenFor('ann@example.com', { origins: [OTHER] })).origins).toEqual([OTHER])
    for (const origins of [['https://evil.example'], [HOST, `${HOST}/`], [`${HOST}:443`], [], 'x']) {
      const refused = await mint({ user_email: 'ann@example.com', origins })
      expect([refused.status, refused.body.code], JSON.stringify(origins)).toEqual([400, 'INVALID_REQUEST'])
    }
  })

  test('[S3-11] names the user by address, trimmed and in any case, and makes him at first mention', async () => {
    const users = await Promise.all(
      ['carl@example.com', ' Carl@Example.COM ', 'CARL@example.com'].map(async (email) => claimsOf(await tokenFor(email)).user),
    )
    expect(new Set(users).size).toBe(1)
    expect(users[0]).toMatch(/^usr_/)
    expect(claimsOf(await tokenFor('dora@example.com')).user).not.toBe(users[0])
    for (const email of ['carl', '@example.com', 'a b@example.com', 'a@b@c', 'usr_x', 7, ['a@b.c']]) {
      const refused = await mint({ user_email: email })
      expect([refused.status, refused.body.code], JSON.stringify(email)).toEqual([400, 'INVALID_REQUEST'])
      expect((refused.body.errors as { pointer: string }[])[0]?.pointer).toMatch(/^\/user_email/)
    }
  })

  test('[S3-9] without a user makes a token of a guest', async () => {
    for (const body of [{}, { user_email: null }, { user_email: ' ' }, '']) {
      const answer = await mint(body)
      expect([answer.status, claimsOf(String(answer.body.token)).sub, claimsOf(String(answer.body.token)).user]).toEqual([
        200,
        'guest',
        undefined,
      ])
    }
  })
})

describe('a widget token', () => {
  test('[S3-9] opens the panel of its user from a page of its origins, which alone may read the answer', async () => {
    const { status, headers, body } = await panelAt(scene, await tokenFor('ann@example.com'))('GET', '/services')
    expect([status, body.guest], JSON.stringify(body)).toEqual([200, false])
    expect(headers.get('access-control-allow-origin')).toBe(HOST)
    expect(headers.get('access-control-allow-credentials')).toBeNull()
    expect(headers.get('vary')).toMatch(/Origin/i)
  })

  test('[S3-9] is worth nothing at another origin, without one, and for a page that reads nothing of the refusal', async () => {
    const token = await tokenFor('ann@example.com', { origins: [HOST] })
    for (const origin of [OTHER, 'null', 'https://evil.example', `${HOST}.evil.example`, HOST.toUpperCase(), null]) {
      const { status, headers, body } = await panelAt(scene, token, origin)('GET', '/services')
      expect([status, body.code, headers.get('access-control-allow-origin')], String(origin)).toEqual([403, 'ORIGIN_REFUSED', null])
    }
  })

  test('[S3-9] that was changed, cut, signed by another, or is a key, is refused', async () => {
    const token = await tokenFor('ann@example.com')
    const [header = '', payload = '', signature = ''] = token.split('.')
    const write = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const other = { ...claimsOf(token), user: 'usr_00000000000000000000000000' }
    const forged = [
      `${header}.${write(other)}.${signature}`,
      `${write({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      `${write({ alg: 'HS256', kid: 'x', typ: 'JWT' })}.${payload}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${payload}`,
      `${token}.x`,
      'eyJ',
      scene.key,
      '',
    ]
    for (const shown of forged) {
      const { status, headers } = await panelAt(scene, shown)('GET', '/services')
      expect([status, headers.get('access-control-allow-origin')], shown.slice(0, 30)).toEqual([401, null])
    }
  })

  test('[S3-9] opens nothing else: proxy, gRPC, REST and every other door answer 401', async () => {
    const token = await tokenFor('ann@example.com')
    const authorization = `Bearer ${token}`
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
    const { id } = await scene.credence
      .forUser('email:ann@example.com')
      .credentials.create({ providerId: provider.id, fields: { token: 't-900' } })
    const { platform } = scene
    for (const address of [
      `${platform.data}/v1/proxy/${id}/x`,
      `${platform.admin}/v1/credentials`,
      `${platform.admin}/v1/credentials/${id}`,
    ]) {
      expect((await ask(address, { headers: { authorization } })).status, address).toBe(401)
    }
    const byGrpc = createCredence({ apiUrl: platform.admin, proxyUrl: platform.data, grpc: platform.api, key: token })
    expect(
      (
        await refusalOf(
          byGrpc.events
            .tail({ from: new Date(0) })
            [Symbol.asyncIterator]()
            .next(),
        )
      ).code,
    ).toBe('UNAUTHENTICATED')
    expect((await refusalOf(byGrpc.credentials.get(id))).code).toBe('UNAUTHENTICATED')
    expect(scene.api.requests.filter(({ headers }) => headers.authorization === 'Bearer t-900')).toEqual([])
  })

  test('[S3-9] preflights are answered for exactly the origin that asks, and give it no more than that', async () => {
    const preflight = (origin: string): Promise<Answer> =>
      ask(`${scene.platform.public}/widget/api/services`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
      })
    const { status, headers } = await preflight(HOST)
    expect([status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')]).toEqual([204, HOST, null])
    expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type')
    expect((await preflight('null')).status).toBe(403)
  })

  test('[S3-9] still verifies after its key got a successor, which signs from then on', async () => {
    const before = await tokenFor('ann@example.com')
    const rest = new AbortController()
    // With several replicas a rotation goes on for a minute; the successor is there from its first moment on.
    const rotating = ask(`${scene.platform.admin}/v1/project/rotate-keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}`, 'content-type': 'application/json' },
      body: '{}',
      signal: rest.signal,
    }).catch(() => undefined)
    const [header] = before.split('.')
    await expect.poll(() => tokenFor('ann@example.com'), { timeout: 20_000 }).not.toMatch(new RegExp(`^${header}`))
    const after = await tokenFor('ann@example.com')
    rest.abort()
    await rotating
    const kids = ((await ask(`${scene.platform.public}/widget/jwks.json`)).body.keys as Record<string, string>[]).map(({ kid }) => kid)
    expect(kids).toHaveLength(2)
    for (const token of [before, after]) expect((await panelAt(scene, token)('GET', '/services')).status).toBe(200)
  })
})
