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
  scene = await startScene({ sites: { 'mcp.example': mcp, 'auth.mcp.example': as.server } })
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

test('[B-14] [B-1] the secret that the server gave is nowhere but in the vault, and no token is', async () => {
  const registered = as.ledger().flatMap(({ kind, clientId }) => (kind === 'register' ? [clientId ?? ''] : []))
  const secrets = Object.fromEntries(registered.map((id, i) => [`client ${i}`, as.secretOf(id) ?? '']))
  expect(Object.values(secrets).every((secret) => secret.length > 20)).toBe(true)
  await expectNowhere(scene, { ...secrets, ...Object.fromEntries(as.tokens().map((token, i) => [`token ${i}`, token])) })
})
