import { createCredence } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf } from '../../support/all-of.ts'
import { grpcOf } from '../../support/grpc-of.ts'
import { factOf, fields, provide, refusalOf, type Scene, startScene, USER } from '../../support/scene.ts'

const CANARY = 'canary-cap-5f1c9a-do-not-show'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
}, 120_000)
afterAll(() => scene.close())

const VERIFY = { verify: { method: 'GET', path: '/me', expect: [200] } }

/** A project-level credential of these values, connected by an administrator. */
async function teamCredential(providerId: string, values: Readonly<Record<string, string>>): Promise<string> {
  return (await scene.ann.credentials.create({ providerId, fields: values, level: 'project' })).id
}

/** A full-access capability with a bearer token behind it. */
async function lookup(members: object = {}): Promise<{ id: string; credentialId: string; providerId: string }> {
  const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
  const credentialId = await teamCredential(provider.id, { token: `${CANARY}-${provider.id.slice(-6)}` })
  const wanted = { name: 'Look up an order', providerId: provider.id, mode: 'full_access', credentialId, ...members } as const
  const { capability } = await scene.credence.capabilities.create(wanted)
  return { id: capability.id, credentialId, providerId: provider.id }
}

const code = async (call: Promise<unknown>): Promise<string> => (await refusalOf(call)).code

describe('full access', () => {
  const PAIRS = [
    [
      'API key',
      { type: 'API_KEY', fields: fields('api_key*'), auth_header_key_override: 'X-API-Key' },
      { api_key: 'pair-key-1' },
      'x-api-key',
      'pair-key-1',
    ],
    ['bearer', { type: 'BEARER', fields: fields('token*') }, { token: 'pair-tok-2' }, 'authorization', 'Bearer pair-tok-2'],
    [
      'custom header',
      { type: 'CUSTOM_HEADER', fields: fields('partner_key*'), headers: [{ name: 'X-Partner', prefix: 'v1', value: '{{partner_key}}' }] },
      { partner_key: 'pair-part-3' },
      'x-partner',
      'v1 pair-part-3',
    ],
  ] as const

  test.each(PAIRS)('[S0-11] [S0-9] %s: one service account is used for every end user', async (_, pattern, values, header, sent) => {
    const provider = await provide(scene, pattern)
    const credentialId = await teamCredential(provider.id, values)
    const { capability } = await scene.credence.capabilities.create({
      name: 'Pair',
      providerId: provider.id,
      mode: 'full_access',
      credentialId,
    })
    const calls = async (): Promise<unknown[]> =>
      (await allOf(scene.credence.history.list({ capabilityId: capability.id }, { action: 'call' }))).map((it) => [
        it.user,
        it.outcome,
        it.credentialId,
      ])
    const made: unknown[] = []
    for (const user of ['id:bea', 'id:cid']) {
      const response = await scene.credence.forUser(user).fetch(capability.id, '/orders/1')
      expect([response.status, scene.api.requests.at(-1)?.headers[header]]).toEqual([200, sent])
      made.unshift([user, 'ok', credentialId])
      // A call stands at its end, which another vault may see after it has begun the next one.
      await expect.poll(calls).toEqual(made)
    }
  })

  test('[S0-11] a public API needs no credential at all', async () => {
    const provider = await provide(scene, { type: 'NONE' })
    const { capability } = await scene.credence.capabilities.create({ name: 'Status page', providerId: provider.id, mode: 'full_access' })
    const response = await scene.credence.fetch(capability.id, '/board?x=1', { headers: { authorization: 'mine' } })
    expect([response.status, scene.api.requests.at(-1)?.path, scene.api.requests.at(-1)?.headers.authorization]).toEqual([
      200,
      '/board?x=1',
      undefined,
    ])
    const calls = () => allOf(scene.credence.history.list({ capabilityId: capability.id }, { action: 'call' }))
    await expect.poll(calls).toMatchObject([{ outcome: 'ok', capabilityId: capability.id, upstreamStatus: 200 }])
    expect((await calls())[0]?.credentialId).toBeUndefined()
  })

  test('[S0-9] a credential of one user is none that every customer may be served with', async () => {
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
    const own = (await scene.ann.credentials.create({ providerId: provider.id, fields: { token: 'own' } })).id
    const error = await refusalOf(
      scene.ann.capabilities.create({ name: 'x', providerId: provider.id, mode: 'full_access', credentialId: own }),
    )
    expect(error.errors.map(({ pointer, code: fault }) => [pointer, fault])).toEqual([['/credential_id', 'NOT_ALLOWED']])
  })
})

