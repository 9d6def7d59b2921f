import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { CodedError } from '@credence/errors'
import { systemRandom } from '@credence/service'
import { afterEach, describe, expect, test } from 'vitest'
import { createEgress, type Egress, type OutboundRequest, parseEgressSettings } from '../src/index.ts'
import { egressFor, type Loopback, mirror, outbound, StillClock, startPlain, startRaw, startTls, textOf } from './loopback.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

function opened<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing)
  return thing
}

async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ egress: Egress; to: Partial<OutboundRequest>; server: Loopback; clock: StillClock }> {
  const server = opened(await startRaw(onConnection))
  const clock = new StillClock()
  const origin = `http://127.0.0.1:${server.port}`
  return { egress: opened(egressFor(server, { clock })), to: { url: `${origin}/x`, hosts: [origin] }, server, clock }
}

async function facts(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CodedError)) throw error ?? new TypeError('nothing failed')
  return `${error.code} ${error.details.facts?.cause} ${error.details.facts?.sent}`
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'

describe('a failure says whether anything was sent', () => {
  test('no, when nobody listens', async () => {
    const { egress, to, server } = await rawServer(() => undefined)
    await server.close()
    expect(await facts(egress.send(outbound(to)))).toBe('UPSTREAM_UNREACHABLE connect no')
  })

  test('no, when the peer hangs up during the handshake', async () => {
    const server = opened(await startRaw((socket) => socket.destroy()))
    const settings = parseEgressSettings({ allow: `127.0.0.1:${server.port}` })
    const egress = opened(createEgress({ settings, clock: new StillClock(), random: systemRandom }))
    const origin = `https://127.0.0.1:${server.port}`
    expect(await facts(egress.send(outbound({ url: origin, hosts: [origin] })))).toBe('UPSTREAM_UNREACHABLE tls no')
  })

  test('yes, when the peer hangs up on the request, and it is not sent a second time', async () => {
    let requests = 0
    const { egress, to } = await rawServer((socket) => {
      socket.once('data', () => {
        requests++
        socket.destroy()
      })
    })
    for (const method of ['GET', 'POST'])
      expect(await facts(egress.send(outbound({ ...to, method })))).toBe('UPSTREAM_UNREACHABLE reset yes')
    expect(requests).toBe(2)
  })

  test('yes, when the answer is not HTTP', async () => {
    const { egress, to } = await rawServer((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n\r\n')))
    expect(await facts(egress.send(outbound(to)))).toBe('UPSTREAM_UNREACHABLE protocol yes')
  })

  test('no, while a streamed body has not given its first chunk', async () => {
    const { egress, to, clock } = await rawServer(() => undefined)
    const sending = facts(egress.send(outbound({ ...to, method: 'POST', body: new Readable({ read: () => undefined }) })))
    await clock.advance(0)
    await clock.advance(60_000)
    expect(await sending).toBe('UPSTREAM_TIMEOUT connect no')
  })

  test('yes, when the body breaks off half way', async () => {
    const { egress, to } = await rawServer(() => undefined)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new TypeError('the agent went away')
    }
    expect(await facts(egress.send(outbound({ ...to, method: 'POST', body: broken() })))).toBe('INVALID_REQUEST body yes')
    const own = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new CodedError('REQUEST_TOO_LARGE')
    }
    expect(await facts(egress.send(outbound({ ...to, method: 'POST', body: own() })))).toBe('REQUEST_TOO_LARGE undefined yes')
  })

  test('yes, and the body that is longer than announced is not written beyond it', async () => {
    const seen: string[] = []
    const { egress, to } = await rawServer((socket) => socket.on('data', (chunk) => seen.push(String(chunk))))
    const body = Readable.from([Buffer.from('abc'), Buffer.from('GET /smuggled HTTP/1.1\r\n\r\n')])
    expect(await facts(egress.send(outbound({ ...to, method: 'POST', body, contentLength: 5 })))).toBe('INVALID_REQUEST undefined yes')
    expect(seen.join('')).not.toContain('smuggled')
  })

  test('no, for a request that was refused before it was dispatched', async () => {
    const { egress, to } = await rawServer(() => undefined)
    expect(await facts(egress.send(outbound({ ...to, method: 'CONNECT' })))).toBe('INVALID_REQUEST undefined no')
    const aborted = AbortSignal.abort()
    expect(await facts(egress.send(outbound({ ...to, signal: aborted })))).toBe('DEADLINE_EXCEEDED aborted no')
    const url = `${to.url}?${'x'.repeat(70_000)}`
    expect(await facts(egress.send(outbound({ ...to, url })))).toBe('REQUEST_TOO_LARGE undefined no')
  })
})

