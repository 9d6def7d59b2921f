import { createServer, type Server } from 'node:http'
import { type FakeAuthorizationServer, startFakeAuthorizationServer, startProcess } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNowhere } from '../../support/exchanges.ts'
import { atReturn, confirmAt, RETURN_URL, refusalOf, type Scene, settle, startScene } from '../../support/scene.ts'

const ISSUER = 'https://auth.mcp.example'
const MCP = 'https://mcp.example/v1/mcp'
let as: FakeAuthorizationServer
let mcp: Server
let scene: Scene
/** What the MCP server says of itself, by path; a test may change it. */
const metadata = new Map<string, object>()
/** What a server that means ill answers, by path; and what it was asked. */
const rogue = new Map<string, { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }>()
const askedOfRogue: string[] = []

function startRogue(): Server {
  return createServer((request, response) => {
    askedOfRogue.push(request.url ?? '')
    const { status, body, headers = {} } = rogue.get(request.url ?? '') ?? { status: 404, body: '' }
    response.on('error', () => undefined)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  })
}

/** Answers 401 with the address of its metadata, as the MCP specification orders, until a token of its server comes. */
function startMcp(): Server {
  return createServer((request, response) => {
    const url = request.url ?? ''
    const known = metadata.get(url)
    if (known !== undefined) return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(known))
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (url.startsWith('/v1/mcp') && as.accountOf(token) !== undefined)
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","result":{}}')
    const pointer = 'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/v1/mcp"'
    response.writeHead(url.startsWith('/v1/mcp') ? 401 : 404, { 'www-authenticate': pointer }).end()
  })
}

beforeAll(async () => {
  as = await startFakeAuthorizationServer({ issuer: ISSUER })
  mcp = startMcp()
  metadata.set('/.well-known/oauth-protected-resource/v1/mcp', {
    resource: MCP,
    authorization_servers: [ISSUER],
    scopes_supported: ['tools'],
    resource_name: 'Tools of Example',
  })
  scene = await startScene({ sites: { 'mcp.example': mcp, 'auth.mcp.example': as.server, 'rogue.example': startRogue() } })
}, 120_000)
afterAll(async () => {
  await scene.close()
  await as.close()
})

describe('an MCP server', () => {
  test('[B-14] is a provider from its address alone: found, registered, signed in to, and called, with its resource named all the way', async () => {
    const { providerId = '', clientId = '', redirectUri } = await scene.credence.providers.addMcp(MCP)
    expect(redirectUri).toMatch(/\/oauth\/callback\/ocl_/)
    expect(as.ledger().filter(({ kind }) => kind === 'register')).toMatchObject([{ clientId }])
    const provider = await scene.credence.providers.get(providerId)
    expect(JSON.parse(provider.payloadJson)).toMatchObject({
      display_name: 'Tools of Example',
      proxy_url: 'https://mcp.example/v1',
      auth_patterns: [
        {
          oauth_config: {
            token_uri: `${ISSUER}/token`,
            resource: MCP,
            issuer: ISSUER,
            available_scopes: [{ scope: 'tools', required: true }],
          },
        },
      ],
    })
    const { session, link } = await scene.ann.sessions.create({ providerId, returnUrl: RETURN_URL })
    const consent = await scene.person.open(link)
    const end = await settle(scene, await scene.person.submit(consent, {}, { action: /\/grant$/, stopAt: atReturn }))
    const id = await confirmAt(scene, session.id, end)
    expect((await scene.ann.fetch(id, '/mcp')).status).toBe(200)
    expect(as.ledger().findLast(({ grantType }) => grantType === 'authorization_code')?.asked).toEqual({ resource: MCP })
  })

  test('[B-14] is only looked at when asked so', async () => {
    const before = as.ledger().length
    expect((await scene.credence.providers.addMcp(MCP, { validateOnly: true })).providerId).toBeUndefined()
    expect(as.ledger().slice(before)).toEqual([])
  })

  test('[B-14] is added from the command line', async () => {
    const main = new URL('../../../libs/cli/src/main.ts', import.meta.url).pathname
    const env = { CREDENCE_API_URL: scene.platform.admin, CREDENCE_KEY: scene.key }
    const cli = await startProcess([main, 'provider', 'add-mcp', MCP, '--name', 'By hand', '-o', 'json'], { env })
    expect(cli.ready, cli.stderr()).toMatchObject({ provider_id: expect.stringMatching(/^prov_/) })
    await cli.exited
  })

  test('[B-14] [S1-9] that publishes nothing, or somebody else’s resource, is refused with the reason', async () => {
    const refusedOf = async (url: string): Promise<string> => {
      const { code, errors } = await refusalOf(scene.credence.providers.addMcp(url))
      return `${code} ${errors[0]?.code} ${errors[0]?.detail}`
    }
    expect(await refusedOf('https://api.wire.example/mcp')).toMatch(
      /^INVALID_REQUEST NOT_DISCOVERED The server publishes no protected-resource/,
    )
    expect(await refusedOf('http://mcp.example/v1/mcp')).toMatch(/NOT_DISCOVERED Write the address/)
    const path = '/.well-known/oauth-protected-resource/v1/mcp'
    const own = metadata.get(path) ?? {}
    metadata.set(path, { ...own, resource: 'https://bank.example/mcp' })
    expect(await refusedOf(MCP)).toMatch(/NOT_DISCOVERED The server publishes no/)
    metadata.set(path, { ...own, authorization_servers: ['https://login.wire.example/tenant'] })
    expect(await refusedOf(MCP)).toMatch(/NOT_DISCOVERED None of its authorization servers/)
    metadata.set(path, own)
  })

  test('[B-14] [B-6] at a private address is refused before anything is sent', async () => {
    expect((await refusalOf(scene.credence.providers.addMcp('https://10.0.0.7/mcp'))).code).toBe('ADDRESS_REFUSED')
  })
})

