import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { type FakeAuthorizationServer, startFakeAuthorizationServer } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNowhere, untilPlanned, VERIFY } from '../../support/exchanges.ts'
import { factOf, fields, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

const SECRET = 'canary-client-secret-"&\\-44'
const SUBJECT = 'canary-subject-token-45'
const rsa = pair('rsa', { modulusLength: 2048 })
const ec = pair('ec', { namedCurve: 'P-256' })
const ed = pair('ed25519', {})
const ISSUER = 'https://tokens.example'
let as: FakeAuthorizationServer
let scene: Scene
const answers: string[] = []

function pair(type: 'rsa' | 'ec' | 'ed25519', options: object): { readonly publicKey: string; readonly privateKey: string } {
  const format = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }
  return generateKeyPairSync(type as 'rsa', { ...options, ...format } as never) as never
}

beforeAll(async () => {
  as = await startFakeAuthorizationServer({
    issuer: ISSUER,
    clients: [
      { clientId: 'backend', clientSecret: SECRET, redirectUris: [] },
      { clientId: 'signing', publicKey: ec.publicKey, redirectUris: [] },
    ],
    assertionKeys: { 'rs@project.example': rsa.publicKey, 'es@project.example': ec.publicKey, 'ed@project.example': ed.publicKey },
    subjectTokens: { [SUBJECT]: 'ann' },
  })
  const odd = createServer((_request, response) => void response.end(JSON.stringify({ access_token: 'canary-odd\r\nX-More: 1' })))
  scene = await startScene({ sites: { 'tokens.example': as.server, 'odd.example': odd } })
  scene.api.accept(({ token }) => token !== undefined && as.accountOf(token) !== undefined)
}, 120_000)
afterAll(async () => {
  await scene.close()
  await as.close()
})

const oauth = (config: object, members: object = {}): object => ({
  type: 'OAUTH',
  fields: fields('client_id*', 'client_secret*'),
  oauth_config: { token_uri: `${ISSUER}/token`, ...config },
  ...members,
})
const BACKEND = { client_id: 'backend', client_secret: SECRET }

async function connected(pattern: object, values: Readonly<Record<string, string>> = BACKEND, level?: 'project'): Promise<string> {
  const provider = await provide(scene, pattern, VERIFY)
  const order = { providerId: provider.id, fields: values, ...(level === undefined ? {} : { level }) }
  return (await scene.ann.credentials.create(order)).id
}

async function statusOf(id: string): Promise<number> {
  const response = await scene.ann.fetch(id, '/echo')
  answers.push(await response.text())
  return response.status
}

const last = () => as.ledger().findLast(({ kind }) => kind === 'token')

