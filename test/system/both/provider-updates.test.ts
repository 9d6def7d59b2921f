import { grpcClients } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { factOf, fields, leaksOf, refusalOf, type Scene, startScene } from '../../support/scene.ts'

const SECRETS = { token: 'canary-move-token-8c1f', removed: 'canary-move-removed-77ab', again: 'canary-move-again-19e0' }
const EMAIL = 'moves@example.com'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ sites: { 'other.wire.example': 'api' } })
}, 120_000)
afterAll(() => scene.close())

let made = 0
const bearer = { type: 'BEARER', fields: fields('token*') }

function payloadOf(name: string, patterns: object | readonly object[], members: object = {}): object {
  return { display_name: name, auth_patterns: [patterns].flat(), proxy_url: 'https://api.wire.example', proxy_enabled: true, ...members }
}

interface Provided {
  readonly id: string
  readonly name: string
  update(
    patterns: object | readonly object[],
    members?: object,
  ): Promise<{ moved?: number; kept?: number; expired?: number; version?: number }>
}

async function provided(patterns: object | readonly object[], members: object = {}): Promise<Provided> {
  const name = `Moving ${++made}`
  const { id } = await scene.credence.providers.create(payloadOf(name, patterns, members))
  return { id, name, update: (next, more = {}) => scene.credence.providers.update(id, payloadOf(name, next, more)) }
}

const ann = () => scene.ann
const connected = async (providerId: string, values: Readonly<Record<string, string>>, pattern = 0): Promise<string> =>
  (await ann().credentials.create({ providerId, pattern, fields: values })).id

/** What the API got of one proxied call. */
async function sent(credentialId: string, as = ann()): Promise<Readonly<Record<string, unknown>>> {
  const response = await as.fetch(credentialId, '/x')
  expect(response.status).toBe(200)
  await response.arrayBuffer()
  const got = scene.api.requests.at(-1)
  return { ...got?.headers, path: got?.path }
}

describe('an update of a provider', () => {
  test('[S1-10] moves live credentials at once: the next call is made by the new version', async () => {
    const provider = await provided({ type: 'API_KEY', fields: fields('api_key*'), auth_header_key_override: 'X-Old' })
    const id = await connected(provider.id, { api_key: SECRETS.token })
    expect((await sent(id))['x-old']).toBe(SECRETS.token)
    const answer = await provider.update({
      type: 'API_KEY',
      fields: fields('api_key*', 'note'),
      auth_header_key_override: 'X-New',
      auth_field_mutations: { api_key: { prefix: 'Key ' } },
    })
    expect(answer).toMatchObject({ version: 2, moved: 1, kept: 0, expired: 0 })
    // Calls go to each replica in turn.
    for (let call = 0; call < 4; call++) {
      const got = await sent(id)
      expect([got['x-old'], got['x-new']]).toEqual([undefined, `Key ${SECRETS.token}`])
    }
    expect(await ann().credentials.get(id)).toMatchObject({ providerVersion: 2, status: 'active' })
  })

  test('[S1-10] keeps those on the old version whose host it changes, whose pattern it removes, or that lack a field', async () => {
    const provider = await provided([bearer, { type: 'API_KEY', fields: fields('api_key*') }])
    const id = await connected(provider.id, { token: SECRETS.token })
    const other = await connected(provider.id, { api_key: SECRETS.token }, 1)
    const host = { proxy_url: 'https://other.wire.example' }
    expect(await provider.update([bearer, { type: 'API_KEY', fields: fields('api_key*') }], host)).toMatchObject({ kept: 2, moved: 0 })
    expect((await sent(id)).host).toBe('api.wire.example')
    expect(await ann().credentials.get(id)).toMatchObject({ providerVersion: 1 })
    expect(await provider.update({ ...bearer, fields: fields('token*', 'tenant*') })).toMatchObject({ version: 3, kept: 2, moved: 0 })
    expect((await sent(other)).authorization).toBe(SECRETS.token)
    const moved = await ann().credentials.replaceSecret(id, { fields: { token: SECRETS.again, tenant: 't' } })
    expect(moved).toMatchObject({ id, providerVersion: 3 })
    expect((await sent(id)).authorization).toBe(`Bearer ${SECRETS.again}`)
  })

  test('[S1-10] [S1-11] counts the same when it is only reviewed, and changes nothing', async () => {
    const provider = await provided(bearer)
    const id = await connected(provider.id, { token: SECRETS.token })
    const payload = payloadOf(provider.name, { ...bearer, auth_header_key_override: 'X-Token' })
    const { registry } = await grpcClients({ address: scene.platform.api, key: scene.key })
    const payloadJson = Buffer.from(JSON.stringify(payload))
    const reviewed = await registry.updateProvider({ providerId: provider.id, payloadJson, validateOnly: true })
    expect(reviewed).toMatchObject({ moved: 1, kept: 0 })
    expect((await sent(id)).authorization).toBe(`Bearer ${SECRETS.token}`)
  })

  test('[S1-10] a disabled credential moves too, and one that is deleted is named by those who use it', async () => {
    const provider = await provided(bearer)
    const id = await connected(provider.id, { token: SECRETS.token })
    await ann().credentials.disable(id)
    expect(await provider.update({ ...bearer, auth_header_key_override: 'X-Token' })).toMatchObject({ moved: 1 })
    const refused = await refusalOf(scene.credence.providers.delete(provider.id))
    expect([refused.code, refused.message]).toEqual(['PROVIDER_IN_USE', expect.stringContaining('1 credential')])
    await ann().credentials.enable(id)
    expect((await sent(id))['x-token']).toBe(`Bearer ${SECRETS.token}`)
  })
})

