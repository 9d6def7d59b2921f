import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import zlib from 'node:zlib'
import { CodedError } from '@credence/errors'
import { describe, expect, test } from 'vitest'
import { createScrubber } from './scrub.ts'

const NEEDLE = 'sk_live_4eC39HqLyjWDarjt'
const MASK = '*'.repeat(NEEDLE.length)

const scrubber = (...needles: string[]): ReturnType<typeof createScrubber> => createScrubber(needles.map((needle) => Buffer.from(needle)))

async function all(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error instanceof CodedError ? error.code : String(error)
}

const PACKERS = {
  gzip: (bytes: Buffer) => zlib.gzipSync(bytes),
  deflate: (bytes: Buffer) => zlib.deflateSync(bytes),
  br: (bytes: Buffer) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
}

const source = (...chunks: string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk, 'latin1')))

describe('a streamed answer', () => {
  test('[B-4] gives each event at once, and holds back only what may be the beginning of a secret', async () => {
    const upstream = new PassThrough()
    const body = scrubber(NEEDLE).body(undefined, upstream)
    for (const event of ['data: {"a": 1}\n\n', `data: key ${NEEDLE}\n\n`, 'data: 50% \\ done\n\n']) {
      upstream.write(event)
      expect(String((await once(body, 'data'))[0])).toBe(event.replace(NEEDLE, MASK))
    }
    upstream.write('data: sk_li')
    expect(String((await once(body, 'data'))[0])).toBe('data: ')
    upstream.write('on\n\n')
    expect(String((await once(body, 'data'))[0])).toBe('sk_lion\n\n')
    upstream.end('data: sk_live_4eC')
    expect(await all(body)).toBe('data: sk_live_4eC')
  })

  test('[B-4] gives each event of a packed stream at once', async () => {
    const packed = zlib.createGzip()
    const body = scrubber(NEEDLE).body('gzip', packed)
    for (let i = 0; i < 3; i++) {
      packed.write(`data: ${i} ${NEEDLE}\n\n`)
      packed.flush()
      expect(String((await once(body, 'data'))[0])).toBe(`data: ${i} ${MASK}\n\n`)
    }
    packed.end()
    body.resume()
    await once(body, 'end')
  })

  test('passes the very bytes on where nothing is found', async () => {
    const chunk = Buffer.from('nothing to see here')
    const body = scrubber(NEEDLE).body('identity', Readable.from([chunk]))
    const [out] = (await once(body, 'data')) as [Buffer]
    expect(out.buffer).toBe(chunk.buffer)
    expect(out.byteOffset).toBe(chunk.byteOffset)
  })

  test('leaves what only resembles a needle: half a surrogate pair, an escape that is none', async () => {
    const text = 'ab\\ud834\\u0041cd ab\\ud834 ab%zzcd ab\\u00zz ab\\x'
    expect(await all(scrubber('ab\u{1d041}cd', 'abcd').body(undefined, source(text)))).toBe(text)
  })

  test('leaves nothing of what it holds back in the chunk it came in', async () => {
    const chunk = Buffer.from(`a ${NEEDLE} and sk_live_4eC39`)
    const body = scrubber(NEEDLE).body(undefined, Readable.from([chunk, Buffer.from('!')]))
    expect(await all(body)).toBe(`a ${MASK} and sk_live_4eC39!`)
    expect(chunk.toString()).toBe(`a ${MASK} and ${'\0'.repeat(13)}`)
  })

  test('[S2-17] leaves nothing of the secret in the scrubber when it closes, which then refuses to work', async () => {
    const used = scrubber(NEEDLE)
    await all(used.body(undefined, source('x')))
    expect(() => used.headers([['x', NEEDLE]])).toThrow(TypeError)
    expect(() => used.body(undefined, source(NEEDLE))).toThrow(TypeError)
    const unread = scrubber(NEEDLE)
    unread.wipe()
    expect(() => unread.headers([])).toThrow(TypeError)
  })

  test('[B-4] keeps its length where it came unpacked', async () => {
    const text = `a ${NEEDLE} b ${Buffer.from(NEEDLE).toString('base64')} c ${encodeURIComponent(NEEDLE)}`
    expect((await all(scrubber(NEEDLE).body(undefined, source(text)))).length).toBe(text.length)
  })

  test('[B-4] is searched for what is rendered from two needles, too', async () => {
    const basic = Buffer.from(`user:${NEEDLE}`).toString('base64')
    const out = await all(scrubber(NEEDLE, `user:${NEEDLE}`).body(undefined, source(`Basic ${basic}!`)))
    expect(out).toMatch(/^Basic \*+[\w=]{0,3}!$/)
  })

  test('is untouched, packed or not, when there is nothing to look for', async () => {
    for (const needles of [[], ['abc']]) {
      const nothing = scrubber(...needles)
      expect(nothing.keepsEncoding('zstd')).toBe(true)
      expect(await all(nothing.body('zstd', source('abc')))).toBe('abc')
      expect(nothing.headers([['content-encoding', 'zstd']])).toEqual([['content-encoding', 'zstd']])
    }
  })
})

