import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { busyPortsError, busyPortsOf, describeBusy, flagsOf } from './busy-ports.ts'

const SETTINGS = { publicPort: { name: 'PUBLIC_PORT', doc: '' }, dataPort: { name: 'DATA_PORT', doc: '' } }
const fault = (name: string) => ({ pointer: `/CREDENCE_${name}`, code: 'port_in_use', detail: '' })

test('a busy port is found by the setting that the refusal names', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const config = { settings: { home: '', host: '127.0.0.1', publicPort: 1, dataPort: port } }
  const busy = await busyPortsOf([fault('DATA_PORT'), fault('NO_SUCH_PORT')], config, SETTINGS)
  server.close()
  expect(busy).toHaveLength(1)
  expect(busy[0]).toMatchObject({ flag: '--data-port', port })
  expect(busy[0]?.free).not.toBe(port)
  if (process.platform === 'linux') expect(busy[0]?.holder?.pid).toBe(process.pid)
})

test('its holder is told shortly, or that it cannot be told', () => {
  const at = { flag: '--public-port', port: 7400, free: 40123 }
  expect(describeBusy({ ...at, holder: { pid: 4711, command: 'node server.js' } })).toBe('Port 7400 is held by node server.js (pid 4711).')
  expect(describeBusy({ ...at, holder: { pid: 1, command: 'x'.repeat(100) } })).toBe(`Port 7400 is held by ${'x'.repeat(60)}… (pid 1).`)
  expect(describeBusy({ ...at, holder: { pid: 1, command: 'a\u001b[2J\nb' } })).toBe('Port 7400 is held by a [2J b (pid 1).')
  expect(describeBusy({ ...at, holder: { pid: 1, command: '' } })).toBe('Port 7400 is held by a process (pid 1).')
  expect(describeBusy(at)).toMatch(/cannot be told/)
})

test('the refusal gives the whole line to start with', () => {
  const busy = [
    { flag: '--public-port', port: 7400, free: 40123 },
    { flag: '--data-port', port: 7402, free: 40124 },
  ]
  expect(flagsOf(busy)).toEqual(['--public-port', '40123', '--data-port', '40124'])
  const error = busyPortsError(busy)
  expect(error.message).toBe('Start with free ones: npm start -- --public-port 40123 --data-port 40124')
  expect(error.details.faults?.map(({ pointer }) => pointer)).toEqual(['/CREDENCE_PUBLIC_PORT', '/CREDENCE_DATA_PORT'])
})
