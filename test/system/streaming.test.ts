import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { overTcp, type Raw, type RawOptions, rawCallOf } from '../support/raw-call.ts'
import { fields, provide, refusalOf, type Scene, startScene, USER } from '../support/scene.ts'

const SECRET = 'canary-stream-5b71f0c3'
const KEY = 'canary/query key+61'
let scene: Scene
/** Calls the mock API, and the site of this test whose answers are under its control. */
let id = ''
let own = ''
let byQuery = ''

/** Opens when told to: lets a test decide when an answer goes on. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

let go = gate()
const arrived: {
  chunks: string[]
  uploads: IncomingMessage[]
  requests: { headers: IncomingHttpHeaders; raw: readonly string[]; url: string; port: number }[]
  closed: number
} = {
  chunks: [],
  uploads: [],
  requests: [],
  closed: 0,
}
const UNPACKED_MEMBER = 16 << 20
const member = gzipSync(Buffer.alloc(UNPACKED_MEMBER))

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
const ANSWERS: Readonly<Record<string, Answer>> = {
  async events(_request, response) {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n')
    await go.opened
    response.end('data: last\n\n')
  },
  async upload(request, response) {
    arrived.uploads.push(request)
    for await (const chunk of request as AsyncIterable<Buffer>) arrived.chunks.push(chunk.toString())
    response.end(JSON.stringify({ te: request.headers['transfer-encoding'] ?? '', length: request.headers['content-length'] ?? '' }))
  },
  mirror(request, response) {
    const { 'content-type': type = 'application/octet-stream', 'content-length': length } = request.headers
    response.writeHead(200, { 'content-type': type, ...(length === undefined ? {} : { 'content-length': length }) })
    request.pipe(response)
  },
  hop(_request, response) {
    response.writeHead(200, [
      ...['Connection', 'X-Hop, keep-alive', 'X-Hop', 'of-the-connection', 'Keep-Alive', 'timeout=5', 'Proxy-Authenticate', 'Basic'],
      ...['Credence-Origin', 'credence', 'Credence-Replayed', 'true', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Kept', 'yes'],
    ])
    response.end('hop')
  },
  nothing(_request, response) {
    response.writeHead(204, { 'x-kept': 'yes', 'content-encoding': 'gzip' }).end()
  },
  unchanged(_request, response) {
    response.writeHead(304, { etag: '"v1"', 'content-encoding': 'br' }).end()
  },
  sized(_request, response) {
    response.writeHead(200, { 'content-length': '1234', 'content-encoding': 'gzip' }).end()
  },
  away(request, response) {
    response
      .writeHead(302, { location: `https://elsewhere.example/next?from=${encodeURIComponent(request.url ?? '')}&raw=${request.url}` })
      .end()
  },
  cutchunked(_request, response) {
    response.writeHead(200, { 'content-type': 'text/plain' }).write('x'.repeat(5000), () => response.destroy())
  },
  cutgzip(_request, response) {
    const packed = gzipSync(randomBytes(50_000))
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length })
    response.write(packed.subarray(0, 30_000), () => response.destroy())
  },
  async gigabyte(_request, response) {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    await pipeline(Readable.from(Array.from({ length: 64 }, () => member)), response)
  },
}

const site = createServer((request, response) => {
  const url = request.url ?? ''
  arrived.requests.push({ headers: request.headers, raw: request.rawHeaders, url, port: request.socket.remotePort ?? 0 })
  response.once('close', () => {
    arrived.closed += 1
  })
  const name = url.slice(1).split('?')[0] ?? ''
  const answer = Object.hasOwn(ANSWERS, name) ? ANSWERS[name] : undefined
  if (answer === undefined) return void response.end('plain')
  Promise.resolve(answer(request, response)).catch(() => response.destroy())
})

beforeAll(async () => {
  scene = await startScene({ sites: { 'own.wire.example': site } })
  const bearer = await provide(scene, { type: 'BEARER', fields: fields('token*') })
  id = (await scene.ann.credentials.create({ providerId: bearer.id, fields: { token: SECRET } })).id
  const mine = await provide(scene, { type: 'BEARER', fields: fields('token*') }, { proxy_url: 'https://own.wire.example' })
  own = (await scene.ann.credentials.create({ providerId: mine.id, fields: { token: SECRET } })).id
  const query = await provide(
    scene,
    { type: 'API_KEY', fields: fields('api_key*'), auth_query_key: 'key' },
    { proxy_url: 'https://own.wire.example' },
  )
  byQuery = (await scene.ann.credentials.create({ providerId: query.id, fields: { api_key: KEY } })).id
}, 120_000)
afterAll(() => scene.close())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer())
const lastArrived = (): (typeof arrived.requests)[number] => {
  const last = arrived.requests.at(-1)
  if (last === undefined) throw new TypeError('nothing arrived')
  return last
}

const rawCall = (credential: string, path: string, options: RawOptions = {}): Promise<Raw> =>
  rawCallOf(scene, { credential, path, ...options })

describe('bodies', () => {
  test('[S2-18] binary goes up and comes back byte for byte, with its length and without', async () => {
    const bytes = randomBytes(8 << 20)
    const said = await scene.ann.fetch(own, '/mirror', { method: 'POST', body: bytes })
    expect(said.headers.get('content-length')).toBe(String(bytes.length))
    expect(sha256(await bytesOf(said))).toBe(sha256(bytes))
    expect(lastArrived().headers['content-length']).toBe(String(bytes.length))
    const piece = randomBytes(256 << 10)
    const body = ReadableStream.from(Array.from({ length: 8 }, () => new Uint8Array(piece)))
    const streamed = await scene.ann.fetch(own, '/mirror', { method: 'POST', body })
    expect(sha256(await bytesOf(streamed))).toBe(sha256(Buffer.concat(Array.from({ length: 8 }, () => piece))))
    expect(lastArrived().headers['transfer-encoding']).toBe('chunked')
  })

  test('[S2-18] the mock API counts the same bytes that were sent, and a large answer arrives whole', async () => {
    const bytes = randomBytes(3 << 20)
    await scene.ann.fetch(id, '/echo-not', { method: 'PUT', body: bytes, headers: { 'content-type': 'image/png' } }).then(bytesOf)
    expect(scene.api.requests.at(-1)).toMatchObject({ method: 'PUT', bodyBytes: bytes.length, bodySha256: sha256(bytes) })
    const big = await bytesOf(await scene.ann.fetch(id, `/big?bytes=${5 << 20}`))
    expect([big.length, big[65_537], big.at(-1)]).toEqual([5 << 20, 1, 255])
  })

  test('[S2-18] multipart parts arrive as they were, names and bytes', async () => {
    const form = new FormData()
    const file = randomBytes(50_000)
    form.set('note', 'grüße')
    form.set('file', new Blob([file]), 'a.bin')
    const answer = await scene.ann.fetch(id, '/multipart', { method: 'POST', body: form })
    expect(await answer.json()).toEqual({
      parts: [
        { name: 'note', bytes: 7 },
        { name: 'file', filename: 'a.bin', bytes: file.length },
      ],
    })
  })

  test('[S2-18] an upload without a length reaches the API piece by piece, not at its end', async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        controller = stream
      },
    })
    arrived.chunks.length = 0
    const answering = scene.ann.fetch(own, '/upload', { method: 'POST', body })
    controller?.enqueue(new TextEncoder().encode('one'))
    await expect.poll(() => arrived.chunks.join(''), { timeout: 15_000 }).toBe('one')
    controller?.enqueue(new TextEncoder().encode('two'))
    await expect.poll(() => arrived.chunks.join(''), { timeout: 15_000 }).toBe('onetwo')
    controller?.close()
    expect(await (await answering).json()).toEqual({ te: 'chunked', length: '' })
  })

  test('[S2-18] the first event is there before the last one was written', async () => {
    go = gate()
    const response = await scene.ann.fetch(own, '/events')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body!.getReader()
    const decoder = new TextDecoder()
    expect(decoder.decode((await reader.read()).value)).toBe('data: first\n\n')
    go.open()
    let rest = ''
    for (let next = await reader.read(); !next.done; next = await reader.read()) rest += decoder.decode(next.value)
    expect(rest).toBe('data: last\n\n')
  })
})

describe('answers without a body', () => {
  test('[S2-18] HEAD, 204 and 304 come back at once with their headers, whatever these promise', async () => {
    const head = await rawCall(own, '/sized', { method: 'HEAD' })
    expect([head.status, head.body.length, head.complete]).toEqual([200, 0, true])
    const none = await rawCall(own, '/nothing')
    expect([none.status, none.body.length, none.headers['x-kept']]).toEqual([204, 0, 'yes'])
    const same = await rawCall(own, '/unchanged', { headers: { 'if-none-match': '"v1"' } })
    expect([same.status, same.body.length, same.headers.etag]).toEqual([304, 0, '"v1"'])
    expect(lastArrived().headers['if-none-match']).toBe('"v1"')
  })

  test('[S2-18] a GET goes out without a body, and without a sign of one', async () => {
    await rawCall(own, '/plain')
    expect([lastArrived().headers['content-length'], lastArrived().headers['transfer-encoding']]).toEqual([undefined, undefined])
  })
})

describe('redirects', () => {
  test('[B-3] [S2-18] are given back, not followed, and their address holds no secret', async () => {
    const before = arrived.requests.length
    const answer = await rawCall(byQuery, '/away?a=1')
    expect([answer.status, arrived.requests.length - before]).toEqual([302, 1])
    const location = answer.headers.location ?? ''
    expect(location).toMatch(/^https:\/\/elsewhere\.example\/next\?from=/)
    for (const form of [KEY, encodeURIComponent(KEY), encodeURIComponent(encodeURIComponent(KEY))]) expect(location).not.toContain(form)
    const said = lastArrived().url
    expect(said).toContain(encodeURIComponent(KEY))
  })
})

describe('headers of one connection', () => {
  test('[S2-18] [B-3] do not pass on to the API, and what `Connection` names goes with them', async () => {
    await rawCall(own, '/plain', {
      headers: {
        connection: 'keep-alive, X-Secret-Header',
        'x-secret-header': 'of-this-connection',
        'keep-alive': 'timeout=1',
        te: 'trailers',
        'proxy-authorization': 'Basic bWU6bWU=',
        'proxy-connection': 'keep-alive',
        upgrade: 'h2c',
        'x-kept': 'yes',
      },
    })
    const { headers, raw } = lastArrived()
    for (const name of ['x-secret-header', 'keep-alive', 'te', 'proxy-authorization', 'proxy-connection', 'upgrade'])
      expect(headers[name], name).toBeUndefined()
    expect(headers['x-kept']).toBe('yes')
    expect(JSON.stringify(raw)).not.toContain('of-this-connection')
  })

  test("[S2-17] [S2-18] the caller's own key, user, trace and network are not the API's business", async () => {
    await rawCall(own, '/plain', {
      headers: {
        'credence-consumer': '',
        'credence-anything': 'mine',
        'x-forwarded-for': '10.0.0.9',
        'x-forwarded-host': 'internal.example',
        forwarded: 'for=10.0.0.9',
        via: '1.1 inner',
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
        baggage: 'user=ann',
        host: 'evil.example',
      },
    })
    const { headers, raw } = lastArrived()
    expect(Object.keys(headers).filter((name) => /^(credence-|x-forwarded|forwarded|via|traceparent|baggage)/.test(name))).toEqual([])
    expect(raw.filter((_, i) => raw[i - 1]?.toLowerCase() === 'authorization')).toEqual([`Bearer ${SECRET}`])
    expect(headers.host).toBe('own.wire.example')
    expect(JSON.stringify(raw)).not.toContain(scene.key)
    expect(JSON.stringify(raw)).not.toContain('ann')
  })

  test('[S2-18] of the answer end here too, and the API cannot speak as the platform', async () => {
    const answer = await rawCall(own, '/hop')
    expect(answer.headers['x-hop']).toBeUndefined()
    expect(answer.headers['proxy-authenticate']).toBeUndefined()
    expect(answer.raw.filter((_, i) => answer.raw[i - 1]?.toLowerCase() === 'credence-origin')).toEqual(['upstream'])
    expect(answer.headers['credence-replayed']).toBeUndefined()
    expect([answer.headers['x-kept'], answer.headers['set-cookie']]).toEqual(['yes', ['a=1', 'b=2']])
  })

  test('[S2-18] two lengths, or a length and chunks, are refused: nobody can hide a request in a body', async () => {
    const before = arrived.requests.length
    const smuggled = `POST /v1/proxy/${own}/inner HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${scene.key}\r\nCredence-User: ${USER}\r\n\r\n`
    const head = `POST /v1/proxy/${own}/outer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${scene.key}\r\nCredence-User: ${USER}\r\n`
    for (const length of ['Content-Length: 5\r\nContent-Length: 6\r\n', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n']) {
      const said = await overTcp(scene, `${head}${length}\r\n0\r\n\r\n${smuggled}`)
      expect(said).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect(arrived.requests.length).toBe(before)
  })
})

describe('callers who go away', () => {
  test('[S2-18] [S2-17] 200 aborted calls leave nothing behind: their calls to the API end, and the next one works', async () => {
    const before = { requests: arrived.requests.length, closed: arrived.closed }
    go = gate()
    for (let round = 0; round < 10; round++) {
      const calls = Array.from({ length: 20 }, async () => {
        const aborting = new AbortController()
        const response = await scene.ann.fetch(own, '/events', { signal: aborting.signal })
        await response.body!.getReader().read()
        aborting.abort()
      })
      await Promise.all(calls)
    }
    expect(arrived.requests.length - before.requests).toBe(200)
    await expect.poll(() => arrived.closed - before.closed, { timeout: 20_000 }).toBe(200)
    go.open()
    expect(await (await scene.ann.fetch(own, '/plain')).text()).toBe('plain')
  }, 60_000)

  test('[S2-18] an upload that its caller cuts is cut at the API as well', async () => {
    arrived.chunks.length = 0
    const aborting = new AbortController()
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => stream.enqueue(new Uint8Array(100_000)),
    })
    const call = scene.ann.fetch(own, '/upload', { method: 'POST', body, signal: aborting.signal }).catch(() => 'aborted')
    await expect.poll(() => arrived.chunks.length).toBeGreaterThan(0)
    aborting.abort()
    expect(await call).toBe('aborted')
    await expect.poll(() => arrived.uploads.at(-1)?.destroyed).toBe(true)
    expect(arrived.uploads.at(-1)?.complete).toBe(false)
    expect((await scene.ann.fetch(own, '/plain')).status).toBe(200)
  })
})

describe('what an API echoes', () => {
  test.each(['gzip', 'br', 'deflate'])('[B-4] packed by %s is masked, and unpacks at the caller', async (encoding) => {
    for (const chunk of ['1', '7', '']) {
      const response = await scene.ann.fetch(id, `/${encoding}?prefix=ab${chunk === '' ? '' : `&chunk=${chunk}`}`, {
        headers: { 'accept-encoding': encoding },
      })
      const text = await response.text()
      expect(text, chunk).toContain('is what you sent')
      expect(text, chunk).not.toContain(SECRET)
    }
    const raw = await rawCall(id, `/${encoding}`, { headers: { 'accept-encoding': `${encoding}, zstd` } })
    expect(raw.body.includes(SECRET)).toBe(false)
    expect(scene.api.requests.at(-1)?.headers['accept-encoding']).toBe(encoding)
  })

  test('[B-4] in a header, and in an encoding that cannot be searched, does not come through', async () => {
    const raw = await rawCall(id, '/reflect?also=header')
    expect(JSON.stringify(raw.raw)).not.toContain(SECRET)
    expect(JSON.stringify(raw.raw).toLowerCase()).toContain('x-reflected')
    expect((await refusalOf(scene.ann.fetch(id, '/reflect?encoding=zstd'))).code).toBe('UPSTREAM_UNSCRUBBABLE')
  })
})

describe('an API that breaks off', () => {
  test.each(['/cutchunked', '/cutgzip'])(
    '[S2-18] in the middle of %s is no whole answer for the caller, and the next call works',
    async (path) => {
      const answer = await rawCall(own, path, { headers: { 'accept-encoding': 'gzip' } })
      expect([answer.status, answer.complete]).toEqual([200, false])
      expect((await rawCall(own, '/plain')).body.toString()).toBe('plain')
    },
  )

  test('[S2-18] before the promised length is no whole answer either', async () => {
    const answer = await rawCall(id, '/cut')
    expect([answer.status, answer.complete]).toEqual([200, false])
    await expect(scene.ann.fetch(id, '/cut').then((response) => response.text())).rejects.toThrow()
  })

  test('[S2-18] its errors and ours leave a kept-alive connection that answers the next request with the next answer', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      const teapot = await rawCall(id, '/status/418', { agent })
      const fine = await rawCall(id, '/echo?n=2', { agent })
      expect([teapot.status, fine.status]).toEqual([418, 200])
      expect(fine.body.toString()).toContain('/echo?n=2')
      const unknown = await rawCall(`cred_${'0'.repeat(26)}`, '/x', { agent, method: 'POST', headers: { 'content-length': '0' } })
      expect([unknown.status, unknown.headers['credence-origin']]).toEqual([404, 'credence'])
      expect((await rawCall(id, '/echo?n=3', { agent })).body.toString()).toContain('/echo?n=3')
    } finally {
      agent.destroy()
    }
  })
})

describe('a bomb', () => {
  test('[S2-18] of a hundred megabytes is cut', async () => {
    const answer = await rawCall(id, '/bomb', { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.complete && answer.status === 200).toBe(false)
    expect(answer.body.length).toBeLessThan(100 << 20)
  })

  test('[S2-18] of a gigabyte in many members is cut, and the platform does not grow with it', async () => {
    const pid = scene.platform.processes()[0]?.pid
    const peak = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
    const before = peak()
    const answer = await rawCall(own, '/gigabyte', { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.complete && answer.status === 200).toBe(false)
    expect(peak() - before).toBeLessThan(200 << 20)
    expect((await rawCall(own, '/plain')).body.toString()).toBe('plain')
  })
})