describe('the record', () => {
  test('[S0-15] is made, read, listed, changed and deleted, and each change is a fact', async () => {
    const { id, credentialId, providerId } = await lookup({ methods: ['get'], paths: ['/orders/*'], description: 'For the chat' })
    const made = await scene.credence.capabilities.get(id)
    expect(made).toMatchObject({
      mode: 'full_access',
      authType: 'bearer',
      credentialId,
      methods: ['GET'],
      paths: ['/orders/*'],
      customers: 0,
    })
    expect(made.security).toEqual({ level: 'none', facts: [] })
    const listed = await allOf(scene.credence.capabilities.list({ providerId, pageSize: 1 }))
    expect(listed.map((it) => it.id)).toEqual([id])
    const wanted = { name: 'Other', providerId, mode: 'full_access', credentialId } as const
    const { capability } = await scene.credence.capabilities.update(id, wanted)
    expect(capability).toMatchObject({ name: 'Other', methods: [], paths: [], description: '' })
    expect(await scene.credence.capabilities.delete(id)).toEqual({ customers: 0, credentialId })
    expect(await code(scene.credence.capabilities.get(id))).toBe('NOT_FOUND')
    expect(await code(scene.credence.fetch(id, '/orders/1'))).toBe('NOT_FOUND')
    for (const fact of ['created', 'updated', 'deleted']) {
      expect((await factOf(scene, `capability.${fact}`, id)).data).toMatchObject({ kind: 'full_access', provider_id: providerId })
    }
  })

  test('[S0-15] every fault comes at once, with its pointer and what to write instead', async () => {
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
    const wanted = {
      name: ' ',
      providerId: provider.id,
      pattern: 7,
      mode: 'everything',
      credentialId: 'cred_nobody',
      methods: ['GET', 'CONNECT', 'B@D'],
      paths: ['orders', '/a/../b', '/a/**/c', '/x*', '/a%2fb', '/ok/*'],
      security: { level: 'basic' },
      consent: { required: true },
    }
    const error = await refusalOf(scene.credence.capabilities.validate(wanted as never))
    expect(error.code).toBe('INVALID_REQUEST')
    expect(error.errors.map(({ pointer }) => pointer).toSorted()).toEqual(
      [
        '/consent/purpose',
        '/credential_id',
        '/methods/1',
        '/methods/2',
        '/mode',
        '/name',
        '/paths/0',
        '/paths/1',
        '/paths/2',
        '/paths/3',
        '/paths/4',
        '/pattern',
        '/security/facts',
      ].toSorted(),
    )
    expect(error.errors.every(({ detail }) => detail.length > 10)).toBe(true)
  })

  test('[S0-11] a pair that the table refuses says why', async () => {
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
    const error = await refusalOf(scene.credence.capabilities.create({ name: 'x', providerId: provider.id, mode: 'external_oauth' }))
    expect(error.errors).toEqual([expect.objectContaining({ pointer: '/mode', detail: expect.stringContaining('signing in') })])
  })

  test('[S0-15] saving tries the credential once, and shows a 401 then; trying it saves nothing', async () => {
    const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') }, VERIFY)
    const credentialId = await teamCredential(provider.id, { token: 'verified-once' })
    const wanted = { name: 'Tried', providerId: provider.id, mode: 'full_access', credentialId } as const
    expect((await scene.credence.capabilities.create(wanted)).verification).toMatchObject({ verdict: 'ok', upstreamStatus: 200 })
    scene.api.accept(() => false)
    const before = (await allOf(scene.credence.capabilities.list({ providerId: provider.id }))).length
    const { verification } = await scene.credence.capabilities.validate(wanted).finally(() => scene.api.accept(() => true))
    expect(verification).toMatchObject({ verdict: 'failed', upstreamStatus: 401 })
    expect(await allOf(scene.credence.capabilities.list({ providerId: provider.id }))).toHaveLength(before)
  })

  test('[S0-15] the same request twice makes one, and another body under its key is refused', async () => {
    const provider = await provide(scene, { type: 'NONE' })
    const grpc = await grpcOf(scene, 'registry')
    const capability = { ...EMPTY, name: 'Once', providerId: provider.id, mode: 'full_access' }
    const make = async (name: string) =>
      (await grpc.registry.createCapability({ capability: { ...capability, name }, requestId: 'cap-once-1' })).capability?.id
    const [first, again] = [await make('Once'), await make('Once')]
    expect(first).toBe(again)
    await expect(make('Twice')).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    grpc.close()
  })

  test('[S0-15] only an administrator configures, and another project has none of it', async () => {
    const { id, providerId } = await lookup()
    const { secret } = await scene.credence.keys.create({ label: 'member', role: 'member' })
    const member = createCredence({ apiUrl: scene.platform.admin, proxyUrl: scene.platform.data, key: secret })
    expect(await code(member.capabilities.create({ name: 'x', providerId, mode: 'full_access' }))).toBe('SCOPE_REQUIRED')
    expect(await code(member.capabilities.delete(id))).toBe('SCOPE_REQUIRED')
    expect((await member.capabilities.get(id)).id).toBe(id)
    expect((await member.fetch(id, '/orders/1')).status).toBe(200)
  })
})

