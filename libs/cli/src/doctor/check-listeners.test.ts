import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCredence } from '@credence/sdk'
import { afterEach, expect, test } from 'vitest'
import { checkKey, checkListeners } from './check-listeners.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const admin =
  (date: string): RequestListener =>
  (request, response) => {
    response.writeHead(request.url === '/openapi.json' ? 200 : 404, { date }).end('{}')
  }
const proxy: RequestListener = (_, response) => response.writeHead(404, { 'credence-origin': 'credence' }).end()
const other: RequestListener = (_, response) => response.writeHead(404).end()

const states = async (...args: Parameters<typeof checkListeners>): Promise<string[]> =>
  (await checkListeners(...args)).map(({ check, state }) => `${check}: ${state}`)

test('listeners that answer with their own face are well', async () => {
  const apiUrl = await listen(admin('Sat, 21 Nov 2026 09:59:57 GMT'))
  const proxyUrl = await listen(proxy)
  expect(await states({ apiUrl, proxyUrl, publicUrl: apiUrl }, () => NOW)).toEqual([
    'admin listener: ok',
    'clock: ok',
    'public listener: ok',
    'data listener: ok',
  ])
})

test('another server on the port of the proxy has failed, and so has nobody', async () => {
  const apiUrl = await listen(other)
  const [adminFinding, , , data] = await checkListeners({ apiUrl, proxyUrl: apiUrl }, () => NOW)
  expect(adminFinding).toMatchObject({ state: 'failed', says: expect.stringContaining('answers 404') })
  expect(data).toMatchObject({ state: 'failed', says: expect.stringContaining('something else') })
  const dead = await checkListeners({ apiUrl: 'http://127.0.0.1:9', publicUrl: 'http://127.0.0.1:9' }, () => NOW)
  expect(dead.map(({ state }) => state)).toEqual(['failed', 'warning', 'failed', 'warning'])
})

test.each(['Sat, 21 Nov 2026 09:59:53 GMT', 'Sat, 21 Nov 2026 10:00:07 GMT'])(
  'a clock that differs by more than five seconds has failed: %s',
  async (date) => {
    const apiUrl = await listen(admin(date))
    expect(await states({ apiUrl }, () => NOW)).toContain('clock: failed')
  },
)

test('a key that is refused has failed, one that may not ask is known all the same', async () => {
  const refusing =
    (status: number, code: string): RequestListener =>
    (_, response) =>
      response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ code, detail: 'No.' }))
  for (const [status, code, state] of [
    [401, 'UNAUTHENTICATED', 'failed'],
    [403, 'SCOPE_REQUIRED', 'ok'],
  ] as const) {
    const apiUrl = await listen(refusing(status, code))
    const [rest, grpc] = await checkKey(createCredence({ apiUrl, key: 'crd_x' }), { apiUrl })
    expect([rest?.state, grpc?.state]).toEqual([state, 'warning'])
  }
})

test('an API listener without a platform behind it has failed', async () => {
  const apiUrl = await listen(admin(''))
  const [, grpc] = await checkKey(createCredence({ apiUrl, key: 'crd_x', grpc: '127.0.0.1:9' }), { apiUrl, grpc: '127.0.0.1:9' })
  expect(grpc).toMatchObject({ check: 'API gRPC listener', state: 'failed' })
})