describe('a server that means ill', () => {
  const HOME = 'https://rogue.example'
  const resource = { resource: `${HOME}/mcp`, authorization_servers: [HOME] }
  const server = {
    issuer: HOME,
    authorization_endpoint: `${HOME}/authorize`,
    token_endpoint: `${HOME}/token`,
    registration_endpoint: `${HOME}/register`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }
  const say = (path: string, body: object): void => void rogue.set(path, { status: 200, body: JSON.stringify(body) })
  const registered = { status: 201, body: '{"client_id":"c-71","client_secret":"canary-rogue-secret-71"}' }
  function publish({ of = {}, at = {} }: { of?: object; at?: object } = {}): void {
    say('/.well-known/oauth-protected-resource/mcp', { ...resource, ...of })
    say('/.well-known/oauth-authorization-server', { ...server, ...at })
    askedOfRogue.length = 0
  }
  async function added(metadata: { of?: object; at?: object } = {}) {
    publish(metadata)
    return scene.credence.providers.addMcp(`${HOME}/mcp`)
  }
  async function stored(): Promise<number> {
    let count = 0
    for await (const { displayName } of scene.credence.providers.list()) if (displayName === 'rogue.example') count++
    return count
  }

  test('[B-14] [B-6] that names servers which are none, or hundreds of them, is refused with the reason, and asks little of us', async () => {
    for (const issuer of ['urn:example:issuer', 'javascript:alert(1)', 'http://rogue.example', 'https://a:b@rogue.example']) {
      expect((await refusalOf(added({ of: { authorization_servers: [issuer] } }))).errors[0]?.code, issuer).toBe('NOT_DISCOVERED')
    }
    const many = Array.from({ length: 150 }, (_, i) => `${HOME}/${i}`)
    expect((await refusalOf(added({ of: { authorization_servers: many } }))).errors[0]?.code).toBe('NOT_DISCOVERED')
    expect(askedOfRogue.length).toBeLessThan(20)
  })

  test('[B-14] that registers clients anywhere but at an https address is refused before anything is stored or sent', async () => {
    const places = ['http://rogue.example/register', '/register', 'urn:x', 'https://u:p@rogue.example/r', `${HOME}/register#x`]
    for (const registration_endpoint of places) {
      const { code, errors } = await refusalOf(added({ at: { registration_endpoint } }))
      expect([code, errors[0]?.detail], registration_endpoint).toEqual([
        'INVALID_REQUEST',
        'The `registration_endpoint` of the authorization server is no plain `https` address.',
      ])
    }
    expect(await stored()).toBe(0)
  })

  test('[B-14] that registers no client leaves no provider behind, whatever it answers', async () => {
    const answers = [
      { status: 400, body: '{"error":"invalid_redirect_uri"}' },
      { status: 500, body: 'x' },
      { status: 200, body: '<html>' },
      { status: 307, body: '', headers: { location: `${HOME}/elsewhere` } },
      { status: 201, body: 'a'.repeat(3 * 1024 * 1024) },
      { status: 201, body: '{"client_id":"without-a-secret"}' },
    ]
    for (const answer of answers) {
      rogue.set('/register', answer)
      expect((await refusalOf(added())).code).toMatch(/^(TOKEN_|UPSTREAM_)/)
    }
    const own = await refusalOf(added({ at: { registration_endpoint: 'https://10.0.0.7/register' } }))
    expect(own.code).toBe('ADDRESS_REFUSED')
    expect(await stored()).toBe(0)
    expect(askedOfRogue).not.toContain('/elsewhere')
  })

  test('[B-14] a key that was refused once says so, and a new one begins anew', async () => {
    const post = (key: string): Promise<Response> =>
      fetch(`${scene.platform.admin}/v1/providers/discover-mcp`, {
        method: 'POST',
        headers: { authorization: `Bearer ${scene.key}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ url: `${HOME}/mcp` }),
      })
    publish()
    rogue.set('/register', { status: 400, body: '{"error":"invalid_redirect_uri"}' })
    expect((await post('rogue-1')).status).toBe(502)
    rogue.set('/register', registered)
    expect(await (await post('rogue-1')).json()).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    const answer = await post('rogue-2')
    expect(answer.ok).toBe(true)
    const again = await post('rogue-2')
    expect(((await again.json()) as { provider_id: string }).provider_id).toBe(
      ((await answer.json()) as { provider_id: string }).provider_id,
    )
    expect(await stored()).toBe(1)
  })

  test('[B-14] an address of documentation that is none is left out', async () => {
    rogue.set('/register', registered)
    expect((await added({ of: { resource_documentation: 'https://user:word@x.example/ y' } })).providerId).toMatch(/^prov_/)
  })
})

test('[B-14] [B-1] the secret that the server gave is nowhere but in the vault, and no token is', async () => {
  const registered = as.ledger().flatMap(({ kind, clientId }) => (kind === 'register' ? [clientId ?? ''] : []))
  const secrets = Object.fromEntries(registered.map((id, i) => [`client ${i}`, as.secretOf(id) ?? '']))
  expect(Object.values(secrets).every((secret) => secret.length > 20)).toBe(true)
  await expectNowhere(scene, {
    rogue: 'canary-rogue-secret-71',
    ...secrets,
    ...Object.fromEntries(as.tokens().map((token, i) => [`token ${i}`, token])),
  })
})
