import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type CredenceVerifier, type VerifiedCall, verifyCredence } from '@credence/sdk/verify'
import { acceptSigned } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf } from '../../support/all-of.ts'
import { fields, leaksOf, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

const BACKEND = 'https://backend.team.example'
const SECRETS = { service: 'canary-service-key-77aa', signing: 'canary-signing-key-31bc' }

let backend: Server
let scene: Scene
let verifier: CredenceVerifier
/** What the team's own backend received: whom for, or why it refused; and the headers. */
const calls: { readonly said: VerifiedCall | string; readonly headers: IncomingMessage['headers'] }[] = []

beforeAll(async () => {
  backend = createServer((request, response) => {
    void verifier.verifyNode(request).then(
      (said) => {
        calls.push({ said, headers: request.headers })
        response.writeHead(200).end('done')
      },
      (error: { code?: string }) => {
        calls.push({ said: error.code ?? String(error), headers: request.headers })
        response.writeHead(401).end('refused')
      },
    )
  })
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  scene = await startScene({ sites: { 'backend.team.example': backend } })
  const { id: project } = await scene.credence.project.get()
  const jwksUrl = `${scene.platform.public}/.well-known/credence/${project}/jwks.json`
  verifier = verifyCredence({ jwksUrl, project, audience: BACKEND })
}, 120_000)
afterAll(async () => {
  await scene.close()
  backend.closeAllConnections()
  await new Promise((resolve) => backend.close(resolve))
})

async function proxied(pattern: object, members: object = {}): Promise<string> {
  const provider = await provide(scene, pattern, { proxy_url: BACKEND })
  const wanted = { name: 'By our own backend', providerId: provider.id, mode: 'proxy', ...members } as const
  return (await scene.credence.capabilities.create(wanted)).capability.id
}

const last = () => calls.at(-1)
const verified = (): VerifiedCall => {
  const said = last()?.said
  if (said === undefined || typeof said === 'string') throw new TypeError(`not verified: ${said}`)
  return said
}

describe('proxy auth', () => {
  test('[S0-8] the backend is told by a signature of the platform for whom the call is, and holds the credential itself', async () => {
    const id = await proxied({ type: 'NONE' }, { methods: ['GET', 'POST'], paths: ['/orders/**'] })
    for (const user of ['id:bea', 'id:cid ü']) {
      const ours = { 'credence-on-behalf-of': 'user="usr_forged"', signature: 'sig=:AA==:', 'signature-input': 'sig=()' }
      const response = await scene.credence.forUser(user).fetch(id, '/orders/1?x=%2F', { headers: ours })
      expect([response.status, await response.text()]).toEqual([200, 'done'])
      expect(verified().onBehalfOf).toMatchObject({ names: [user], capability: id })
    }
    expect(last()?.headers.authorization).toBeUndefined()
    await (await scene.credence.forUser('id:bea').fetch(id, '/orders', { method: 'POST', body: '{"a":1}' })).arrayBuffer()
    expect(Buffer.from(verified().body).toString()).toBe('{"a":1}')
    const history = () => allOf(scene.credence.history.list({ capabilityId: id }, { action: 'call' }))
    await expect.poll(async () => (await history()).map(({ user, outcome }) => [user, outcome])).toHaveLength(3)
  })

  test('[S0-8] a body that streams is signed whole, and the rules of the capability stand before the backend', async () => {
    const id = await proxied({ type: 'NONE' }, { methods: ['POST'] })
    const piece = new Uint8Array(90_000).fill(0x61)
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(piece)
        controller.enqueue(piece)
        controller.close()
      },
    })
    const response = await scene.ann.fetch(id, '/upload', { method: 'POST', body })
    expect([response.status, verified().body.byteLength]).toEqual([200, 180_000])
    const before = calls.length
    expect((await refusalOf(scene.ann.fetch(id, '/upload'))).code).toBe('METHOD_REFUSED')
    expect(calls).toHaveLength(before)
  })

  test('[S0-8] a credential that the backend asks for stands beside the signature', async () => {
    const provider = await provide(
      scene,
      { type: 'API_KEY', fields: fields('api_key*'), auth_header_key_override: 'X-Team-Key' },
      { proxy_url: BACKEND },
    )
    const made = await scene.ann.credentials.create({ providerId: provider.id, fields: { api_key: SECRETS.service }, level: 'project' })
    const wanted = { name: 'With a key', providerId: provider.id, mode: 'proxy', credentialId: made.id } as const
    const { capability } = await scene.credence.capabilities.create(wanted)
    expect((await scene.ann.fetch(capability.id, '/x')).status).toBe(200)
    expect([last()?.headers['x-team-key'], verified().onBehalfOf.capability]).toEqual([SECRETS.service, capability.id])
    expect((await refusalOf(scene.credence.capabilities.create({ ...wanted, credentialId: undefined }))).errors[0]?.pointer).toBe(
      '/credential_id',
    )
  })

  test('[S0-8] a call by anybody else is none that the backend takes', async () => {
    const direct = await provide(scene, { type: 'NONE' }, { proxy_url: BACKEND })
    const unsigned = await scene.ann.credentials.create({ providerId: direct.id, fields: {} })
    expect((await scene.ann.fetch(unsigned.id, '/orders/1')).status).toBe(401)
    expect(last()?.said).toEqual(expect.stringMatching(/^[A-Z_]+$/))
  })
})

describe('custom', () => {
  const sign = {
    hmac: {
      hash: 'sha256',
      key: '{{secret}}',
      message: '{{@timestamp:ms}}{{@method}}{{@target}}{{@body}}',
      encoding: 'base64',
      headers: [
        { name: 'X-Access-Sign', value: '{{@signature}}' },
        { name: 'X-Access-Timestamp', value: '{{@timestamp:ms}}' },
      ],
    },
  }
  const pattern = { type: 'API_KEY', auth_header_key_override: 'X-Access-Key', fields: fields('api_key*', 'secret*') }

  test('[S0-10] [S0-15] a pattern that signs serves every customer with the key of the team', async () => {
    const provider = await provide(scene, { ...pattern, sign })
    const values = { api_key: 'access-custom', secret: SECRETS.signing }
    const { id: credentialId } = await scene.ann.credentials.create({ providerId: provider.id, fields: values, level: 'project' })
    const { capability } = await scene.credence.capabilities.create({
      name: 'Signed',
      providerId: provider.id,
      mode: 'custom',
      credentialId,
    })
    scene.api.accept(
      acceptSigned.hmac({
        hash: 'sha256',
        key: SECRETS.signing,
        header: 'x-access-sign',
        encoding: 'base64',
        message: ({ method, path, body }, header) => `${header('x-access-timestamp')}${method}${path}${body}`,
      }),
    )
    try {
      for (const user of ['id:one', 'id:two']) {
        const response = await scene.credence.forUser(user).fetch(capability.id, '/orders?b=2', { method: 'POST', body: 'x' })
        expect(response.status).toBe(200)
      }
    } finally {
      scene.api.accept(() => true)
    }
  })

  test('[S0-11] a pattern that declares neither steps nor a signature is full access, and says so', async () => {
    const provider = await provide(scene, { type: 'API_KEY', fields: fields('api_key*') })
    const error = await refusalOf(scene.credence.capabilities.create({ name: 'x', providerId: provider.id, mode: 'custom' }))
    expect(error.errors).toEqual([expect.objectContaining({ pointer: '/mode', detail: expect.stringContaining('full_access') })])
  })
})

test('[S2-19] no secret of any mode stands in what the platform stored, printed or told', async () => {
  expect(await leaksOf(scene, SECRETS)).toEqual([])
})
