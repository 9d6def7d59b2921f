import { createCredence, grpcClients, type MintedToken } from '@credence/sdk'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HeaderAuthMcp, startMcpServer } from '../../support/mcp-server.ts'
import { auth, bearer, Minting, server } from '../../support/minting.ts'
import { factOf, fields, leaksOf, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

const SECRETS = { old: 'canary-mint-old-71d0c9', fresh: 'canary-mint-fresh-2b9e4a' }
const MCP = 'https://tools.wire.example'

let scene: Scene
let mcp: HeaderAuthMcp
let backend: Minting

beforeAll(async () => {
  mcp = await startMcpServer({ [`Bearer ${SECRETS.old}`]: 'ann with the old key', [`Bearer ${SECRETS.fresh}`]: 'ann with the fresh key' })
  scene = await startScene({ sites: { 'tools.wire.example': mcp.server } })
  backend = new Minting(scene)
}, 120_000)
afterAll(async () => {
  await scene.close()
  await mcp.close()
})

describe('the shape of the answer', () => {
  test('[S3-1] token, its end, and one result per server in order, named as they were sent', async () => {
    const name = await backend.bearerServer()
    const { status, body } = await backend.mint({
      user_email: 'shape@example.com',
      auto_authenticate: { servers: [server(name.toUpperCase(), auth(SECRETS.old)), server('No such server', auth('x'))] },
    })
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['auto_authenticate', 'expires_at', 'token'])
    const [done, failed] = body.auto_authenticate?.servers ?? []
    expect(done).toEqual({ server_name: name.toUpperCase(), status: 'authenticated', authenticated_at: expect.any(String), detail: null })
    expect(done?.authenticated_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    expect(failed).toEqual({ server_name: 'No such server', status: 'failed', authenticated_at: null, detail: 'Server not found' })
  })

  test('[S3-1] [S3-3] is 200 with a token also when every server failed, and without the member where it was not sent', async () => {
    const { status, body } = await backend.mint({
      user_email: 'shape@example.com',
      auto_authenticate: { servers: [server('Nowhere', auth('x'))] },
    })
    expect([status, typeof body.token]).toEqual([200, 'string'])
    expect(Object.keys((await backend.mint({ user_email: 'shape@example.com' })).body).sort()).toEqual(['expires_at', 'token'])
  })
})

describe('what is refused whole', () => {
  test('[S3-2] user_email is required, in these words, whatever else is wrong', async () => {
    const servers = [server('Any', auth('x'))]
    for (const email of [{}, { user_email: null }, { user_email: '   ' }]) {
      const { status, body } = await backend.mint({ ...email, auto_authenticate: { servers } })
      expect([status, body.detail]).toEqual([400, 'user_email is required'])
    }
    const { body } = await backend.mint({ auto_authenticate: { force: 'true', servers: [{ headers: [] }] } })
    expect(body.detail).toBe('user_email is required')
    expect(body.errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '/auto_authenticate/force',
      '/auto_authenticate/servers/0/headers',
      '/auto_authenticate/servers/0/server_name',
      '/user_email',
    ])
  })

  test('[S3-2] [S3-11] missing lists, wrong types and an address that is none are 400 with their pointers, and nothing is stored', async () => {
    const name = await backend.bearerServer()
    const good = server(name, auth(SECRETS.old))
    const pointersOf = async (body: object): Promise<readonly string[]> => {
      const answer = await backend.mint(body)
      expect(answer.status, JSON.stringify(answer.body)).toBe(400)
      return answer.body.errors?.map(({ pointer }) => pointer) ?? []
    }
    const user_email = 'bad-request@example.com'
    expect(await pointersOf({ user_email, auto_authenticate: {} })).toEqual(['/auto_authenticate/servers'])
    expect(await pointersOf({ user_email, auto_authenticate: { servers: [] } })).toEqual(['/auto_authenticate/servers'])
    expect(await pointersOf({ user_email, auto_authenticate: { servers: [good, { server_name: name }] } })).toEqual([
      '/auto_authenticate/servers/1/headers',
    ])
    expect(await pointersOf({ user_email, auto_authenticate: { servers: [good, { headers: good.headers }] } })).toEqual([
      '/auto_authenticate/servers/1/server_name',
    ])
    expect(await pointersOf({ user_email, auto_authenticate: { force: 'true', servers: [good] } })).toEqual(['/auto_authenticate/force'])
    const wrong = { server_name: name, headers: [{ header_name: 'Authorization', header_value: 7 }] }
    expect(await pointersOf({ user_email, auto_authenticate: { servers: [wrong] } })).toEqual([
      '/auto_authenticate/servers/0/headers/0/header_value',
    ])
    expect(await pointersOf({ user_email: 'no address', auto_authenticate: { servers: [good] } })).toEqual(['/user_email'])
    expect((await refusalOf(scene.credence.credentials.resolve(name, { userEmail: user_email }))).code).toBe('NOT_FOUND')
  })

  test('[S3-1] [S3-2] members of other names are left alone, and a known one in another spelling is named', async () => {
    const name = await backend.bearerServer()
    const more = {
      navigator: 'n-1',
      context: { agent: 'a', page: 'p' },
      auto_authenticate: { servers: [{ ...server(name, auth(SECRETS.old)), note: 'x' }], trace: true },
    }
    const { status, body } = await backend.mint({ user_email: 'more@example.com', ...more })
    expect([status, body.auto_authenticate?.servers[0]?.status]).toEqual([200, 'authenticated'])
    const faultsOf = async (wrong: object) => (await backend.mint(wrong)).body.errors
    expect(await faultsOf({ userEmail: 'more@example.com', 'auto-authenticate': {} })).toEqual([
      { pointer: '/userEmail', code: 'UNKNOWN_MEMBER', detail: 'Write `user_email`.' },
      { pointer: '/auto-authenticate', code: 'UNKNOWN_MEMBER', detail: 'Write `auto_authenticate`.' },
    ])
    const servers = [{ ...server(name, auth(SECRETS.old)), serverName: name }]
    expect(await faultsOf({ user_email: 'more@example.com', auto_authenticate: { servers } })).toMatchObject([
      { pointer: '/auto_authenticate/servers/0/serverName' },
    ])
  })

  test('[S3-11] what is no single address is no user', async () => {
    for (const user_email of ['a@b..example', '<a@b.example>', 'a@b.example,', 'a@b.example;c', 'email:a@b.example', 'a b@c.example']) {
      const { status, body } = await backend.mint({ user_email })
      expect([user_email, status, body.errors?.map(({ pointer }) => pointer)]).toEqual([user_email, 400, ['/user_email']])
    }
  })

  test('[S3-2] ten thousand servers in one mint are told how many there may be', async () => {
    const servers = Array.from({ length: 10_000 }, (_, i) => server(`s${i}`, auth('v')))
    const { status, body } = await backend.mint({ user_email: 'many@example.com', auto_authenticate: { servers } })
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/auto_authenticate/servers'])
    expect(body.errors?.[0]?.detail).toContain('1000')
  })
})