describe('time', () => {
  test('runs out for a head that does not come', async () => {
    const { egress, to, clock, server } = await rawServer(() => undefined)
    const sending = facts(egress.send(outbound({ ...to, headersTimeoutMs: 5_000 })))
    while (server.connections() === 0) await clock.advance(0)
    await clock.advance(4_999)
    await clock.advance(1)
    expect(await sending).toBe('UPSTREAM_TIMEOUT headers yes')
  })

  test('runs out between two chunks of an answer, not while they come', async () => {
    let peer: Socket | undefined
    const { egress, to, clock } = await rawServer((socket) => {
      peer = socket
      socket.once('data', () => socket.write(HEAD))
    })
    const { body } = await egress.send(outbound({ ...to, idleTimeoutMs: 1_000 }))
    for (let i = 0; i < 3; i++) {
      await clock.advance(900)
      peer?.write('x')
      await once(body, 'data')
    }
    const failed = once(body, 'error')
    await clock.advance(1_000)
    const [error] = await failed
    expect(await facts(Promise.reject(error))).toBe('UPSTREAM_TIMEOUT idle yes')
  })

  test('runs out for the whole call, however busy it is', async () => {
    let peer: Socket | undefined
    const { egress, to, clock } = await rawServer((socket) => {
      peer = socket
      socket.once('data', () => socket.write(HEAD))
    })
    const { body } = await egress.send(outbound({ ...to, deadlineMs: 2_000 }))
    await clock.advance(1_999)
    peer?.write('x')
    await once(body, 'data')
    const failed = once(body, 'error')
    await clock.advance(1)
    expect(await facts(Promise.reject((await failed)[0]))).toMatch(/^UPSTREAM_TIMEOUT \w+ yes$/)
  })

  test('does not run out for an answer that has arrived while the process stood still', async () => {
    const { egress, to, clock } = await rawServer((socket) => {
      socket.once('data', () => {
        socket.write(`${HEAD}0123456789`)
        // The timer is due in the next turn of the loop, before anybody reads: as after a SIGSTOP.
        setTimeout(() => void clock.advance(2_000), 1)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      })
    })
    expect(await textOf(await egress.send(outbound({ ...to, deadlineMs: 2_000 })))).toBe('0123456789')
  })

  test('runs out for a handshake that is never answered', async () => {
    const server = opened(await startRaw(() => undefined))
    const clock = new StillClock()
    const settings = parseEgressSettings({ allow: `127.0.0.1:${server.port}` })
    const egress = opened(createEgress({ settings, clock, random: systemRandom }))
    const origin = `https://127.0.0.1:${server.port}`
    const sending = facts(egress.send(outbound({ url: origin, hosts: [origin] })))
    while (server.connections() === 0) await clock.advance(0)
    await clock.advance(10_000)
    expect(await sending).toBe('UPSTREAM_TIMEOUT connect no')
  })
})

