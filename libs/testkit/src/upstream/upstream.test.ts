import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { acceptOnly } from './accept.ts'
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts'

const open: Upstream[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

async function start(options: UpstreamOptions = {}): Promise<Upstream> {
  const upstream = await startUpstream(options)
  open.push(upstream)
  return upstream
}

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer())

describe('the mock API', () => {
  test('remembers what it got, byte for byte', async () => {
    const upstream = await start()
    const body = Buffer.from([0, 255, 1, 254])
    await fetch(`${upstream.url}/v2/things?a=1%2F2`, { method: 'PUT', headers: { 'X-Api-Key': 'k' }, body })
    expect(upstream.requests).toHaveLength(1)
    expect(upstream.requests[0]).toMatchObject({ method: 'PUT', path: '/v2/things?a=1%2F2', bodyBytes: 4, complete: true })
    expect(upstream.requests[0]?.headers['x-api-key']).toBe('k')
    expect(upstream.requests[0]?.body.equals(body)).toBe(true)
    expect(upstream.connections()).toBe(1)
  })

  test('keeps the size and digest of a large body and not the body', async () => {
    const upstream = await start()
    await fetch(`${upstream.url}/echo`, { method: 'POST', body: Buffer.alloc(3 << 20) })
    expect(upstream.requests[0]).toMatchObject({ bodyBytes: 3 << 20, complete: true })
    expect(upstream.requests[0]?.body).toHaveLength(65_536)
  })

  test('lets in the right token, pair or key and nobody else', async () => {
    const upstream = await start({ accept: acceptOnly({ tokens: ['t1'], basic: ['ann:p:w'], keys: { 'x-api-key': 'k1', api_key: 'k2' } }) })
    const status = async (headers: Record<string, string>, query = ''): Promise<number> =>
      (await fetch(`${upstream.url}/echo${query}`, { headers })).status
    const basic = (pair: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
    expect(await status({ authorization: 'Bearer t1' })).toBe(200)
    expect(await status(basic('ann:p:w'))).toBe(200)
    expect(await status({ 'x-api-key': 'k1' })).toBe(200)
    expect(await status({}, '?api_key=k2')).toBe(200)
    for (const wrong of [{}, { authorization: 'Bearer t2' }, basic('ann:p'), { 'x-api-key': 'k2' }, { authorization: 't1' }]) {
      expect(await status(wrong)).toBe(401)
    }
    upstream.accept(() => true)
    expect(await status({})).toBe(200)
  })

  test('serves below its base path only', async () => {
    const upstream = await start({ basePath: '/api/v2' })
    expect((await fetch(`${upstream.url}/api/v2/status/418`)).status).toBe(418)
    expect((await fetch(`${upstream.url}/echo`)).status).toBe(404)
  })

  test('streams patterns, events and parts', async () => {
    const upstream = await start()
    const big = await bytesOf(await fetch(`${upstream.url}/big?bytes=200001`))
    expect([big.length, big[65_536], big[200_000]]).toEqual([200_001, 0, 200_000 % 256])
    const events = await (await fetch(`${upstream.url}/sse?events=2`)).text()
    expect(events).toBe('id: 0\nevent: tick\ndata: {"n":0}\n\nid: 1\nevent: tick\ndata: {"n":1}\n\n')
    const form = new FormData()
    form.set('note', 'hello')
    form.set('file', new Blob([new Uint8Array(300)]), 'a.bin')
    const parts = await (await fetch(`${upstream.url}/multipart`, { method: 'POST', body: form })).json()
    expect(parts).toEqual({
      parts: [
        { name: 'note', bytes: 5 },
        { name: 'file', filename: 'a.bin', bytes: 300 },
      ],
    })
  })

  test('gives a secret back in each form and encoding that was asked for', async () => {
    const upstream = await start()
    const headers = { authorization: 'Bearer s3cret/+ü', 'accept-encoding': 'identity' }
    const plain = async (query: string): Promise<string> => (await fetch(`${upstream.url}/reflect?${query}`, { headers })).text()
    const secret = Buffer.from('s3cret/+ü', 'latin1').toString('latin1')
    expect(await plain('form=raw&prefix=ab&chunk=3')).toBe(`ab${secret} is what you sent\n`)
    expect(await plain('form=hex')).toContain(Buffer.from(secret).toString('hex'))
    expect(await plain('form=base64')).toContain(Buffer.from(secret).toString('base64'))
    expect(await plain('form=percent')).toContain(encodeURIComponent(secret))
    const unpack = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync }
    for (const [encoding, decompress] of Object.entries(unpack)) {
      const { request } = await import('node:http')
      const packed = await new Promise<Buffer>((resolve) => {
        request(`${upstream.url}/${encoding}?chunk=5&also=header`, { headers }, async (response) => {
          expect(response.headers).toMatchObject({ 'content-encoding': encoding, 'x-reflected': secret })
          resolve(Buffer.concat(await response.toArray()))
        }).end()
      })
      expect(decompress(packed).toString()).toContain(secret)
    }
    expect((await fetch(`${upstream.url}/reflect?form=rot13`)).status).toBe(400)
  })

  test('stalls, hangs up and redirects on order', async () => {
    const upstream = await start()
    const never = fetch(`${upstream.url}/never`, { signal: AbortSignal.timeout(50) })
    await expect(never).rejects.toThrow()
    const cut = await fetch(`${upstream.url}/cut`)
    await expect(cut.text()).rejects.toThrow()
    const redirect = await fetch(`${upstream.url}/redirect?status=307&to=https://evil.example/`, { redirect: 'manual' })
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'https://evil.example/'])
    const slow = await fetch(`${upstream.url}/slow?ms=1`)
    expect(await slow.text()).toBe('late\n')
  })

  test('notes a request whose sender hung up in the middle', async () => {
    const upstream = await start()
    const controller = new AbortController()
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(new Uint8Array(10))
      },
    })
    const sending = fetch(`${upstream.url}/echo`, { method: 'POST', body, duplex: 'half', signal: controller.signal } as RequestInit)
    await expect.poll(() => upstream.connections()).toBe(1)
    controller.abort()
    await expect(sending).rejects.toThrow()
    await expect.poll(() => upstream.requests[0]?.complete).toBe(false)
  })
})