describe('which server is meant', () => {
  test('[S3-4] names are compared without case, blanks at the ends and Unicode form', async () => {
    const cafe = await backend.bearerServer({}, 'Café Straße')
    const result = await backend.resultOf('names@example.com', server('  CAFE\u0301 STRASSE ', auth(SECRETS.old)))
    expect([result.server_name, result.status]).toEqual(['  CAFE\u0301 STRASSE ', 'authenticated'])
    expect(await backend.credentialFor('names@example.com', cafe)).toMatch(/^cred_/)
  })

  test('[S3-4] two of one name are ambiguous, of whatever type, and a server listed again is said so', async () => {
    const name = await backend.bearerServer()
    await provide(scene, { type: 'NONE' }, { display_name: name.toUpperCase() })
    const once = await backend.bearerServer()
    const results = await backend.resultsOf('names@example.com', [
      server(name, auth('x')),
      server(once, auth(SECRETS.old)),
      server(once.toUpperCase(), auth('y')),
    ])
    expect(results.map(({ status, detail }) => [status, detail])).toEqual([
      ['failed', 'Server name is ambiguous'],
      ['authenticated', null],
      ['failed', 'Server is listed more than once'],
    ])
  })

  test('[S3-4] a server is listed again where it is the same one: not where none or two have the name', async () => {
    const twice = await backend.bearerServer()
    await provide(scene, { type: 'NONE' }, { display_name: twice })
    const details = async (...names: readonly string[]) =>
      (
        await backend.resultsOf(
          'names@example.com',
          names.map((name) => server(name, auth('x'))),
        )
      ).map(({ detail }) => detail)
    expect(await details('Nowhere', 'nowhere', twice, twice)).toEqual([
      'Server not found',
      'Server not found',
      'Server name is ambiguous',
      'Server name is ambiguous',
    ])
  })

  test('[S3-1] [S3-4] a long list has a result for each in its order, and a server is listed again however far behind', async () => {
    const [first, second] = [await backend.bearerServer(), await backend.bearerServer()]
    const absent = Array.from({ length: 40 }, (_, i) => server(`Absent ${i}`, auth('x')))
    const list = [server(first, auth(SECRETS.old)), ...absent, server(second, auth(SECRETS.old)), server(first.toUpperCase(), auth('y'))]
    const results = await backend.resultsOf('long@example.com', list)
    expect(results.map(({ server_name }) => server_name)).toEqual(list.map(({ server_name }) => server_name))
    expect(results.flatMap(({ status, detail }) => (detail === 'Server not found' ? [] : [[status, detail]]))).toEqual([
      ['authenticated', null],
      ['authenticated', null],
      ['failed', 'Server is listed more than once'],
    ])
  })

  test('[S3-5] OAuth, cookie, parameter and project-level servers are refused in the words of the table', async () => {
    const oauth_config = { authorize_uri: 'https://login.wire.example/authorize', token_uri: 'https://login.wire.example/token' }
    const refused = async (pattern: object, members: object = {}) => {
      const name = await backend.bearerServer({ auth_patterns: [pattern], ...members })
      return (await backend.resultOf('types@example.com', server(name, auth('x')))).detail
    }
    const headersOnly = expect.stringContaining('only supports header-auth servers')
    expect(await refused({ type: 'OAUTH', oauth_config })).toEqual(headersOnly)
    expect(await refused({ type: 'API_KEY', fields: fields('api_key*'), auth_cookie_key: 'session' })).toEqual(headersOnly)
    expect(await refused({ type: 'API_KEY', fields: fields('api_key*'), auth_query_key: 'key' })).toEqual(headersOnly)
    expect(await refused(bearer, { level: 'project' })).toEqual(expect.stringContaining('only supports user-level server credentials'))
  })
})

