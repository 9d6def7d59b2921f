import type { Socket } from 'node:net'
import { isCoded } from '@credence/errors'
import { systemClock, systemRandom } from '@credence/service'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress, type Egress, newPlaceholder, type OutboundRequest, parseEgressSettings } from '../src/index.ts'
import { type Loopback, outbound, startRaw, textOf } from './loopback.ts'

/** Shows what arrived on each connection, byte for byte, and answers after each empty line. */
let arrived = ''
let server: Loopback
let egress: Egress
let origin: string

beforeAll(async () => {
  server = await startRaw((socket: Socket) => {
    socket.on('data', (chunk: Buffer) => {
      arrived += chunk.toString('latin1')
      if (arrived.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 204 No Content\r\n\r\n')
    })
  })
  origin = `http://127.0.0.1:${server.port}`
  const settings = parseEgressSettings({ allow: `127.0.0.1:${server.port}` })
  egress = createEgress({ settings, clock: systemClock, random: systemRandom })
})

afterAll(async () => {
  await egress.close()
  await server.close()
})

async function sent(changes: Partial<OutboundRequest>): Promise<string[] | 'refused'> {
  arrived = ''
  try {
    await textOf(await egress.send(outbound({ url: `${origin}/p`, hosts: [origin], ...changes })))
    return arrived.split('\r\n')
  } catch (error) {
    if (!['INVALID_REQUEST', 'HOST_REFUSED', 'FIELD_REFUSED'].some((code) => isCoded(error) && error.code === code)) throw error
    expect(arrived).toBe('')
    return 'refused'
  }
}

const SET_HERE = [
  'Host',
  'Content-Length',
  'transfer-encoding',
  'TE',
  'Trailer',
  'Connection',
  'Keep-Alive',
  'Upgrade',
  'Expect',
  'HTTP2-Settings',
]

describe('a caller cannot make one request look like two', () => {
  test.each([...SET_HERE, 'Proxy-Authorization', 'proxy-connection', 'Proxy-X', 'credence-flight'])(
    '[B-3] by the header %s',
    async (name) => {
      expect(await sent({ headers: [[name, 'chunked']] })).toBe('refused')
    },
  )

  const NAMES = ['', ' ', 'a b', 'a:', 'a\r\nb', 'Content-Length ', 'content-length\t', '\u0000', 'é', 'a(b)', 'Transfer-Encoding\u000b']
  test.each(NAMES)('[B-3] by the header name %j', async (name) => {
    expect(await sent({ headers: [[name, '1']] })).toBe('refused')
  })

  const VALUES = [
    'a\r\nX-Injected: 1',
    'a\nb',
    'a\rb',
    'a\u0000b',
    'a\u007fb',
    'č',
    '\u010d\u010a',
    'a\r\n\r\nGET /other HTTP/1.1',
    '\u{1f600}',
    'a\u000bb',
  ]
  test.each(VALUES)('[B-3] by the header value %j', async (value) => {
    expect(await sent({ headers: [['x-a', value]] })).toBe('refused')
  })

  const METHODS = [
    '',
    'GET /other HTTP/1.1\r\n\r\nGET',
    'GET ',
    'G\tT',
    'CONNECT',
    'connect',
    'TRACE',
    'Trace',
    'PRI',
    'G'.repeat(40),
    'GÉT',
  ]
  test.each(METHODS)('[B-3] by the method %j', async (method) => {
    expect(await sent({ method })).toBe('refused')
  })

  const PATHS = ['/a b', '/a\r\nX: 1', '/a\u0000', '/a\u00a0b', '/ HTTP/1.1', '/a#b']
  test.each(PATHS)('[B-3] by the path %j', async (path) => {
    expect(await sent({ url: `${origin}${path}` })).toBe('refused')
  })

  test('[B-3] by a secret with a line end, or one that ends the request line', async () => {
    const placeholder = newPlaceholder(systemRandom)
    for (const text of ['a\r\nX-Injected: 1', 'a\nb', 'a\u0000']) {
      expect(await sent({ headers: [['x-key', placeholder]], secrets: [{ placeholder, bytes: Buffer.from(text) }] })).toBe('refused')
    }
    for (const text of ['a b', 'a#b', 'a\r\nb', 'é']) {
      expect(await sent({ url: `${origin}/?k=${placeholder}`, secrets: [{ placeholder, bytes: Buffer.from(text) }] })).toBe('refused')
    }
    expect(await sent({ headers: [['x-key', placeholder]], secrets: [{ placeholder, bytes: Buffer.from('é\t~ !') }] })).toContain(
      'x-key: Ã©\t~ !',
    )
  })

  test('[B-3] by a placeholder that stands for nothing, or stands where none can', async () => {
    const placeholder = newPlaceholder(systemRandom)
    const secrets = [{ placeholder, bytes: Buffer.from('secret') }]
    expect(await sent({ headers: [['x-key', placeholder]] })).toBe('refused')
    expect(await sent({ headers: [['x-key', newPlaceholder(systemRandom)]], secrets })).toBe('refused')
    expect(await sent({ headers: [[placeholder, 'x']], secrets })).toBe('refused')
    expect(await sent({ method: placeholder, secrets })).toBe('refused')
    expect(await sent({ url: `http://${placeholder}.test/`, hosts: [`http://${placeholder}.test`], secrets })).toBe('refused')
  })

  test('[B-3] 2,000 odd headers arrive as one request with exactly these lines, or not at all', async () => {
    const token = fc.string({ unit: fc.constantFrom(...'aZ09-_!#', ' ', ':', '\r', '\n', '\t', '\u0000', 'é'), minLength: 1, maxLength: 6 })
    const value = fc.string({ unit: fc.constantFrom(...'aZ09 ,;:="', '\r', '\n', '\t', '\u0000', 'é', 'č', '\u007f'), maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(token, value), { maxLength: 3 }), async (headers) => {
        const lines = await sent({ headers: headers.map(([name, text]) => [`x${name}`, text]) })
        if (lines === 'refused') return true
        const own = ['GET /p HTTP/1.1', `host: 127.0.0.1:${server.port}`, 'connection: keep-alive']
        return JSON.stringify(lines) === JSON.stringify([...own, ...headers.map(([name, text]) => `x${name}: ${text}`), '', ''])
      }),
      { numRuns: 2_000 },
    )
  })
})
