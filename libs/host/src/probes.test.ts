import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { CodedError } from '@credence/errors'
import { afterEach, expect, test } from 'vitest'
import { type Probes, startProbes } from './probes.ts'

const figures = { text: async () => 'credence_spills_open 3\n' }

const open: Probes[] = []
afterEach(async () => {
  for (const probes of open.splice(0)) await probes.close()
})

async function probesOf(ready: () => Promise<readonly string[]>, patienceMs?: number): Promise<Probes> {
  const probes = await startProbes({ host: '127.0.0.1', port: 0, ready, figures, ...(patienceMs === undefined ? {} : { patienceMs }) })
  open.push(probes)
  return probes
}

async function ask({ address }: Probes, path: string): Promise<[number, unknown]> {
  const response = await fetch(`${address}${path}`)
  return [response.status, await response.json()]
}

test('a process that answers is alive, whether it is ready or not', async () => {
  const probes = await probesOf(() => Promise.reject(new CodedError('STORE_UNAVAILABLE')))
  expect(await ask(probes, '/livez')).toEqual([200, { live: true }])
})

test('figures are given as Prometheus scrapes them, also while the service is not ready', async () => {
  const probes = await probesOf(() => Promise.reject(new CodedError('STORE_UNAVAILABLE')))
  const response = await fetch(`${probes.address}/metrics`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  expect(await response.text()).toBe('credence_spills_open 3\n')
})

test('a service that can do its work is ready, and one that cannot tells the code of what is missing', async () => {
  let missing: unknown
  const probes = await probesOf(async () => {
    if (missing !== undefined) throw missing
    return []
  })
  expect(await ask(probes, '/readyz')).toEqual([200, { ready: true }])
  missing = new CodedError('STORE_UNAVAILABLE', 'mongodb://user:canary@host')
  expect(await ask(probes, '/readyz')).toEqual([503, { ready: false, code: 'STORE_UNAVAILABLE' }])
  missing = new TypeError('canary')
  expect(await ask(probes, '/readyz')).toEqual([503, { ready: false, code: 'INTERNAL' }])
})

test('what a service does its work without is told beside that it is ready', async () => {
  const probes = await probesOf(async () => ['BUS_UNAVAILABLE'])
  expect(await ask(probes, '/readyz')).toEqual([200, { ready: true, without: ['BUS_UNAVAILABLE'] }])
})

test('a check that hangs is answered in its time, and a later one that does not is ready again', async () => {
  const hanging = Promise.withResolvers<readonly string[]>()
  let ready = (): Promise<readonly string[]> => hanging.promise
  const probes = await probesOf(() => ready(), 10)
  expect(await ask(probes, '/readyz')).toEqual([503, { ready: false, code: 'DEADLINE_EXCEEDED' }])
  ready = async () => []
  expect(await ask(probes, '/readyz')).toEqual([200, { ready: true }])
  // What comes of it later is nobody's: an unhandled rejection would end the process.
  hanging.reject(new TypeError('late'))
})

test('a service that drains is alive and not ready, however well it is', async () => {
  const probes = await probesOf(async () => [])
  probes.drain()
  expect(await ask(probes, '/readyz')).toEqual([503, { ready: false, code: 'DRAINING' }])
  expect(await ask(probes, '/livez')).toEqual([200, { live: true }])
})

test('nothing else is told there', async () => {
  const probes = await probesOf(async () => [])
  for (const path of ['/', '/readyz/../livez2']) expect((await ask(probes, path))[0]).toBe(404)
})

test('a port that is held is refused by its number', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as AddressInfo
  try {
    const ready = async (): Promise<readonly string[]> => []
    await expect(startProbes({ host: '127.0.0.1', port, ready, figures })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    })
  } finally {
    holder.close()
  }
})

test('a close does not wait for those who keep their connection open', async () => {
  const probes = await probesOf(async () => [])
  const socket = connect(Number(new URL(probes.address).port), '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const gone = new Promise((resolve) => socket.once('close', resolve).once('error', () => undefined))
  await probes.close()
  await gone
})
