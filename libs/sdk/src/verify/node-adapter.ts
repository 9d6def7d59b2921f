import { Readable } from 'node:stream'
import type { ReceivedCall } from './call-signature.ts'
import { readRequestBody } from './read-body.ts'
import type { VerifiedCall } from './verified-call.ts'

/** What of `http.IncomingMessage` is looked at. */
export interface NodeLikeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Express: the body may have been read already, as bytes. */
export interface ExpressLikeRequest extends NodeLikeRequest {
  /** As it came, where a router has cut `url`. */
  readonly originalUrl?: string
  body?: unknown
  rawBody?: Uint8Array
  credence?: VerifiedCall
}

/** Fastify wraps the message of node:http. */
export interface FastifyLikeRequest {
  readonly raw: NodeLikeRequest
  credence?: VerifiedCall
}

interface Adapter {
  readonly check: (call: ReceivedCall) => Promise<VerifiedCall>
  readonly maxBodyBytes: number
}

export async function verifyNode({ check, maxBodyBytes }: Adapter, request: NodeLikeRequest, given?: Uint8Array): Promise<VerifiedCall> {
  const body = given ?? (await readRequestBody(request, maxBodyBytes))
  const header = (name: string): string | undefined => {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const target = 'originalUrl' in request && typeof request.originalUrl === 'string' ? request.originalUrl : (request.url ?? '/')
  return check({ method: request.method ?? 'GET', host: header('host') ?? '', target, header, body })
}

export type ExpressMiddleware = (request: ExpressLikeRequest, response: unknown, next: (error?: unknown) => void) => void

export function expressMiddleware(adapter: Adapter): ExpressMiddleware {
  return (request, _response, next) => {
    verifyNode(adapter, request, bytesAtHand(request)).then((call) => {
      request.credence = call
      request.rawBody = call.body
      // Parsers of bodies would wait for a stream that has ended.
      request.body ??= call.body
      Object.assign(request, { _body: true })
      next()
    }, next)
  }
}

/** What `express.raw` or a `verify` of another parser kept. */
function bytesAtHand({ rawBody, body }: ExpressLikeRequest): Uint8Array | undefined {
  if (rawBody instanceof Uint8Array) return rawBody
  if (body instanceof Uint8Array) return body
  // Some parsers leave an empty object where there was no body for them.
  if (body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0)) return undefined
  throw new TypeError('The body was parsed already: put the verifier before the parsers, or keep the bytes as `rawBody`.')
}

export type FastifyHook = (
  request: FastifyLikeRequest,
  reply: unknown,
  payload: AsyncIterable<Uint8Array>,
) => Promise<NodeJS.ReadableStream>

export function fastifyHook(adapter: Adapter): FastifyHook {
  return async (request, _reply, payload) => {
    const body = await readRequestBody(payload, adapter.maxBodyBytes)
    request.credence = await verifyNode(adapter, request.raw, body)
    // Whole, as bytes: the parser comes next.
    return Readable.from([body], { objectMode: false })
  }
}
