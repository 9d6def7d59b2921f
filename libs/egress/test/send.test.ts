import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { CodedError } from '@credence/errors'
import { systemRandom } from '@credence/service'
import { afterEach, describe, expect, test } from 'vitest'
import { type Egress, newPlaceholder } from '../src/index.ts'
import { egressFor, type Loopback, mirror, outbound, startPlain, startTls, textOf } from './loopback.ts'

const open: { close(): Promise<void> }[] = []

function opened<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing)
  return thing
}

async function tlsPair(handler = mirror): Promise<{ server: Loopback; egress: Egress }> {
  const server = opened(await startTls(handler))
  return { server, egress: opened(egressFor(server)) }
}

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

describe('send', () => {
  test('reaches the mapped address under its own name, with Host, SNI and certificate unchanged', async () => {
    const { egress, server } = await tlsPair()
    const response = await egress.send(outbound({ url: 'https://api.example.test/v1/things?a=1' }))
    const seen = JSON.parse(await textOf(response))
    expect(response.status).toBe(200)
    expect(response.remoteAddress).toBe('127.0.0.1')
    expect(seen).toMatchObject({ method: 'GET', path: '/v1/things?a=1', headers: { host: 'api.example.test' } })
    expect(seen.headers).not.toHaveProperty('credence-flight')
    expect(server.connections()).toBe(1)
  })

  test('[S2-17] puts the secret into header and query only at the socket', async () => {
    const { egress } = await tlsPair()
    const [first, second] = [newPlaceholder(systemRandom), newPlaceholder(systemRandom)]
    const response = await egress.send(
      outbound({
        url: `https://api.example.test/v1/things?key=${second}&z=1`,
        headers: [
          ['Authorization', `Bearer ${first}`],
          ['X-Twice', `${first}/${second}`],
        ],
        secrets: [
          { placeholder: first, bytes: Buffer.from('secret-one') },
          { placeholder: second, bytes: Buffer.from('secret%2Ftwo') },
        ],
      }),
    )
    const seen = JSON.parse(await textOf(response))
    expect(seen.path).toBe('/v1/things?key=secret%2Ftwo&z=1')
    expect(seen.headers).toMatchObject({ authorization: 'Bearer secret-one', 'x-twice': 'secret-one/secret%2Ftwo' })
  })

  test('sends bodies of every kind unchanged', async () => {
    const { egress } = await tlsPair()
    const big = Buffer.alloc(700_000, 'x')
    const stream = (): AsyncIterable<Uint8Array> => Readable.from([Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')])
    const cases = [
      { body: Buffer.from('plain'), expected: 'plain', header: ['content-length', '5'] },
      { body: big, expected: big.toString(), header: ['content-length', '700000'] },
      { body: stream(), expected: 'onetwo', header: ['transfer-encoding', 'chunked'] },
      { body: stream(), contentLength: 6, expected: 'onetwo', header: ['content-length', '6'] },
      { body: new Uint8Array(), expected: '', header: ['content-length', '0'] },
    ]
    for (const { expected, header, ...changes } of cases) {
      const seen = JSON.parse(await textOf(await egress.send(outbound({ method: 'POST', ...changes }))))
      expect(seen.body).toBe(expected)
      expect(seen.headers[header[0] ?? '']).toBe(header[1])
    }
  })

  test('swaps a secret into the head of a streamed request', async () => {
    const { egress } = await tlsPair()
    const placeholder = newPlaceholder(systemRandom)
    const secrets = [{ placeholder, bytes: Buffer.from('s3cr3t') }]
    const body = Readable.from([Buffer.from('a'), Buffer.from('b')])
    const seen = JSON.parse(await textOf(await egress.send(outbound({ method: 'POST', headers: [['x-key', placeholder]], secrets, body }))))
    expect(seen).toMatchObject({ body: 'ab', headers: { 'x-key': 's3cr3t' } })
  })

  test('reuses a connection within a project and never across two', async () => {
    const { egress, server } = await tlsPair()
    const call = async (project: string): Promise<void> => {
      await textOf(await egress.send(outbound({ project })))
      // The dispatcher waits one turn of the loop before it trusts a connection again.
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (let i = 0; i < 5; i++) await call('proj_a')
    expect(server.connections()).toBe(1)
    await call('proj_b')
    expect(server.connections()).toBe(2)
  })

  test('hands a redirect back and does not follow it', async () => {
    let calls = 0
    const { egress } = await tlsPair((_, response) => {
      calls++
      response.writeHead(307, { location: 'https://api.example.test/elsewhere', 'set-cookie': ['a=1', 'b=2'] }).end()
    })
    const response = await egress.send(outbound())
    await textOf(response)
    expect(response.status).toBe(307)
    expect(response.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)).toEqual(['a=1', 'b=2'])
    await textOf(await egress.send(outbound()))
    expect(calls).toBe(2)
  })

  test('gives the answer raw, without headers of the connection', async () => {
    const { egress } = await tlsPair((_, response) => {
      response
        .writeHead(200, { Connection: 'keep-alive, X-Hop', 'X-Hop': '1', 'X-Kept': 'é', 'Content-Encoding': 'gzip' })
        .end('not unpacked')
    })
    const response = await egress.send(outbound())
    const names = response.headers.map(([name]) => name.toLowerCase())
    expect(names).toContain('content-encoding')
    for (const hop of ['connection', 'keep-alive', 'transfer-encoding', 'x-hop']) expect(names).not.toContain(hop)
    expect(await textOf(response)).toBe('not unpacked')
  })

  test('lets the first bytes through before the last have come', async () => {
    let finish = (): void => undefined
    const { egress } = await tlsPair((_, response) => {
      response.write('first')
      finish = () => response.end('last')
    })
    const { body } = await egress.send(outbound())
    const [first] = await once(body, 'data')
    expect(String(first)).toBe('first')
    finish()
    await once(body, 'end')
  })

  test('takes information responses for what they are', async () => {
    const { egress } = await tlsPair((_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('ok'))
    })
    const response = await egress.send(outbound())
    expect(response.status).toBe(200)
    expect(await textOf(response)).toBe('ok')
  })

  test('calls plain http only where the operator listed the address', async () => {
    const server = opened(await startPlain(mirror))
    const egress = opened(egressFor(server))
    const request = outbound({ url: `http://127.0.0.1:${server.port}/x`, hosts: [`http://127.0.0.1:${server.port}`] })
    expect(JSON.parse(await textOf(await egress.send(request))).path).toBe('/x')
  })

  test('refuses everything once it is closed', async () => {
    const { egress } = await tlsPair()
    await egress.close()
    await expect(egress.send(outbound())).rejects.toMatchObject({ code: 'UNAVAILABLE', details: { facts: { sent: 'no' } } })
  })
})

describe('beforeWrite', () => {
  test('runs in the call stack of the first write, with the connection already encrypted', async () => {
    const writes: string[] = []
    const server = opened(await startTls(mirror))
    const egress = opened(egressFor(server))
    await textOf(await egress.send(outbound()))
    await textOf(await egress.send(outbound({ beforeWrite: () => writes.push(new Error().stack ?? '') })))
    expect(writes).toHaveLength(1)
    expect(writes[0]).toContain('guarded')
  })

  test('[B-3] stops the request: not a byte of it arrives and its own error comes back', async () => {
    const paths: (string | undefined)[] = []
    const { egress } = await tlsPair((request, response) => {
      paths.push(request.url)
      mirror(request, response)
    })
    const stop = new CodedError('CREDENTIAL_DISABLED')
    const beforeWrite = (): void => {
      throw stop
    }
    for (const body of [undefined, Buffer.from('x'), Readable.from([Buffer.from('x')])]) {
      await expect(egress.send(outbound({ method: 'POST', beforeWrite, ...(body ? { body } : {}) }))).rejects.toBe(stop)
    }
    await textOf(await egress.send(outbound({ url: 'https://api.example.test/after' })))
    expect(paths).toEqual(['/after'])
  })
})

describe('a swapped head', () => {
  test('is zeroed once the socket has let go of it', async () => {
    const server = opened(await startPlain(mirror))
    const heads: Buffer[] = []
    const seen: string[] = []
    const { systemConnect } = await import('../src/connector.ts')
    const recording = (socket: Socket): Socket => {
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
      socket.write = ((chunk: unknown, ...rest: unknown[]) => {
        if (Buffer.isBuffer(chunk)) {
          heads.push(chunk)
          seen.push(chunk.toString('latin1'))
        }
        return write(chunk, ...rest)
      }) as Socket['write']
      return socket
    }
    const egress = opened(egressFor(server, { connect: (to) => recording(systemConnect(to)) }))
    const origin = `http://127.0.0.1:${server.port}`
    const placeholder = newPlaceholder(systemRandom)
    for (let i = 0; i < 5; i++) {
      const bytes = Buffer.from(`canary-${i}-7f3a`)
      const headers = [['x-key', placeholder]] as const
      const request = outbound({ url: origin, hosts: [origin], headers, secrets: [{ placeholder, bytes }] })
      expect(JSON.parse(await textOf(await egress.send(request))).headers['x-key']).toBe(`canary-${i}-7f3a`)
    }
    expect(seen.filter((text) => text.includes('canary-'))).toHaveLength(5)
    expect(heads).toHaveLength(5)
    for (const head of heads) expect(new Uint8Array(head.buffer).every((byte) => byte === 0)).toBe(true)
  })
})