describe('again, and with force', () => {
  test('[S3-3] [S3-8] an active record stands whatever came, without an event, and force replaces it in the same id', async () => {
    const name = await backend.bearerServer()
    const email = 'again@example.com'
    const first = await backend.resultOf(email, server(name, auth(SECRETS.old)))
    const id = await backend.credentialFor(email, name)
    await factOf(scene, 'credential.connected', id)
    const count = () => scene.events.filter(({ subject }) => subject === id).length
    const before = count()
    const again = await backend.resultOf(email, server(name, ['Not-Configured', 'other']))
    expect(again).toEqual({ ...again, status: 'already_authenticated', authenticated_at: first.authenticated_at, detail: null })
    expect((await backend.sentWith(email, id)).authorization).toBe(`Bearer ${SECRETS.old}`)
    expect(await backend.resultOf(email, server(name, ['Not-Configured', 'other']), true)).toMatchObject({ status: 'failed' })
    expect((await backend.sentWith(email, id)).authorization).toBe(`Bearer ${SECRETS.old}`)
    const replaced = await backend.resultOf(email, server(name, auth(SECRETS.fresh)), true)
    expect(replaced.status).toBe('authenticated')
    expect(await backend.credentialFor(email, name)).toBe(id)
    // Calls go to each replica in turn.
    for (let call = 0; call < 6; call++) expect((await backend.sentWith(email, id)).authorization).toBe(`Bearer ${SECRETS.fresh}`)
    await factOf(scene, 'credential.secret_replaced', id)
    const told = scene.events.filter(({ subject, type }) => subject === id && !/\.(used|denied)$/.test(type)).slice(before)
    expect(told.map(({ type }) => type.split('.').slice(-2).join('.'))).toEqual(['credential.secret_replaced'])
  })

  test('[S3-8] fifty mints at once leave one credential, with and without force', async () => {
    const name = await backend.bearerServer()
    const email = 'fifty@example.com'
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => backend.resultOf(email, server(name, auth(`tok-${i}`)))))
    expect(results.filter(({ status }) => status === 'authenticated')).toHaveLength(1)
    expect(results.filter(({ status }) => status === 'already_authenticated')).toHaveLength(49)
    expect(new Set(results.map(({ authenticated_at }) => authenticated_at)).size).toBe(1)
    const winner = results.findIndex(({ status }) => status === 'authenticated')
    const id = await backend.credentialFor(email, name)
    expect((await backend.sentWith(email, id)).authorization).toBe(`Bearer tok-${winner}`)
    const forced = await Promise.all(Array.from({ length: 50 }, (_, i) => backend.resultOf(email, server(name, auth(`new-${i}`)), true)))
    expect(new Set(forced.map(({ status }) => status))).toEqual(new Set(['authenticated']))
    expect(String((await backend.sentWith(email, id)).authorization)).toMatch(/^Bearer new-\d+$/)
    const list: string[] = []
    for await (const one of scene.credence.forUser(`email:${email}`).credentials.list()) list.push(`${one.id} ${one.status}`)
    expect(list).toEqual([`${id} active`])
  }, 120_000)

  test('[S3-8] deleted in the midst of mints: each has its result, and one credential is left at most', async () => {
    const name = await backend.bearerServer()
    const email = 'midst@example.com'
    await backend.resultOf(email, server(name, auth(SECRETS.old)))
    const id = await backend.credentialFor(email, name)
    const user = scene.credence.forUser(`email:${email}`)
    const mints = Array.from({ length: 12 }, (_, i) => backend.resultOf(email, server(name, auth(SECRETS.fresh)), i % 2 === 0))
    const [results] = await Promise.all([Promise.all(mints), user.credentials.delete(id)])
    for (const { status } of results) expect(status).toMatch(/^(already_)?authenticated$/)
    const left = []
    for await (const one of user.credentials.list()) left.push(one.id)
    expect(left.length).toBeLessThan(2)
    expect(left).not.toContain(id)
    expect((await backend.resultOf(email, server(name, auth(SECRETS.fresh)))).detail).toBeNull()
    expect((await backend.sent(email, name)).authorization).toBe(`Bearer ${SECRETS.fresh}`)
  })

  test('[S3-3] a disabled record is failed with either force, and one that was deleted is stored anew under another id', async () => {
    const name = await backend.bearerServer()
    const email = 'states@example.com'
    await backend.resultOf(email, server(name, auth(SECRETS.old)))
    const id = await backend.credentialFor(email, name)
    const owner = scene.credence.forUser(`email:${email}`)
    await owner.credentials.disable(id)
    for (const force of [false, true]) {
      const { status, detail } = await backend.resultOf(email, server(name, auth(SECRETS.fresh)), force)
      expect([status, detail]).toEqual(['failed', expect.stringContaining('disabled; enable it first')])
    }
    await owner.credentials.enable(id)
    expect((await backend.sentWith(email, id)).authorization).toBe(`Bearer ${SECRETS.old}`)
    await owner.credentials.delete(id)
    expect((await backend.resultOf(email, server(name, auth(SECRETS.fresh)))).status).toBe('authenticated')
    expect(await backend.credentialFor(email, name)).not.toBe(id)
  })

  test('[S3-3] [S2-21] a value that the API refuses expires at its first calls, and the next mint replaces it in the same id', async () => {
    const name = await backend.bearerServer({ verify: { path: '/me' } })
    const email = 'refused@example.com'
    await backend.resultOf(email, server(name, auth('tok-wrong')))
    const id = await backend.credentialFor(email, name)
    scene.api.accept(({ token }) => token !== 'tok-wrong')
    const response = await scene.credence.forUser(`email:${email}`).fetch(id, '/x')
    expect(response.status).toBe(401)
    await factOf(scene, 'credential.expired', id)
    expect((await backend.resultOf(email, server(name, auth(SECRETS.old)))).status).toBe('authenticated')
    expect(await backend.credentialFor(email, name)).toBe(id)
    expect((await backend.sentWith(email, id)).authorization).toBe(`Bearer ${SECRETS.old}`)
    scene.api.accept(() => true)
  }, 60_000)

  test('[S2-4] a credential that the user connected elsewhere fills the slot', async () => {
    const provider = await provide(scene, bearer)
    const email = 'elsewhere@example.com'
    const own = await scene.credence
      .forUser(`email:${email}`)
      .credentials.create({ providerId: provider.id, fields: { token: SECRETS.old } })
    expect((await backend.resultOf(email, server(provider.displayName, auth(SECRETS.fresh)))).status).toBe('already_authenticated')
    expect(await backend.credentialFor(email, provider.displayName)).toBe(own.id)
  })

  test('[S3-8] [S3-10] a replacement says nothing of whose account it is: nobody has asked the provider', async () => {
    const provider = await provide(scene, { ...bearer, verify: { path: '/me', account_name: '/path' } })
    const email = 'whose@example.com'
    const owner = scene.credence.forUser(`email:${email}`).credentials
    const { id } = await owner.create({ providerId: provider.id, fields: { token: SECRETS.old } })
    expect((await owner.get(id)).account?.name).toBe('/me')
    await backend.resultOf(email, server(provider.displayName, auth(SECRETS.fresh)), true)
    expect((await owner.get(id)).account).toBeUndefined()
  })
})

