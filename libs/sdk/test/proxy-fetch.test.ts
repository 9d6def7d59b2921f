import { createServer } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Credence, createCredence } from '../src/index.ts'
import { type ContractServer, KEY, refuse, startContractServer } from './contract-server.ts'

let server: ContractServer
let credence: Credence

beforeEach(async () => {
  server = await startContractServer()
  credence = createCredence({ apiUrl: server.url, proxyUrl: `${server.url}/`, key: KEY, user: 'id:ann' })
})
afterEach(() => server[Symbol.asyncDispose]())

test('[C-5] a call goes to the address of its credential with the key, the user and what the caller sent', async () => {
  server.on('ANY /v1/proxy/*', () => ({ json: { ok: true }, headers: { 'credence-origin': 'upstream' } }))
  const init = { method: 'POST', headers: { authorization: 'Bearer dummy', 'x-a': 'b' }, body: '{}', consumer: 'csmr_1', noReplay: true }
  const response = await credence.fetch('cred_1', '/tasks?q=a%20b', init)
  expect(await response.json()).toEqual({ ok: true })
  const [received] = server.received
  expect(received?.path).toBe('/v1/proxy/cred_1/tasks')
  expect(received?.query.get('q')).toBe('a b')
  expect(received?.headers).toMatchObject({
    authorization: `Bearer ${KEY}`,
    'credence-user': 'id:ann',
    'credence-consumer': 'csmr_1',
    'credence-no-replay': 'true',
    'x-a': 'b',
  })
})

test("the provider's refusal is an answer, the platform's is an error", async () => {
  server.on('ANY /v1/proxy/*', () => ({ status: 404, json: { message: 'no task' }, headers: { 'credence-origin': 'upstream' } }))
  expect((await credence.fetch('cred_1', '/x')).status).toBe(404)
  server.on(
    'ANY /v1/proxy/*',
    () => (response) => refuse(response, 409, 'CREDENTIAL_EXPIRED', { reconnect_url: 'http://localhost:7400/r/cred_1' }),
  )
  await expect(credence.fetch('cred_1', '/x')).rejects.toMatchObject({
    code: 'CREDENTIAL_EXPIRED',
    reconnectUrl: 'http://localhost:7400/r/cred_1',
  })
})

test('a redirect of the provider is given back and not followed', async () => {
  server.on('ANY /v1/proxy/*', () => ({
    status: 302,
    json: {},
    headers: { location: 'https://evil.example/', 'credence-origin': 'upstream' },
  }))
  const response = await credence.fetch('cred_1', '/x')
  expect([response.status, response.headers.get('location')]).toEqual([302, 'https://evil.example/'])
  expect(server.received).toHaveLength(1)
})

test('bodies stream both ways: the answer begins before the request has ended', async () => {
  const echo = createServer((request, response) => {
    response.writeHead(200, { 'credence-origin': 'upstream' })
    response.flushHeaders()
    request.pipe(response)
  })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const { port } = echo.address() as { port: number }
  const client = createCredence({ apiUrl: server.url, proxyUrl: `http://127.0.0.1:${port}`, key: KEY })
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const answer = client.fetch('cred_1', '/echo', { method: 'POST', body: readable })
  await writer.write(Buffer.from('one'))
  const reader = (await answer).body?.getReader()
  for (const text of ['one', 'two']) {
    if (text !== 'one') await writer.write(Buffer.from(text))
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(text)
  }
  await writer.close()
  expect((await reader?.read())?.done).toBe(true)
  await new Promise((resolve) => echo.close(resolve))
})

test.each(['tasks', '/../cred_2/x', '/a/../../../keys', '/%2e%2e/cred_2/x', '//..//../..'])(
  'the path %s cannot leave the credential',
  async (path) => {
    await expect((async () => credence.fetch('cred_1', path))()).rejects.toThrow(TypeError)
    expect(server.received).toEqual([])
  },
)

test('a proxy that is not there is UNAVAILABLE; the signal of the caller stays its own', async () => {
  const dead = createCredence({ apiUrl: server.url, proxyUrl: 'http://127.0.0.1:1', key: KEY })
  await expect(dead.fetch('cred_1', '/x')).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 0 })
  await expect(credence.fetch('cred_1', '/x', { signal: AbortSignal.abort(new RangeError('mine')) })).rejects.toThrow(RangeError)
  const withoutProxy = createCredence({ apiUrl: server.url, key: KEY })
  expect(() => withoutProxy.fetch('cred_1', '/x')).toThrow(TypeError)
})