describe('an answer', () => {
  test('that breaks off fails its body', async () => {
    const { egress, to } = await rawServer((socket) => socket.once('data', () => socket.end(`${HEAD}short`)))
    expect(await facts(egress.send(outbound(to)).then(textOf))).toMatch(/^UPSTREAM_UNREACHABLE (reset|protocol) yes$/)
  })

  test('longer than the call may read fails its body', async () => {
    const server = opened(await startTls((_, response) => response.end(Buffer.alloc(100_000))))
    const egress = opened(egressFor(server))
    expect(await facts(egress.send(outbound({ maxResponseBytes: 99_999 })).then(textOf))).toBe('UPSTREAM_BOMB size yes')
    expect((await textOf(await egress.send(outbound({ maxResponseBytes: 100_000 })))).length).toBe(100_000)
  })

  test('that nobody reads is not collected in memory', async () => {
    const size = 64 * 1024 * 1024
    let written = 0
    const server = opened(
      await startPlain(async (_, response) => {
        const chunk = Buffer.alloc(256 * 1024)
        for (; written < size; written += chunk.length) if (!response.write(chunk)) await once(response, 'drain')
        response.end()
      }),
    )
    const egress = opened(egressFor(server))
    const origin = `http://127.0.0.1:${server.port}`
    const { body } = await egress.send(outbound({ url: origin, hosts: [origin] }))
    for (let still = 0, before = -1; still < 300 && written < size; before = written) {
      await new Promise((resolve) => setImmediate(resolve))
      still = written === before ? still + 1 : 0
    }
    expect(written).toBeLessThan(size / 2)
    let read = 0
    for await (const chunk of body) read += (chunk as Buffer).length
    expect(read).toBe(size)
  })

  test('whose head comes twice or never ends is refused', async () => {
    const endless = `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`
    const { egress, to } = await rawServer((socket) => socket.once('data', () => socket.write(endless)))
    expect(await facts(egress.send(outbound(to)))).toBe('UPSTREAM_UNREACHABLE protocol yes')
    const split = await rawServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab')),
    )
    expect(await facts(split.egress.send(outbound(split.to)))).toBe('UPSTREAM_UNREACHABLE protocol yes')
  })
})

describe('callers that go away', () => {
  test('leave no connection occupied: downloads given up ten times the pool size, then one that is whole', async () => {
    const paths: (string | undefined)[] = []
    let running = 0
    const server = opened(
      await startPlain((request, response) => {
        paths.push(request.url)
        if (request.url === '/whole') return mirror(request, response)
        running++
        response.on('close', () => running--)
        response.write(Buffer.alloc(1_000))
      }),
    )
    const egress = opened(egressFor(server))
    const origin = `http://127.0.0.1:${server.port}`
    const giveUp = async (i: number): Promise<void> => {
      const controller = new AbortController()
      const { body } = await egress.send(outbound({ url: origin, hosts: [origin], signal: controller.signal }))
      await once(body, 'data')
      if (i % 2 === 0) body.destroy()
      else controller.abort()
    }
    await Promise.all(Array.from({ length: 640 }, (_, i) => giveUp(i)))
    const whole = await egress.send(outbound({ url: `${origin}/whole`, hosts: [origin] }))
    expect(JSON.parse(await textOf(whole)).path).toBe('/whole')
    expect(paths).toHaveLength(641)
    while (running > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('while they wait for a connection are forgotten and cost none', async () => {
    const release: (() => void)[] = []
    const paths: (string | undefined)[] = []
    const server = opened(
      await startTls((request, response) => {
        paths.push(request.url)
        release.push(() => mirror(request, response))
      }),
    )
    const egress = opened(egressFor(server))
    const busy = Array.from({ length: 64 }, () => egress.send(outbound()).then(textOf))
    while (release.length < 64) await new Promise((resolve) => setImmediate(resolve))
    const controller = new AbortController()
    const waiting = facts(egress.send(outbound({ url: 'https://api.example.test/given-up', signal: controller.signal })))
    controller.abort(new CodedError('CREDENTIAL_DISABLED'))
    expect(await waiting).toBe('CREDENTIAL_DISABLED undefined no')
    const last = egress.send(outbound({ url: 'https://api.example.test/last' })).then(textOf)
    for (const go of release.splice(0)) go()
    await Promise.all(busy)
    while (release.length === 0) await new Promise((resolve) => setImmediate(resolve))
    for (const go of release.splice(0)) go()
    await last
    expect(paths).not.toContain('/given-up')
    const again = Array.from({ length: 64 }, () => egress.send(outbound()).then(textOf))
    while (release.length < 64) await new Promise((resolve) => setImmediate(resolve))
    for (const go of release.splice(0)) go()
    await Promise.all(again)
    expect(server.connections()).toBe(64)
  })

  test('are cut off when the door is closed', async () => {
    const server = opened(await startTls((_, response) => response.write('x')))
    const egress = opened(egressFor(server))
    const { body } = await egress.send(outbound())
    const failed = once(body, 'error')
    await egress.close()
    expect(await facts(Promise.reject((await failed)[0]))).toBe('UNAVAILABLE closed yes')
  })
})
