import { createPublicKey, verify, type webcrypto } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Scene, startScene } from '../../support/scene.ts'

const HOST = 'https://app.acme.example'
const OTHER = 'https://beta.acme.example'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
  await scene.credence.project.update({ origins: [HOST, OTHER] })
}, 120_000)
afterAll(() => scene.close())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, init)
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : { text } }
}

function mint(body: unknown, key = scene.key, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return ask(`${scene.platform.admin}/widget/mint-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

async function tokenFor(email: string, more: object = {}): Promise<string> {
  const { body } = await mint({ user_email: email, ...more })
  return String(body.token)
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

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
    const key = (body.keys as (webcrypto.JsonWebKey & { kid: string })[]).find((one) => one.kid === kid)
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