const EMPTY = {
  id: '',
  description: '',
  providerVersion: 0,
  pattern: 0,
  credentialId: '',
  methods: [],
  paths: [],
  exclusive: false,
  scopes: [],
  authType: '',
  providerName: '',
  customers: 0,
}

describe('methods and paths', () => {
  test('[S0-15] outside of them a call is refused before the secret is opened, whatever the spelling', async () => {
    const { id } = await lookup({ methods: ['GET', 'POST'], paths: ['/orders/*', '/orders/*/lines/**'] })
    const before = scene.api.requests.length
    const call = (path: string, init: RequestInit = {}): Promise<Response> => scene.credence.fetch(id, path, init)
    for (const init of [{ method: 'DELETE' }, { method: 'POST', headers: { 'X-HTTP-Method-Override': 'DELETE' } }] as RequestInit[])
      expect(await code(call('/orders/1', init)), JSON.stringify(init)).toBe('METHOD_REFUSED')
    expect(await code(call('/orders/1?a=1&_method=delete', { method: 'POST' }))).toBe('METHOD_REFUSED')
    for (const path of [
      '/',
      '/orders',
      '/orders/',
      '/orders/1/2',
      '/refunds/1',
      '/Orders/1',
      '/orders/1%2F..%2F..%2Frefunds',
      '/orders/%252e%252e',
      '/orders/..;x',
      '//orders/1',
    ])
      expect(await code(call(path)), path).toBe('PATH_REFUSED')
    expect(await code(call('/orders/1', { headers: { 'X-Original-URL': '/refunds/1' } }))).toBe('PATH_REFUSED')
    expect(scene.api.requests).toHaveLength(before)
    for (const path of ['/orders/1', '/orders/a%20b?x=/refunds', '/orders/1/lines', '/orders/1/lines/2/3'])
      expect((await call(path)).status, path).toBe(200)
  })
})