describe('who it is', () => {
  test('[S3-11] the address is one user in any case, and no other user sees the credential', async () => {
    const name = await backend.bearerServer()
    await backend.resultOf('  Mixed@Example.COM ', server(name, auth(SECRETS.old)))
    expect((await backend.resultOf('mixed@example.com', server(name, auth(SECRETS.fresh)))).status).toBe('already_authenticated')
    const id = await backend.credentialFor('mixed@example.com', name)
    const stranger = scene.credence.forUser('email:stranger@example.com')
    expect((await refusalOf(stranger.credentials.get(id))).code).toBe('NOT_FOUND')
    expect((await refusalOf(stranger.fetch(id, '/x'))).code).toBe('NOT_FOUND')
  })

  test('[S3-12] a name leads to the id only for who may act for that user', async () => {
    const name = await backend.bearerServer()
    await backend.resultOf('resolve@example.com', server(name, auth(SECRETS.old)))
    const { secret } = await scene.credence.keys.create({ label: 'reader', scopes: ['use', 'credentials.read'] })
    const reader = createCredence({ apiUrl: scene.platform.admin, key: secret })
    expect((await refusalOf(reader.credentials.resolve(name, { userEmail: 'resolve@example.com' }))).code).toBe('SCOPE_REQUIRED')
    const told = await refusalOf(reader.credentials.resolve(name, { userEmail: 'nobody@example.com' }))
    expect(told.code).toBe('SCOPE_REQUIRED')
    const missing = [
      await refusalOf(scene.credence.credentials.resolve('Nowhere', { userEmail: 'resolve@example.com' })),
      await refusalOf(scene.credence.credentials.resolve(name, { userEmail: 'nobody@example.com' })),
    ]
    expect(missing.map(({ code }) => code)).toEqual(['NOT_FOUND', 'NOT_FOUND'])
    expect(missing[0]?.message).toBe(missing[1]?.message)
    const clients = await grpcClients({ address: scene.platform.api, key: scene.key, user: 'email:resolve@example.com' })
    expect((await clients.registry.resolve({ serverName: name })).credentialId).toBe(
      await backend.credentialFor('resolve@example.com', name),
    )
  })

  test('[S3-1] [C-5] the same by gRPC and by the SDK', async () => {
    const name = await backend.bearerServer()
    const headers = [{ headerName: 'Authorization', headerValue: Buffer.from(SECRETS.old) }]
    const clients = await grpcClients({ address: scene.platform.apiOf('gateway'), key: scene.key })
    const autoAuthenticate = { force: false, servers: [{ serverName: name, headers }] }
    const first = await clients.gateway.mintToken({ userEmail: 'typed@example.com', autoAuthenticate })
    expect(first.servers).toMatchObject([{ serverName: name, status: 'authenticated', detail: '' }])
    const again: MintedToken = await scene.credence.widget.mintToken({
      userEmail: 'typed@example.com',
      autoAuthenticate: { servers: [{ serverName: name, headers: [{ headerName: 'Authorization', headerValue: SECRETS.old }] }] },
    })
    expect(again.autoAuthenticate?.servers).toEqual([
      { serverName: name, status: 'already_authenticated', authenticatedAt: first.servers[0]?.authenticatedAt, detail: null },
    ])
  })
})