describe('client credentials', () => {
  const pattern = oauth({
    grant_type: 'client_credentials',
    available_scopes: [{ scope: 'read' }, { scope: 'write' }],
    audience: 'https://api.wire.example',
    resource: 'https://api.wire.example/v1',
    token_params: { tenant: 'north' },
  })

  test('[B-14] are exchanged when they are connected, with scopes, audience and resource, and need no sign-in page', async () => {
    const id = await connected(pattern)
    expect(last()).toMatchObject({
      grantType: 'client_credentials',
      clientId: 'backend',
      status: 200,
      asked: { scope: 'read write', audience: 'https://api.wire.example', resource: 'https://api.wire.example/v1' },
    })
    expect(await statusOf(id)).toBe(200)
    expect(scene.api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${last()?.issued?.accessToken}`)
    expect(await scene.ann.credentials.get(id)).toMatchObject({ family: 'oauth2', scopes: ['read', 'write'], status: 'active' })
  })

  test('[B-14] can belong to the project, where everybody uses the one token', async () => {
    const provider = await provide(scene, pattern, VERIFY)
    const owner = scene.credence.forUser('id:olga')
    const { id } = await owner.credentials.create({ providerId: provider.id, fields: BACKEND, level: 'project' })
    const before = as.ledger().length
    const statuses = await Promise.all(
      ['id:bo', 'id:cy'].map(async (user) => (await scene.credence.forUser(user).fetch(id, '/echo')).status),
    )
    expect(statuses).toEqual([200, 200])
    expect(
      as
        .ledger()
        .slice(before)
        .filter(({ kind }) => kind === 'token'),
    ).toEqual([])
  })

  test('[B-14] are sent as the server wants them: in a Basic header, in a form, or as JSON', async () => {
    for (const token of [{ client_auth: 'client_secret_basic' }, { client_auth: 'client_secret_post' }]) {
      expect(await statusOf(await connected({ ...pattern, token }))).toBe(200)
    }
  })

  test('[B-14] [S2-7] are exchanged again ahead of the end and at a 401, and nobody signs in', async () => {
    as.behave({ expiresInS: 6, times: 1 })
    const early = await connected(pattern)
    await factOf(scene, 'credential.refreshed', early)
    const id = await connected(pattern)
    as.revokeGrants()
    expect(await Promise.all([statusOf(id), statusOf(id), statusOf(id)])).toEqual([200, 200, 200])
    await untilPlanned(scene.ann, id)
  })

  test('[B-14] [S2-8] that the server refuses twice end in expired, with the code and a reconnect link', async () => {
    const id = await connected(pattern)
    await untilPlanned(scene.ann, id)
    as.behave({ answer: 'oauth_error', error: 'invalid_client', status: 401 })
    as.revokeGrants()
    expect(await statusOf(id)).toBe(401)
    const expired = await factOf(scene, 'credential.expired', id)
    expect(expired.data).toMatchObject({ reason: 'refresh_refused', upstream_error: 'invalid_client' })
    as.behave({})
    expect((await refusalOf(scene.ann.credentials.verify(id))).reconnectUrl).toContain(id)
  })

  test('[B-14] survive answers that never came: nothing is in doubt, since nothing can be spent', async () => {
    const id = await connected(pattern)
    await untilPlanned(scene.ann, id)
    as.behave({ cut: 'no_answer', times: 1 })
    as.revokeGrants()
    expect([200, 401]).toContain(await statusOf(id))
    await expect.poll(() => statusOf(id), { timeout: 30_000 }).toBe(200)
    const outcomes = scene.events.filter(({ type, subject }) => subject === id && type.endsWith('refresh_failed')).map(({ data }) => data)
    expect(JSON.stringify(outcomes)).not.toMatch(/lost|unreadable/)
  }, 90_000)

  test('[B-14] that are wrong are a typed error, and nothing is stored', async () => {
    const provider = await provide(scene, pattern, VERIFY)
    const wrong = { ...BACKEND, client_secret: 'wrong' }
    const refused = await refusalOf(scene.ann.credentials.create({ providerId: provider.id, fields: wrong }))
    expect(refused).toMatchObject({ code: 'EXCHANGE_REFUSED', message: expect.stringContaining('invalid_client') })
    as.behave({ answer: 'oauth_error', error: 'invalid_scope', times: 1 })
    expect((await refusalOf(scene.ann.credentials.create({ providerId: provider.id, fields: BACKEND }))).code).toBe(
      'TOKEN_ENDPOINT_REFUSED',
    )
    as.behave({ answer: 'html', times: 1 })
    expect((await refusalOf(scene.ann.credentials.create({ providerId: provider.id, fields: BACKEND }))).code).toBe('TOKEN_ANSWER_UNUSABLE')
    for (const busy of [
      { answer: 'html', status: 429 },
      { answer: 'rate_limited', retryAfter: '9' },
    ] as const) {
      as.behave({ ...busy, times: 1 })
      const { code, retryAfterMs } = await refusalOf(scene.ann.credentials.create({ providerId: provider.id, fields: BACKEND }))
      expect([code, retryAfterMs]).toEqual(['THROTTLED', 'retryAfter' in busy ? 9000 : undefined])
    }
    const list: unknown[] = []
    for await (const credential of scene.ann.credentials.list({ providerId: provider.id })) list.push(credential)
    expect(list).toEqual([])
  })

  test('[B-14] [S0-10] prove themselves with a signed token where the server wants no secret (RFC 7523 §2.2)', async () => {
    const signing = oauth(
      { grant_type: 'client_credentials', assertion: { alg: 'ES256', audience: ISSUER } },
      { fields: fields('client_id*', 'private_key*'), token: { client_auth: 'private_key_jwt' } },
    )
    const id = await connected(signing, { client_id: 'signing', private_key: ec.privateKey })
    expect(last()).toMatchObject({ clientId: 'signing', status: 200 })
    expect(await statusOf(id)).toBe(200)
  })
})

test('[B-14] a token that no header can hold is refused when it is connected, not at the first call', async () => {
  const pattern = {
    type: 'OAUTH',
    fields: fields('client_id*', 'client_secret*'),
    oauth_config: { token_uri: 'https://odd.example/token', grant_type: 'client_credentials' },
  }
  const provider = await provide(scene, pattern)
  expect((await refusalOf(scene.ann.credentials.create({ providerId: provider.id, fields: BACKEND }))).code).toBe('TOKEN_ANSWER_UNUSABLE')
})

describe('a JSON Web Token (RFC 7523)', () => {
  const pattern = (alg: string): object =>
    oauth(
      {
        grant_type: 'jwt_bearer',
        assertion: {
          alg,
          issuer: '{{email}}',
          subject: '{{person}}',
          claims: { scope: 'read', tenant: '{{person}}' },
          lifetime_seconds: 60,
        },
      },
      { fields: fields('email*', 'private_key*', 'person*') },
    )
  const keys = { RS256: ['rs', rsa], PS256: ['rs', rsa], ES256: ['es', ec], EdDSA: ['ed', ed] } as const

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)(
    '[S0-10] [B-14] signed with %s is exchanged, and again at a 401',
    async (alg) => {
      const [name, { privateKey }] = keys[alg]
      const id = await connected(pattern(alg), { email: `${name}@project.example`, person: 'ann', private_key: privateKey })
      expect(await statusOf(id)).toBe(200)
      expect(as.accountOf(last()?.issued?.accessToken ?? '')).toEqual({ sub: 'ann' })
      as.revokeGrants()
      expect(await statusOf(id)).toBe(200)
    },
  )

  test('[S0-10] takes a key as people have it: on one line, or with line breaks written out', async () => {
    const values = { email: 'rs@project.example', person: 'ann' }
    for (const key of [rsa.privateKey.replaceAll('\n', ''), rsa.privateKey.replaceAll('\n', '\\n')]) {
      expect(await statusOf(await connected(pattern('RS256'), { ...values, private_key: key }))).toBe(200)
    }
  })

  test('[S0-10] with a key that is none, or of another kind, is refused at its field', async () => {
    for (const key of ['no key', ed.privateKey]) {
      const refused = await refusalOf(connected(pattern('RS256'), { email: 'rs@project.example', person: 'ann', private_key: key }))
      expect([refused.code, refused.errors[0]?.pointer]).toEqual(['FIELD_REFUSED', '/fields/private_key'])
    }
    const foreign = { email: 'rs@project.example', person: 'ann', private_key: pair('rsa', { modulusLength: 2048 }).privateKey }
    expect((await refusalOf(connected(pattern('RS256'), foreign))).code).toBe('EXCHANGE_REFUSED')
  })
})

describe('token exchange (RFC 8693)', () => {
  const pattern = oauth(
    {
      grant_type: 'token_exchange',
      audience: 'https://api.wire.example',
      exchange: { requested_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
    },
    { fields: fields('subject_token*') },
  )

  test('[B-14] gives a token of the API for one of somebody else, and again at a 401', async () => {
    const id = await connected(pattern, { subject_token: SUBJECT })
    expect(last()?.asked).toEqual({
      audience: 'https://api.wire.example',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
    as.revokeGrants()
    expect(await statusOf(id)).toBe(200)
  })

  test('[B-14] of a token that is not known is a typed error', async () => {
    expect((await refusalOf(connected(pattern, { subject_token: 'unknown' }))).code).toBe('EXCHANGE_REFUSED')
  })
})

describe('a payload', () => {
  const faultsOf = async (pattern: object): Promise<string[]> =>
    (await refusalOf(provide(scene, pattern, VERIFY))).errors.map(({ pointer, code }) => `${pointer} ${code}`)
  const at = '/auth_patterns/0'

  test('[S1-9] [B-14] says all at once what a grant lacks and what does not belong to it', async () => {
    const config = { authorize_uri: `${ISSUER}/authorize`, grant_type: 'client_credentials', client_secret: 'in-the-payload', exchange: {} }
    expect(
      await faultsOf(oauth(config, { fields: fields('client'), refresh: { class: 'strict' }, revoke: { url: `${ISSUER}/revoke` } })),
    ).toEqual([
      `${at}/fields MISSING`,
      `${at}/oauth_config/authorize_uri NOT_ALLOWED`,
      `${at}/oauth_config/client_secret SECRET_SHOWN`,
      `${at}/oauth_config/exchange NOT_ALLOWED`,
      `${at}/refresh/class NOT_ALLOWED`,
      `${at}/revoke NOT_ALLOWED`,
    ])
    expect(await faultsOf(oauth({ grant_type: 'jwt_bearer' }, { fields: fields('private_key') }))).toEqual([
      `${at}/oauth_config/assertion MISSING`,
    ])
    const unknown = { grant_type: 'client_credentials', audience: '{{cleint_id}}' }
    expect(await faultsOf(oauth(unknown))).toEqual([`${at}/oauth_config/audience UNDECLARED_FIELD`])
    expect(await faultsOf(oauth({}))).toEqual([`${at}/oauth_config/authorize_uri MISSING`])
    expect(await faultsOf(oauth({ grant_type: 'client_credential' }))).toEqual([`${at}/oauth_config/grant_type NOT_ALLOWED`])
  })

  test('[S1-9] [B-14] is reviewed with the call that obtains the token', async () => {
    const review = await scene.credence.providers.review({
      display_name: 'R',
      auth_patterns: [oauth({ grant_type: 'client_credentials', available_scopes: [{ scope: 'read' }] })],
      proxy_url: 'https://api.wire.example',
      proxy_enabled: true,
    })
    expect(JSON.stringify(review)).toContain(`client_credentials: POST ${ISSUER}/token (client: client_secret_post, scopes: read)`)
  })
})

test('[B-14] [B-1] no client secret, key, subject token or access token is found anywhere but where it belongs', async () => {
  const tokens = Object.fromEntries(as.tokens().map((token, i) => [`token ${i}`, token]))
  const keyText = rsa.privateKey.split('\n')[3] ?? ''
  expect(as.tokens().length).toBeGreaterThan(15)
  await expectNowhere(scene, { secret: SECRET, odd: 'canary-odd', subject: SUBJECT, key: keyText, ...tokens }, answers)
})
