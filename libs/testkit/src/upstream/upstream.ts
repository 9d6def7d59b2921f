import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type LoopbackServer, startLoopbackServer, type TlsNames } from '../loopback-server.ts'
import { type Accept, presentedBy } from './accept.ts'
import type { ReceivedRequest } from './received-request.ts'
import { ROUTES, sendJson } from './routes.ts'

export interface Upstream extends LoopbackServer {
  /** Everything that came, in order; requests refused with 401 too. */
  readonly requests: ReceivedRequest[]
  /** Connections that were opened, used or not. */
  connections(): number
  /** Changes who is let in from now on. */
  accept(accept: Accept): void
}

export interface UpstreamOptions {
  readonly port?: number
  readonly tls?: TlsNames
  /** Default: everybody. Others get 401 with a Bearer challenge. */
  readonly accept?: Accept
  /** Put before the routes: an API at `/api/v2` serves `/api/v2/echo`. Paths outside of it are 404. */
  readonly basePath?: string
}

const KEPT_BODY_BYTES = 65_536

/**
 * A mock API that remembers what it got. Routes: `/echo` (and any other path), `/big?bytes=`, `/binary`, `/sse`, `/slow`,
 * `/never`, `/cut`, `/status/:n`, `/redirect?to=`, `/multipart`, `/gzip|br|deflate|reflect?form=`, `/bomb`.
 */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const requests: ReceivedRequest[] = []
  const basePath = options.basePath ?? ''
  let accept: Accept = options.accept ?? (() => true)
  let connections = 0
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await receive(request)
    requests.push(received)
    const url = new URL(received.path, 'http://upstream.invalid')
    if (!url.pathname.startsWith(`${basePath}/`)) return sendJson(response, 404, { error: 'not_found' })
    const verdict = await accept(presentedBy(request, url.searchParams, received))
    if (typeof verdict === 'object') return sendJson(response, verdict.status, verdict.body)
    if (!verdict) {
      response.setHeader('www-authenticate', 'Bearer error="invalid_token"')
      return sendJson(response, 401, { error: 'unauthorized' })
    }
    const [name = '', ...rest] = url.pathname.slice(basePath.length + 1).split('/')
    const route = (Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined) ?? ROUTES.echo
    await route?.({ request, response, query: url.searchParams, rest: rest.join('/'), body: received.body })
  }
  const loopback = await startLoopbackServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  }, options)
  loopback.server.on('connection', () => {
    connections++
  })
  return {
    ...loopback,
    requests,
    connections: () => connections,
    accept(next) {
      accept = next
    },
  }
}

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const hash = createHash('sha256')
  const kept: Buffer[] = []
  let bodyBytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (bodyBytes < KEPT_BODY_BYTES) kept.push(chunk.subarray(0, KEPT_BODY_BYTES - bodyBytes))
      bodyBytes += chunk.length
      hash.update(chunk)
    }
  } catch {
    // The sender hung up: what came until then is the record.
  }
  return {
    method: request.method ?? '',
    path: request.url ?? '/',
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body: Buffer.concat(kept),
    bodyBytes,
    bodySha256: hash.digest('hex'),
    complete: request.complete,
  }
}
