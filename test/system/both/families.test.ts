import { createCredence } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  API,
  atReturn,
  confirmAt,
  fields,
  provide,
  RETURN_URL,
  refusalOf,
  type Scene,
  settle,
  startScene,
  USER,
} from '../../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ sites: { 'acme.freshdesk.com': 'api' } })
}, 120_000)
afterAll(() => scene.close())

/** Connects with these values and returns the credential. */
async function connected(providerId: string, values: Readonly<Record<string, string>>, pattern = 0): Promise<string> {
  return (await scene.ann.credentials.create({ providerId, pattern, fields: values })).id
}

/** What the API received of one call, exactly as it came. */
async function wireOf(id: string, path = '/x', headers: Readonly<Record<string, string>> = {}) {
  const response = await scene.ann.fetch(id, path, { headers })
  expect(response.status).toBe(200)
  await response.arrayBuffer()
  const received = scene.api.requests.at(-1)
  if (received === undefined) throw new TypeError('nothing was received')
  return { ...received, all: (name: string): string[] => valuesOf(received.rawHeaders, name) }
}

function valuesOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name)
}

const b64 = (text: string): string => Buffer.from(text).toString('base64')

describe('no credential at all', () => {
  test('[S0-1] [S1-12] NONE sends no credential header, and the key of the caller least of all', async () => {
    const provider = await provide(scene, { type: 'NONE' })
    const id = await connected(provider.id, {})
    const got = await wireOf(id, '/open?a=1', { authorization: 'Bearer callers-own', cookie: 'mine=1' })
    expect([got.path, got.headers.authorization]).toEqual(['/open?a=1', undefined])
    expect(JSON.stringify(got.rawHeaders)).not.toContain(scene.key)
    expect(await scene.ann.credentials.get(id)).toMatchObject({ status: 'active' })
  })

  test('[S0-1] NONE is connected on the page without a field to fill in', async () => {
    const provider = await provide(scene, { type: 'NONE' })
    const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
    const page = await scene.person.open(link)
    expect(page.text).not.toMatch(/name="field\./)
    const end = await settle(scene, await scene.person.submit(page, {}, { action: /\/secret$/, stopAt: atReturn }))
    const id = await confirmAt(scene, session.id, end)
    expect((await wireOf(id)).headers.authorization).toBeUndefined()
  })
})

describe('an API key', () => {
  test('[S0-2] [S1-5] stands raw in the header that the provider names, and the caller cannot send his own', async () => {
    const provider = await provide(scene, { type: 'API_KEY', fields: fields('api_key*'), auth_header_key_override: 'X-API-Key' })
    const id = await connected(provider.id, { api_key: 'key-in-a-header-71' })
    const got = await wireOf(id, '/x', { 'x-api-key': 'callers-own', x_api_key: 'callers-own' })
    expect(got.all('x-api-key')).toEqual(['key-in-a-header-71'])
    expect(got.rawHeaders).toContain('X-API-Key')
    expect(got.headers.authorization).toBeUndefined()
    expect(JSON.stringify(got.rawHeaders)).not.toContain('callers-own')
  })

  test('[S0-2] [S1-12] stands percent-encoded in the query parameter that the provider names, and the rest of the query as it was', async () => {
    const provider = await provide(scene, { type: 'API_KEY', fields: fields('api_key*'), auth_query_key: 'api_key' })
    const id = await connected(provider.id, { api_key: 'key/in a+query&72' })
    const got = await wireOf(id, '/x?b=%2F+1&api_key=callers-own&api%5Fkey=callers-own&z')
    expect(got.path).toBe('/x?b=%2F+1&z&api_key=key%2Fin%20a%2Bquery%2672')
    expect(got.headers.authorization).toBeUndefined()
  })

  test('[S0-2] [S1-12] stands in the cookie that the provider names, beside the other cookies of the caller', async () => {
    const provider = await provide(scene, { type: 'API_KEY', fields: fields('api_key*'), auth_cookie_key: 'session' })
    const id = await connected(provider.id, { api_key: 'key-in-a-cookie-73' })
    const got = await wireOf(id, '/x', { cookie: 'theme=dark; session=callers-own' })
    expect(got.all('cookie')).toEqual(['theme=dark; session=key-in-a-cookie-73'])
    expect((await wireOf(id)).all('cookie')).toEqual(['session=key-in-a-cookie-73'])
  })

  test('[S0-2] that would end its cookie or its header is refused before it is stored', async () => {
    const provider = await provide(scene, { type: 'API_KEY', fields: fields('api_key*'), auth_cookie_key: 'session' })
    for (const value of ['a\r\nX-Evil: 1', 'a\u0000b']) {
      expect((await refusalOf(connected(provider.id, { api_key: value }))).code, JSON.stringify(value)).toBe('FIELD_REFUSED')
    }
    for (const value of ['a; admin=1', 'a b', 'a,b', 'a"b', 'a\\b', 'ä'])
      expect((await refusalOf(connected(provider.id, { api_key: value }))).code, value).toBe('FIELD_REFUSED')
    for (const [i, value] of ["!#$%&'()*+-./:<=>?@[]^_`{|}~", 'a=b=='].entries()) {
      const id = await connected(provider.id, { api_key: `octets-${i}${value}` })
      expect((await wireOf(id)).all('cookie')).toEqual([`session=octets-${i}${value}`])
    }
  })

  test('[B-4] in a query is masked when the API says the address back', async () => {
    const provider = await provide(scene, { type: 'API_KEY', fields: fields('api_key*'), auth_query_key: 'k' })
    const id = await connected(provider.id, { api_key: 'key/in a+query&74' })
    const text = await (await scene.ann.fetch(id, '/echo?x=1')).text()
    expect(text).toContain('/echo?x=1&k=')
    for (const form of ['key/in a+query&74', 'key%2Fin%20a%2Bquery%2674']) expect(text).not.toContain(form)
  })
})

describe('custom headers', () => {
  const pattern = {
    type: 'CUSTOM_HEADER',
    fields: [...fields('app_key*', 'secret_key*'), { field_name: 'token', input_type: 'password', required: true }],
    account_fields: fields('tenant*'),
    headers: [
      { name: 'X-App-Key', value: '{{app_key}}' },
      { name: 'X-Pair', value: '{{app_key}}:{{secret_key}}', secret: true },
      { name: 'X-Tenant', value: '{{tenant}}', secret: false },
      { name: 'Authorization', prefix: 'Token', value: '{{token}}' },
      { name: 'X-Signature', prefix: 'key=', value: '{{token}}' },
      { name: 'X-Api-Version', value: '2026-01' },
    ],
  }

  test('[S0-6] [S1-12] one or many go out with the names and values that the provider writes, secret and plain', async () => {
    const provider = await provide(scene, pattern)
    const id = await connected(provider.id, {
      app_key: 'app-81',
      secret_key: 'sec-82-long-enough',
      token: 'tok-83-long-enough',
      tenant: 'north',
    })
    const got = await wireOf(id, '/x', {
      'x-app-key': 'callers-own',
      'X-PAIR': 'callers-own',
      'x-tenant': 'callers-own',
      'x-api-version': 'callers-own',
      'x-other': 'kept',
    })
    expect(got.all('x-app-key')).toEqual(['app-81'])
    expect(got.all('x-pair')).toEqual(['app-81:sec-82-long-enough'])
    expect(got.all('x-tenant')).toEqual(['north'])
    expect(got.all('authorization')).toEqual(['Token tok-83-long-enough'])
    expect(got.all('x-signature')).toEqual(['key=tok-83-long-enough'])
    expect(got.all('x-api-version')).toEqual(['2026-01'])
    expect(got.all('x-other')).toEqual(['kept'])
  })

  test('[S1-4] [B-4] the secret ones are masked in the answer, the plain one is not and is shown to its owner', async () => {
    const provider = await provide(scene, pattern)
    const values = { app_key: 'app-91-long-enough', secret_key: 'sec-92-long-enough', token: 'tok-93-long-enough', tenant: 'south-tenant' }
    const id = await connected(provider.id, values)
    const text = await (await scene.ann.fetch(id, '/echo')).text()
    for (const secret of [values.app_key, values.secret_key, values.token]) expect(text).not.toContain(secret)
    expect(text).toContain('south-tenant')
    const shown = await scene.ann.credentials.get(id)
    expect(shown.accountFields).toEqual({ tenant: 'south-tenant' })
  })
})

describe('the header override', () => {
  test('[S1-5] changes the name only: `Bearer ` and `Basic ` stay', async () => {
    const bearer = await provide(scene, { type: 'BEARER', fields: fields('token*'), auth_header_key_override: 'X-Auth' })
    const one = await wireOf(await connected(bearer.id, { token: 'tok-101' }), '/x', { 'x-auth': 'callers-own', x_auth: 'callers-own' })
    expect([one.all('x-auth'), one.all('x_auth'), one.headers.authorization]).toEqual([['Bearer tok-101'], [], undefined])
    const basic = await provide(scene, { type: 'BASIC', fields: fields('username*', 'password'), auth_header_key_override: 'X-Auth' })
    const two = await wireOf(await connected(basic.id, { username: 'ann', password: 'p:w-ü' }), '/x')
    expect([two.all('x-auth'), two.headers.authorization]).toEqual([[`Basic ${b64('ann:p:w-ü')}`], undefined])
  })

  test('[S1-5] an API key without an override is the raw value of `Authorization`', async () => {
    const provider = await provide(scene, { type: 'API_KEY', fields: fields('api_key*') })
    expect((await wireOf(await connected(provider.id, { api_key: 'raw-103' }))).all('authorization')).toEqual(['raw-103'])
  })
})

describe('field mutations', () => {
  test('[S1-6] prefix and suffix are literal and applied before base64', async () => {
    const provider = await provide(scene, {
      type: 'BASIC',
      fields: fields('username*', 'password*'),
      auth_field_mutations: { username: { suffix: '/token' }, password: { prefix: 'p{{username}}-' } },
    })
    const got = await wireOf(await connected(provider.id, { username: 'ann@x.example', password: 's3cret-104' }))
    expect(got.all('authorization')).toEqual([`Basic ${b64('ann@x.example/token:p{{username}}-s3cret-104')}`])
    const bearer = await provide(scene, {
      type: 'BEARER',
      fields: fields('token*'),
      auth_field_mutations: { token: { prefix: 'sk-', suffix: '=' } },
    })
    expect((await wireOf(await connected(bearer.id, { token: 'tok-105' }))).all('authorization')).toEqual(['Bearer sk-tok-105='])
  })

  test('[S1-6] [S1-1] Freshdesk with `password.default: "X"` sends <username>:X, absent or empty, and a given password as it is', async () => {
    const provider = await scene.credence.providers.create({
      display_name: 'Freshdesk with X',
      auth_patterns: [
        { type: 'BASIC', fields: fields('domain*', 'username*', 'password'), auth_field_mutations: { password: { default: 'X' } } },
      ],
      proxy_url: 'https://{{domain}}/api',
      proxy_enabled: true,
    })
    const values = { domain: 'acme.freshdesk.com', username: 'fresh-106' }
    const absent = await wireOf(await connected(provider.id, values), '/v2/tickets')
    expect([absent.headers.host, absent.path]).toEqual(['acme.freshdesk.com', '/api/v2/tickets'])
    expect(absent.all('authorization')).toEqual([`Basic ${b64('fresh-106:X')}`])
    const empty = await wireOf(await connected(provider.id, { ...values, password: '' }))
    expect(empty.all('authorization')).toEqual([`Basic ${b64('fresh-106:X')}`])
    const given = await wireOf(await connected(provider.id, { ...values, password: 'real-pass-107' }))
    expect(given.all('authorization')).toEqual([`Basic ${b64('fresh-106:real-pass-107')}`])
  })
})

describe('several patterns', () => {
  const patterns = [
    { type: 'BEARER', display_name: 'A token', description: 'From the console', fields: fields('token*') },
    { type: 'BASIC', display_name: 'User and password', description: 'Your sign-in', fields: fields('username*', 'password*') },
  ]

  test('[S1-2] [S1-11] the person reads their names on the page, picks one, and it is the one on the wire', async () => {
    const provider = await provide(scene, patterns)
    const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
    const choice = await scene.person.open(link)
    for (const words of ['A token', 'From the console', 'User and password', 'Your sign-in']) expect(choice.text).toContain(words)
    const form = await scene.person.submit(choice, { pattern: '1' }, { action: /\/start$/ })
    expect(form.text).toContain('name="field.password"')
    expect(form.text).not.toContain('name="field.token"')
    const values = { 'field.username': 'ann', 'field.password': 'picked-108' }
    const end = await settle(scene, await scene.person.submit(form, values, { action: /\/secret$/, stopAt: atReturn }))
    const id = await confirmAt(scene, session.id, end)
    expect((await wireOf(id)).all('authorization')).toEqual([`Basic ${b64('ann:picked-108')}`])
    expect(await scene.ann.credentials.get(id)).toMatchObject({ family: 'basic', pattern: 1 })
  })

  test('[S1-2] [S2-2] each type has its family', async () => {
    const provider = await provide(scene, [...patterns, { type: 'API_KEY', fields: fields('api_key*') }])
    const families = []
    const each = [{ token: 'fam-1' }, { username: 'u', password: 'fam-2' }, { api_key: 'fam-3' }] as Record<string, string>[]
    for (const [pattern, values] of each.entries())
      families.push((await scene.ann.credentials.get(await connected(provider.id, values, pattern))).family)
    expect(families).toEqual(['bearer', 'basic', 'apikey'])
    expect((await refusalOf(connected(provider.id, { token: 'x' }, 7))).code).toBe('INVALID_REQUEST')
  })
})

describe('path-segment fields', () => {
  test('[S1-3] fill one percent-encoded segment each, and are plain', async () => {
    const provider = await provide(
      scene,
      {
        type: 'BEARER',
        fields: [...fields('token*'), { field_name: 'version', required: true, is_path_param: true }],
        account_fields: fields('workspace*'),
      },
      { proxy_url: `${API}/{{version}}/w-{{workspace}}` },
    )
    const id = await connected(provider.id, { token: 'tok-110', version: 'v3', workspace: 'Ann & Söhne' })
    expect((await wireOf(id, '/items?x=1')).path).toBe('/v3/w-Ann%20%26%20S%C3%B6hne/items?x=1')
    expect((await scene.ann.credentials.get(id)).accountFields).toEqual({ version: 'v3', workspace: 'Ann & Söhne' })
    for (const version of ['a/b', 'a\\b', '..', 'a?b', 'a#b', '%2e%2e', '.', 'a%2Fb']) {
      const error = await refusalOf(connected(provider.id, { token: 'tok-110', version, workspace: 'w' }))
      expect(error.code, version).toBe('FIELD_REFUSED')
      expect(error.errors.map(({ pointer }) => pointer).join(), version).toContain('version')
    }
  })
})

describe('a required scope', () => {
  test('[S1-7] that is not granted is said on the page, and nothing is stored', async () => {
    const provider = await provide(scene, {
      type: 'OAUTH',
      oauth_config: {
        authorize_uri: 'https://login.wire.example/authorize',
        token_uri: 'https://login.wire.example/token',
        available_scopes: [
          { scope: 'read', display_name: 'Read your things', required: true },
          { scope: 'write', display_name: 'Change your things' },
        ],
      },
    })
    const { clientId, clientSecret } = scene.login.client
    const { redirectUri } = await scene.credence.clients.put(provider.id, { clientId, clientSecret })
    scene.login.allowRedirect(redirectUri)
    const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
    scene.login.behave({ endpoint: 'authorize', scope: 'write', times: 1 })
    const consent = await scene.person.open(link)
    const back = await settle(scene, await scene.person.submit(consent, { scope: ['write'] }, { action: /\/grant$/, stopAt: atReturn }))
    expect(back.text).toContain('Read your things')
    expect(back.forms.some((form) => form.action.endsWith('/grant'))).toBe(true)
    for await (const credential of scene.ann.credentials.list()) expect(credential.providerId).not.toBe(provider.id)
    expect(await scene.ann.sessions.get(session.id)).toMatchObject({ state: 'open' })
    // The unticked box cannot be left out of the next try: it is asked for whatever the form says.
    const again = await settle(scene, await scene.person.submit(back, { scope: ['write'] }, { action: /\/grant$/, stopAt: atReturn }))
    const id = await confirmAt(scene, session.id, again)
    expect([...(await scene.ann.credentials.get(id)).scopes].sort()).toEqual(['read', 'write'])
  })
})

describe('an account field of a sign-in', () => {
  test('[S1-4] that would end the header it fills is said beside its input, before anybody is redirected', async () => {
    const provider = await provide(scene, {
      type: 'OAUTH',
      account_fields: fields('tenant*'),
      headers: [{ name: 'X-Tenant', value: '{{tenant}}' }],
      oauth_config: { authorize_uri: 'https://login.wire.example/authorize', token_uri: 'https://login.wire.example/token' },
    })
    const { clientId, clientSecret } = scene.login.client
    const { redirectUri } = await scene.credence.clients.put(provider.id, { clientId, clientSecret })
    scene.login.allowRedirect(redirectUri)
    const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
    const consent = await scene.person.open(link)
    const refused = await scene.person.submit(consent, { 'field.tenant': 'a\r\nX-Evil: 1' }, { action: /\/grant$/, stopAt: atReturn })
    expect(refused.url.pathname).toMatch(/^\/connect\//)
    expect(refused.text).toContain('Remove line breaks')
    const filled = { 'field.tenant': 'north' }
    const end = await settle(scene, await scene.person.submit(refused, filled, { action: /\/grant$/, stopAt: atReturn }))
    const got = await wireOf(await confirmAt(scene, session.id, end), '/x', { 'x-tenant': 'callers-own' })
    expect(got.all('x-tenant')).toEqual(['north'])
    expect(scene.login.tokens()).toContain(got.headers.authorization?.replace('Bearer ', ''))
  })
})

describe('a credential of the whole project', () => {
  const asMember = async (): Promise<typeof scene.credence> => {
    const { secret } = await scene.credence.keys.create({
      label: 'member',
      scopes: ['use', 'act_for', 'credentials.read', 'credentials.write', 'sessions'],
    })
    return createCredence({ apiUrl: scene.platform.admin, proxyUrl: scene.platform.data, key: secret })
  }

  test('[S1-12] [S2-20] `level: project` is for an administrator alone, at the session and at the direct way', async () => {
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') }, { level: 'project' })
    const member = (await asMember()).forUser(USER)
    expect((await refusalOf(member.credentials.create({ providerId: provider.id, fields: { token: 'tok-120' } }))).code).toBe(
      'SCOPE_REQUIRED',
    )
    const plain = await provide(scene, { type: 'BEARER', fields: fields('token*') })
    const order = { providerId: plain.id, level: 'project', returnUrl: RETURN_URL } as const
    expect((await refusalOf(member.sessions.create(order))).code).toBe('SCOPE_REQUIRED')
  })

  test('[S1-12] [S2-20] is owned by who connected it and shared with the project by that act', async () => {
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*'), level: 'project' })
    const { id, level } = await scene.ann.credentials.create({ providerId: provider.id, fields: { token: 'tok-121' } })
    expect(level).toBe('project')
    const member = await asMember()
    expect((await member.forUser('id:carl').fetch(id, '/x')).status).toBe(200)
    expect((await scene.credence.fetch(id, '/x')).status).toBe(200)
    expect(scene.api.requests.at(-1)?.headers.authorization).toBe('Bearer tok-121')
    expect((await refusalOf(member.forUser('id:carl').credentials.replaceSecret(id, { fields: { token: 'mine' } }))).code).not.toBe(
      'INTERNAL',
    )
    expect((await scene.ann.fetch(id, '/x')).status).toBe(200)
    expect(scene.api.requests.at(-1)?.headers.authorization).toBe('Bearer tok-121')
  })

  test('[S1-12] [S2-20] through the page too, and another user of the project may call with it', async () => {
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
    const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, level: 'project', returnUrl: RETURN_URL })
    const form = await scene.person.open(link)
    const end = await settle(
      scene,
      await scene.person.submit(form, { 'field.token': 'tok-122' }, { action: /\/secret$/, stopAt: atReturn }),
    )
    const id = await confirmAt(scene, session.id, end)
    expect((await scene.credence.forUser('id:dora').fetch(id, '/x')).status).toBe(200)
    expect((await scene.ann.credentials.get(id)).level).toBe('project')
  })
})
