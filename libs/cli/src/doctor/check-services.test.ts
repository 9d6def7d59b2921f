import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { freePort } from '@credence/testkit'
import { afterEach, expect, test } from 'vitest'
import { checkAddresses, checkProbes, originOf } from './check-services.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const CANARY = 'canary-19ce'
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function listen(handler: RequestListener): Promise<URL> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

const telling =
  (status: number, body: string, date = 'Sat, 21 Nov 2026 10:00:00 GMT'): RequestListener =>
  (request, response) =>
    response.writeHead(request.url === '/readyz' ? status : 404, { date }).end(body)

const states = async (...places: URL[]): Promise<string[]> =>
  (await checkProbes(places, () => NOW)).map(({ check, state }) => `${check.includes('clock') ? 'clock' : 'service'} ${state}`)

test('a service that is ready is well, and so is its clock', async () => {
  expect(await states(await listen(telling(200, '{"ready":true}')))).toEqual(['service ok', 'clock ok'])
})

test('a service that is not ready has failed, with the code of what it misses', async () => {
  const [finding] = await checkProbes([await listen(telling(503, '{"ready":false,"code":"STORE_UNAVAILABLE"}'))], () => NOW)
  expect(finding).toMatchObject({ state: 'failed', says: 'is not ready: STORE_UNAVAILABLE' })
})

test('a service that does its work without the bus is a warning', async () => {
  const [finding] = await checkProbes([await listen(telling(200, '{"ready":true,"without":["BUS_UNAVAILABLE"]}'))], () => NOW)
  expect(finding).toMatchObject({ state: 'warning', says: 'is ready, but: BUS_UNAVAILABLE' })
})

test('a service that does not run has failed, and something else on its port is not taken for it', async () => {
  const nobody = new URL(`http://127.0.0.1:${await freePort()}`)
  const other = await listen(telling(200, '<html>'))
  const strange = await listen(telling(200, '{"status":"UP"}'))
  const findings = await checkProbes([nobody, other, strange], () => NOW)
  expect(findings.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed'])
  expect(findings[0]?.says).toContain('does not run')
  for (const finding of findings.slice(1)) expect(finding.says).toContain('Something else')
})

test('what another server says is not repeated', async () => {
  const place = await listen(telling(503, JSON.stringify({ ready: false, code: `\u001b[2J ${CANARY}` })))
  expect(JSON.stringify(await checkProbes([place], () => NOW))).not.toContain(CANARY)
})

test('a service whose clock differs by more than five seconds has failed', async () => {
  for (const date of ['Sat, 21 Nov 2026 09:59:53 GMT', 'Sat, 21 Nov 2026 10:00:07 GMT'])
    expect(await states(await listen(telling(200, '{"ready":true}', date)))).toEqual(['service ok', 'clock failed'])
})

test('each address of a role is tried, and one without anybody has failed', async () => {
  const { host } = await listen(telling(200, ''))
  const dead = `127.0.0.1:${await freePort()}`
  const findings = await checkAddresses({ vault: `${host}, ${dead}`, gateway: 'no-address' })
  expect(findings.map(({ check, state }) => [check, state])).toEqual([
    ['vault', 'ok'],
    ['vault', 'failed'],
    ['gateway', 'failed'],
  ])
  expect(findings[1]?.says).toContain(dead)
})

test('what is before the host of an address is dropped, and what is no address is refused without repeating it', () => {
  expect(originOf('--probe', `http://u:${CANARY}@vault:7420/readyz?${CANARY}`).href).toBe('http://vault:7420/')
  for (const text of ['vault:7420', `file:///${CANARY}`, CANARY])
    expect(() => originOf('--probe', text)).toThrow(
      expect.objectContaining({ code: 'INVALID_SETTING', message: expect.not.stringContaining(CANARY) }),
    )
})
