import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { reflect } from './reflect.ts'

/** A request as a route sees it: the body was read by then. */
export interface RoutedRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  /** What follows the name of the route in the path. */
  readonly rest: string
  readonly body: Buffer
}

type Route = (routed: RoutedRequest) => void | Promise<void>

const CHUNK_BYTES = 65_536

/** The route of each first path segment; anything else is `echo`. */
export const ROUTES: Readonly<Record<string, Route>> = {
  /** Says back method, path, headers and body: a leak on purpose, for the scrubber. */
  echo: ({ request, response, body }) => {
    const text = body.toString('utf8')
    sendJson(response, 200, { method: request.method, path: request.url, headers: request.headers, body: text })
  },
  /** `?bytes=`: so many bytes of a known pattern, written as fast as they are taken. */
  big: ({ response, query }) => sendPattern(response, Number(query.get('bytes') ?? 1 << 20), 'application/octet-stream'),
  binary: ({ response, query }) => sendPattern(response, Number(query.get('bytes') ?? 256), 'application/octet-stream'),
  /** `?events=`: server-sent events, one per turn of the loop, then the end. */
  sse: async ({ response, query }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    for (let i = 0; i < Number(query.get('events') ?? 3); i++) {
      response.write(`id: ${i}\nevent: tick\ndata: {"n":${i}}\n\n`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  },
  /** `?ms=`: the head at once, the body so much later. */
  slow: ({ response, query }) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
    const timer = setTimeout(() => response.end('late\n'), Number(query.get('ms') ?? 1000))
    response.on('close', () => clearTimeout(timer))
  },
  never: () => undefined,
  /** Half of the promised body, then a hang-up. */
  cut: ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' })
    response.write('x'.repeat(50), () => response.destroy())
  },
  status: ({ response, rest }) => sendJson(response, Number(rest) || 500, { status: Number(rest) }),
  /** `?to=&status=`: a redirect to anywhere. */
  redirect: ({ response, query }) => {
    response.writeHead(Number(query.get('status') ?? 302), { location: query.get('to') ?? '/echo' }).end()
  },
  /** Names and sizes of the parts that came. */
  multipart: ({ request, response, body }) => sendJson(response, 200, { parts: partsOf(request.headers['content-type'] ?? '', body) }),
  gzip: (routed) => sendReflection(routed, 'gzip'),
  br: (routed) => sendReflection(routed, 'br'),
  deflate: (routed) => sendReflection(routed, 'deflate'),
  reflect: (routed) => sendReflection(routed, routed.query.get('encoding') ?? 'identity'),
  /** A small body that unpacks to `?bytes=` zeros. */
  bomb: ({ response, query }) => {
    const body = gzipSync(Buffer.alloc(Number(query.get('bytes') ?? 100 << 20)))
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body)
  },
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}

/** Bytes 0, 1, … 255, 0, …: a reader can tell where any piece belongs. */
async function sendPattern(response: ServerResponse, bytes: number, type: string): Promise<void> {
  const pattern = Buffer.from(Array.from({ length: CHUNK_BYTES }, (_, i) => i % 256))
  response.writeHead(200, { 'content-type': type, 'content-length': bytes })
  for (let sent = 0; sent < bytes && !response.destroyed; sent += CHUNK_BYTES) {
    const taken = response.write(pattern.subarray(0, Math.min(CHUNK_BYTES, bytes - sent)))
    if (!taken) await drained(response)
  }
  response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

/** `?header=` (default authorization) is given back as `?form=`, after `?prefix=`, in pieces of `?chunk=` bytes, also in a header with `?also=header`. */
async function sendReflection({ request, response, query }: RoutedRequest, encoding: string): Promise<void> {
  const value = request.headers[query.get('header') ?? 'authorization']?.toString() ?? ''
  const secret = value.replace(/^(?:Bearer|Basic) /, '')
  const reflected = reflect(secret, { encoding, form: query.get('form') ?? 'raw', prefix: query.get('prefix') ?? '' })
  if (reflected === undefined) return sendJson(response, 400, { error: 'unknown form or encoding' })
  response.writeHead(Number(query.get('status') ?? 200), {
    'content-type': 'text/plain',
    ...(reflected.contentEncoding === undefined ? {} : { 'content-encoding': reflected.contentEncoding }),
    ...(query.get('also') === 'header' ? { 'x-reflected': secret } : {}),
  })
  const chunk = Number(query.get('chunk') ?? reflected.body.length) || 1
  for (let at = 0; at < reflected.body.length; at += chunk) {
    response.write(reflected.body.subarray(at, at + chunk))
    await new Promise((resolve) => setImmediate(resolve))
  }
  response.end()
}

function partsOf(contentType: string, body: Buffer): { name: string; filename?: string; bytes: number }[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  if (boundary === undefined) return []
  const pieces = body.toString('latin1').split(`--${boundary}`).slice(1, -1)
  return pieces.map((piece) => {
    const [head = '', ...rest] = piece.slice(2).split('\r\n\r\n')
    const filename = /filename="([^"]*)"/.exec(head)?.[1]
    const content = rest.join('\r\n\r\n').slice(0, -2)
    return { name: /[; ]name="([^"]*)"/.exec(head)?.[1] ?? '', ...(filename === undefined ? {} : { filename }), bytes: content.length }
  })
}