describe('a real MCP server', () => {
  async function call(email: string, credentialId: string): Promise<unknown> {
    const client = new Client({ name: 'agent', version: '1.0.0' })
    const headers = { authorization: `Bearer ${scene.key}`, 'credence-user': `email:${email}` }
    const url = new URL(`${scene.platform.data}/v1/proxy/${credentialId}/mcp`)
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }) as never)
    const result = await client.callTool({ name: 'whoami', arguments: {} })
    await client.close()
    return result.content
  }

  test('[S3-12] [S3-8] is called with the minted value at once, and after a replacement with the new one, on every replica', async () => {
    const name = await backend.bearerServer({ proxy_url: MCP })
    const email = 'mcp@example.com'
    expect((await backend.resultOf(email, server(name, auth(SECRETS.old)))).status).toBe('authenticated')
    const id = await backend.credentialFor(email, name)
    expect(await call(email, id)).toEqual([{ type: 'text', text: 'ann with the old key' }])
    await backend.resultOf(email, server(name, auth(SECRETS.fresh)), true)
    for (let i = 0; i < 3; i++) expect(await call(email, id)).toEqual([{ type: 'text', text: 'ann with the fresh key' }])
  })
})

test('[S2-1] [S2-14] [S3-7] [S3-9] no value is in an answer, a fact, a log line or a file', async () => {
  expect(await leaksOf(scene, SECRETS, { answers: backend.answers.join('\n') })).toEqual([])
})