describe('gates', () => {
  test('[S0-15] what stands behind one is refused to a direct call, names the capability, and is found through either name', async () => {
    const { id, credentialId } = await lookup({ exclusive: true })
    const error = await refusalOf(scene.credence.fetch(credentialId, '/orders/1'))
    expect([error.code, error.facts?.capability_ids]).toEqual(['CAPABILITY_REQUIRED', id])
    expect((await scene.credence.fetch(id, '/orders/1')).status).toBe(200)
    expect((await scene.credence.fetch(credentialId, '/orders/1', { capability: id })).status).toBe(200)
    const other = await lookup()
    expect(await code(scene.credence.fetch(other.credentialId, '/orders/1', { capability: id }))).toBe('NOT_FOUND')
    const grpc = await grpcOf(scene, 'vault')
    await grpc.vault.check({ credentialId: id, method: 'GET', path: '/orders/1' })
    await grpc.vault.check({ credentialId, capability: id, method: 'GET', path: '/orders/1' })
    await expect(grpc.vault.check({ credentialId, method: 'GET', path: '/orders/1' })).rejects.toMatchObject({
      code: 'CAPABILITY_REQUIRED',
    })
    grpc.close()
  })

  test('[S0-13] [S0-14] a level or a consent shuts it for everybody who has neither passed nor consented', async () => {
    const facts = [{ name: 'email', question: 'Which address do you order with?' }]
    const { id, credentialId } = await lookup({ security: { level: 'basic', facts } })
    const asked = await refusalOf(scene.ann.fetch(id, '/orders/1'))
    expect([asked.code, asked.identity]).toMatchObject(['IDENTITY_REQUIRED', { facts, level: 'basic', attemptsLeft: 5 }])
    expect(await code(scene.credence.fetch(id, '/orders/1'))).toBe('USER_REQUIRED')
    expect(await code(scene.ann.fetch(credentialId, '/orders/1'))).toBe('CAPABILITY_REQUIRED')
    const consent = await lookup({ consent: { required: true, purpose: 'Read orders' } })
    expect(await code(scene.ann.fetch(consent.id, '/orders/1'))).toBe('CONSENT_REQUIRED')
  })

  test('[S0-15] [S2-3] a restriction is in force at every vault when it is answered', async () => {
    const { id, credentialId, providerId } = await lookup()
    const wanted = { name: 'Narrow', providerId, mode: 'full_access', credentialId } as const
    const proxies = scene.platform.vaults ?? [scene.platform.data]
    const each = proxies.map((proxyUrl) => createCredence({ apiUrl: scene.platform.admin, proxyUrl, key: scene.key }))
    for (const one of each) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
    await scene.credence.capabilities.update(id, { ...wanted, methods: ['POST'] })
    for (const one of each) expect(await code(one.fetch(id, '/orders/1'))).toBe('METHOD_REFUSED')
    await scene.credence.capabilities.update(id, { ...wanted, exclusive: true })
    for (const one of each) expect(await code(one.fetch(credentialId, '/orders/1'))).toBe('CAPABILITY_REQUIRED')
    await scene.credence.capabilities.update(id, wanted)
    for (const one of each) expect((await one.fetch(credentialId, '/orders/1')).status).toBe(200)
    await scene.credence.capabilities.delete(id)
    for (const one of each) expect(await code(one.fetch(id, '/orders/1'))).toBe('NOT_FOUND')
  })
})

describe('what uses what', () => {
  test('[S0-15] [S2-5] a credential or provider that a capability uses says so before it is deleted', async () => {
    const { id, credentialId, providerId } = await lookup()
    const used = await refusalOf(scene.ann.credentials.delete(credentialId))
    expect([used.code, used.facts?.capability_ids]).toEqual(['CREDENTIAL_IN_USE', id])
    await scene.ann.credentials.delete(credentialId, { force: true })
    expect(await code(scene.credence.providers.delete(providerId))).toBe('PROVIDER_IN_USE')
    expect(['NOT_FOUND', 'CREDENTIAL_DELETED']).toContain(await code(scene.credence.fetch(id, '/orders/1')))
    await scene.credence.capabilities.delete(id)
    await scene.credence.providers.delete(providerId)
  })
})

test('[S2-19] [S0-12] no secret of a capability stands in what the platform printed, told or answered', async () => {
  const { id } = await lookup()
  await scene.credence.forUser(USER).fetch(id, '/orders/1')
  const told = [await allOf(scene.credence.history.list({ capabilityId: id })), scene.events, await scene.credence.capabilities.get(id)]
  for (const text of [JSON.stringify(told), JSON.stringify(scene.platform.printed())]) expect(text).not.toContain(CANARY)
})
