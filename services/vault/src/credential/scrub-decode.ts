import { pipeline, Readable } from 'node:stream'
import zlib from 'node:zlib'
import { CodedError } from '@credence/errors'

export type Encoding = 'identity' | 'gzip' | 'deflate' | 'br'

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
])

/** Text seldom packs better than 20:1. What unpacks to more than this is made to fill memory. */
const MAX_RATIO = 100
/** Short answers of one letter are no attack. */
const RATIO_FLOOR_BYTES = 1024 * 1024
const UNPACKED_CHUNK_BYTES = 65_536

/** Reads Content-Encoding (RFC 9110 §8.4); undefined for an encoding that is not known here, and for several. */
export function readEncoding(contentEncoding: string | undefined): Encoding | undefined {
  const names = (contentEncoding ?? '').split(',').map((name) => name.trim().toLowerCase())
  const [first, ...others] = names.filter((name) => name !== '' && name !== 'identity')
  if (first === undefined) return 'identity'
  return others.length === 0 ? ENCODINGS.get(first) : undefined
}

/** The unpacked bytes, as they come. Fails with UPSTREAM_BOMB beyond the ratio, UPSTREAM_UNSCRUBBABLE when the packing is broken. */
export function unpacked(source: Readable, encoding: Exclude<Encoding, 'identity'>): Readable {
  return Readable.from(unpack(source, encoding), { objectMode: false, highWaterMark: UNPACKED_CHUNK_BYTES })
}

type Unpacker = zlib.Gunzip | zlib.Inflate | zlib.InflateRaw | zlib.BrotliDecompress

async function* unpack(source: Readable, encoding: Exclude<Encoding, 'identity'>): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]()
  const head = await headOf(chunks)
  // An answer without a body (HEAD, 304) has nothing to unpack.
  if (head.length === 0) return
  const unpacker = unpackerFor(encoding, head)
  // Errors of the source come out of the unpacker, which the pipeline destroys with them.
  pipeline(rejoined(head, chunks), unpacker, () => undefined)
  let bytes = 0
  try {
    for await (const chunk of unpacker as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength
      if (bytes > Math.max(RATIO_FLOOR_BYTES, MAX_RATIO * unpacker.bytesWritten)) throw new CodedError('UPSTREAM_BOMB')
      yield chunk
    }
  } catch (error) {
    throw error instanceof CodedError ? error : new CodedError('UPSTREAM_UNSCRUBBABLE')
  }
}

/** The first two bytes with what came beside them, or all there are. */
async function headOf(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < 2) {
    const { done, value } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  return head
}

async function* rejoined(head: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
}

function unpackerFor(encoding: Exclude<Encoding, 'identity'>, head: Buffer): Unpacker {
  const options = { chunkSize: UNPACKED_CHUNK_BYTES }
  if (encoding === 'gzip') return zlib.createGunzip(options)
  if (encoding === 'br') return zlib.createBrotliDecompress(options)
  // RFC 9110 §8.4.1.2 says zlib; some servers send the bare stream. RFC 1950 §2.2 tells them apart.
  const zlibHeader = head.length >= 2 && (head.readUInt8(0) & 15) === 8 && head.readUInt16BE(0) % 31 === 0
  return zlibHeader ? zlib.createInflate(options) : zlib.createInflateRaw(options)
}