describe('minted credentials follow their server', () => {
  const owner = () => scene.credence.forUser(`email:${EMAIL}`)
  const custom = (headers: readonly object[], ...names: readonly string[]) => ({ type: 'CUSTOM_HEADER', fields: fields(...names), headers })
  const key = { name: 'Authorization', prefix: 'Bearer', value: '{{key}}' }
  const account = { name: 'X-Account', value: '{{account}}' }

  async function mint(name: string, values: Readonly<Record<string, string>>): Promise<string> {
    const headers = Object.entries(values).map(([headerName, headerValue]) => ({ headerName, headerValue }))
    const { autoAuthenticate } = await scene.credence.widget.mintToken({
      userEmail: EMAIL,
      autoAuthenticate: { servers: [{ serverName: name, headers }] },
    })
    const [result] = autoAuthenticate?.servers ?? []
    expect(result?.detail).toBeNull()
    return (await scene.credence.credentials.resolve(name, { userEmail: EMAIL })).credentialId
  }
  const statusOf = async (name: string, values: Readonly<Record<string, string>>) => {
    const headers = Object.entries(values).map(([headerName, headerValue]) => ({ headerName, headerValue }))
    const answer = await scene.credence.widget.mintToken({
      userEmail: EMAIL,
      autoAuthenticate: { servers: [{ serverName: name, headers }] },
    })
    return answer.autoAuthenticate?.servers[0]?.status
  }

  test('[S3-13] a prefix that changes is used by the next call', async () => {
    const server = await provided(custom([key], 'key*'))
    const id = await mint(server.name, { Authorization: SECRETS.token })
    expect(await server.update(custom([{ ...key, prefix: 'Token' }], 'key*'))).toMatchObject({ moved: 1, expired: 0 })
    expect((await sent(id, owner())).authorization).toBe(`Token ${SECRETS.token}`)
    expect(await statusOf(server.name, { Authorization: SECRETS.again })).toBe('already_authenticated')
  })

  test('[S3-13] the value of a header that goes is destroyed: it is missing when the header comes back', async () => {
    const server = await provided(custom([key, account], 'key*', 'account*'))
    const id = await mint(server.name, { Authorization: SECRETS.token, 'X-Account': SECRETS.removed })
    expect(await server.update(custom([key], 'key*'))).toMatchObject({ moved: 1 })
    expect((await sent(id, owner()))['x-account']).toBeUndefined()
    expect(await server.update(custom([key, account], 'key*', 'account*'))).toMatchObject({ expired: 1 })
  })

  test.each([
    ['a header that is added', () => custom([key, account], 'key*', 'account*')],
    ['a header that is renamed', () => custom([{ ...key, name: 'X-Key' }], 'key*')],
    ['another type', () => ({ type: 'API_KEY', fields: fields('api_key*') })],
    ['another level', () => ({ ...custom([key], 'key*'), level: 'project' })],
  ])('[S3-13] %s expires them with the reason config_changed, and the next mint stores anew', async (_, next) => {
    const server = await provided(custom([key], 'key*'))
    const id = await mint(server.name, { Authorization: SECRETS.token })
    expect(await server.update(next())).toMatchObject({ moved: 0, expired: 1 })
    const fact = await factOf(scene, 'credential.expired', id)
    expect(fact.data).toMatchObject({ reason: 'config_changed', reconnect_url: expect.stringContaining(id) })
    expect((await refusalOf(owner().fetch(id, '/x'))).code).toBe('CREDENTIAL_EXPIRED')
    await server.update(custom([key], 'key*'))
    expect(await statusOf(server.name, { Authorization: SECRETS.again })).toBe('authenticated')
    expect((await sent(id, owner())).authorization).toBe(`Bearer ${SECRETS.again}`)
  })

  test('[S3-13] [S1-10] another host leaves them where they are', async () => {
    const server = await provided(custom([key], 'key*'))
    const id = await mint(server.name, { Authorization: SECRETS.token })
    expect(await server.update(custom([key], 'key*'), { proxy_url: 'https://other.wire.example' })).toMatchObject({ kept: 1, expired: 0 })
    expect((await sent(id, owner())).host).toBe('api.wire.example')
  })
})

test('[S1-10] no value is in a fact, a log line or a file', async () => {
  expect(await leaksOf(scene, SECRETS)).toEqual([])
})