describe('the headers of an answer', () => {
  test('[B-4] are masked in names and values, and nothing else in them changes', () => {
    const list = [
      ['X-Echo', `Bearer ${NEEDLE}`],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', `b=${encodeURIComponent(Buffer.from(NEEDLE).toString('base64'))}`],
      [`x-${NEEDLE}`, ''],
      ['x-empty', ''],
      ['x-é', 'é'],
    ] as const
    const masked = scrubber(NEEDLE).headers(list)
    expect(masked[0]).toEqual(['X-Echo', `Bearer ${MASK}`])
    expect(masked[1]).toEqual(['Set-Cookie', 'a=1'])
    expect(masked[2]?.[1]).toMatch(/^b=\*+$/)
    expect(masked.slice(3)).toEqual([
      [`x-${MASK}`, ''],
      ['x-empty', ''],
      ['x-é', 'é'],
    ])
    expect(scrubber('12345').headers([['content-length', '12345']])).toEqual([['content-length', '12345']])
  })

  test('lose what describes the packing when the body is unpacked, and only then', () => {
    const kept = [['content-type', 'text/plain']] as const
    const framing = [['Content-Encoding', 'br'], ['Content-Length', '10'], ...kept] as const
    expect(scrubber(NEEDLE).headers(framing)).toEqual(kept)
    expect(scrubber(NEEDLE).headers([['Content-Length', '10'], ...kept])).toHaveLength(2)
    expect(scrubber(NEEDLE).keepsEncoding('identity')).toBe(true)
    expect(scrubber(NEEDLE).keepsEncoding('x-gzip')).toBe(false)
  })
})

describe('a packed answer', () => {
  test('[B-4] in an encoding that cannot be read is refused before any byte', () => {
    for (const encoding of ['zstd', 'compress', 'gzip, br', 'gzip,gzip', 'aes128gcm', '*']) {
      const upstream = source('x')
      expect(() => scrubber(NEEDLE).body(encoding, upstream)).toThrow(expect.objectContaining({ code: 'UPSTREAM_UNSCRUBBABLE' }))
      expect(upstream.readableFlowing).toBeNull()
    }
  })

  test('is unpacked whatever its name is written like', async () => {
    for (const encoding of ['GZIP', ' x-gzip ', 'identity, gzip', 'gzip,']) {
      expect(await all(scrubber(NEEDLE).body(encoding, Readable.from([zlib.gzipSync(NEEDLE)])))).toBe(MASK)
    }
  })

  test('that is empty stays empty', async () => {
    for (const encoding of ['gzip', 'deflate', 'br']) expect(await all(scrubber(NEEDLE).body(encoding, Readable.from([])))).toBe('')
  })

  test('that is broken or cut off fails', async () => {
    const whole = zlib.gzipSync(NEEDLE.repeat(50))
    expect(await codeOf(all(scrubber(NEEDLE).body('gzip', Readable.from([whole.subarray(0, 40)]))))).toBe('UPSTREAM_UNSCRUBBABLE')
    for (const encoding of ['gzip', 'deflate', 'br']) {
      expect(await codeOf(all(scrubber(NEEDLE).body(encoding, source('this is not packed'))))).toBe('UPSTREAM_UNSCRUBBABLE')
    }
  })

  test('[B-4] that unpacks to more than a hundred times its size is cut', async () => {
    const zeros = Buffer.alloc(24 * 1024 * 1024)
    for (const [encoding, pack] of Object.entries(PACKERS)) {
      const upstream = Readable.from(pieces(pack(zeros)))
      let bytes = 0
      const reading = (async () => {
        for await (const chunk of scrubber(NEEDLE).body(encoding, upstream)) bytes += (chunk as Buffer).length
      })()
      expect(await codeOf(reading)).toBe('UPSTREAM_BOMB')
      expect(bytes).toBeLessThan(8 * 1024 * 1024)
      expect(upstream.destroyed).toBe(true)
    }
  })

  test('of a megabyte of one letter is no bomb', async () => {
    const text = 'x'.repeat(1024 * 1024)
    expect(await all(scrubber(NEEDLE).body('gzip', Readable.from([zlib.gzipSync(text)])))).toBe(text)
  })
})

describe('an answer that ends early', () => {
  test('takes the upstream with it when its reader goes, packed or not', async () => {
    for (const encoding of [undefined, 'gzip', 'deflate', 'br']) {
      const upstream = new Readable({ read: () => undefined })
      const body = scrubber(NEEDLE).body(encoding, upstream)
      body.resume()
      await new Promise((resolve) => setImmediate(resolve))
      body.destroy()
      await once(body, 'close')
      expect(upstream.destroyed).toBe(true)
    }
  })

  test('fails with the error of the upstream, packed or not', async () => {
    for (const encoding of [undefined, 'gzip', 'deflate', 'br'] as const) {
      const upstream = new PassThrough()
      const reading = codeOf(all(scrubber(NEEDLE).body(encoding, upstream)))
      upstream.write(PACKERS[encoding ?? 'gzip'](Buffer.alloc(100, 'hello')).subarray(0, 8))
      await new Promise((resolve) => setImmediate(resolve))
      upstream.destroy(new CodedError('UPSTREAM_TIMEOUT'))
      expect(await reading).toBe('UPSTREAM_TIMEOUT')
    }
  })

  test('never passes for complete when the upstream breaks off without a word', async () => {
    const upstream = new PassThrough()
    const reading = codeOf(all(scrubber(NEEDLE).body(undefined, upstream)))
    upstream.write('half')
    upstream.destroy()
    expect(await reading).toBe('UPSTREAM_UNREACHABLE')
    expect(await codeOf(all(scrubber(NEEDLE).body(undefined, upstream)))).toBe('UPSTREAM_UNREACHABLE')
  })

  test('waits with reading while its own reader does', async () => {
    let given = 0
    const upstream = Readable.from(
      (function* (): Generator<Buffer> {
        for (; given < 1_000; given++) yield Buffer.alloc(10_000)
      })(),
    )
    const body = scrubber(NEEDLE).body(undefined, upstream)
    body.once('readable', () => undefined)
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(given).toBeLessThan(100)
    body.destroy()
  })
})

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096)
}
