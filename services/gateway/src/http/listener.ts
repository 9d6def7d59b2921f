import type { Server } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { CodedError, PROBLEM_TYPE } from '@credence/errors'
import { type Clock, currentTraceId, type Logger, type Tracing, withTraceFrom } from '@credence/service'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteHandlerMethod } from 'fastify'
import { problemFor } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the handler starts; a request that was refused before it has no trace. */
    traceId: string | undefined
    startedMs: number
    /** Who asked, for the access log: `key_…` or `usr_…`. */
    caller: string | undefined
  }
  interface FastifyInstance {
    /** Aborts when the listener begins to stop: long answers end by themselves. */
    closing: AbortController
  }
}

export interface ListenerOptions {
  /** `public` or `admin`, for log lines. */
  readonly name: string
  readonly maxRequestBytes: number
  /** Per address; more is THROTTLED. */
  readonly requestsPerMinute: number
  /** Addresses of reverse proxies whose X-Forwarded-For is believed; none by default. */
  readonly trustProxy: readonly string[]
  /** True when people reach it by https: browsers are told to stay there. */
  readonly https: boolean
  readonly clock: Clock
  readonly log: Logger
  readonly tracing: Tracing
}

const HEADERS_TIMEOUT_MS = 30_000
const BODY_TIMEOUT_MS = 60_000
const MAX_PARAMETER = 512

/**
 * A listener with what all have in common: trace, access log without query strings, limits, headers, and errors as
 * `application/problem+json`. The framework's own logger is off: it would print addresses with their queries.
 */
export async function createListener(options: ListenerOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: options.maxRequestBytes,
    requestTimeout: BODY_TIMEOUT_MS,
    connectionTimeout: 0,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    routerOptions: { maxParamLength: MAX_PARAMETER, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    // A HEAD would do what the GET does: spend a sign-in link, redeem a code.
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) =>
      sendProblem(error, request as FastifyRequest, { reply: reply as FastifyReply, log: options.log }),
  })
  app.decorate('closing', new AbortController())
  app.addHook('preClose', async () => app.closing.abort())
  // While it stops: at the request for answers that leave the framework, at the answer for those that were under way.
  app.addHook('onRequest', async (_request, reply) => endWith(reply))
  app.addHook('onSend', async (_request, reply) => endWith(reply))
  app.decorateRequest('traceId', undefined)
  app.decorateRequest('startedMs', 0)
  app.decorateRequest('caller', undefined)
  observe(app, options)
  await app.register(helmet, {
    contentSecurityPolicy: false,
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: options.https ? { maxAge: 31_536_000 } : false,
  })
  await app.register(rateLimit, {
    max: options.requestsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { ttl }) => new CodedError('THROTTLED', undefined, { retryAfterMs: ttl }),
  })
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, { reply, log: options.log }))
  app.setNotFoundHandler((request, reply) => sendProblem(new CodedError('NOT_FOUND', NO_ROUTE), request, { reply, log: options.log }))
  return app
}

const NO_ROUTE = 'Check the method and the path: there is no such route here.'

/** Ends the connection with this answer, when no new one is taken. */
function endWith({ raw, server }: FastifyReply): void {
  if (!server.server.listening) raw.shouldKeepAlive = false
}

export interface StartedListener {
  /** `host:port`. */
  readonly address: string
  stop(): Promise<void>
}

const DRAIN_MS = 5_000
/** A reason, so that no exception is made. */
const STOPPED = 'stopped'

/**
 * Refuses new connections, ends event streams, and waits for the next request on each connection that is kept, which is then
 * told that it was the last: no client finds his connection closed under a request. Then answers under way end; what is slow is cut.
 */
export async function stopListener(app: FastifyInstance, { clock, lingerMs }: StopOptions): Promise<void> {
  app.closing.abort()
  await linger(app.server, { clock, lingerMs })
  const cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(cut)
  }
}

export interface StopOptions {
  readonly clock: Clock
  readonly lingerMs: number
}

async function linger(server: Server, { clock, lingerMs }: StopOptions): Promise<void> {
  if (lingerMs === 0 || !server.listening) return
  const ended = new AbortController()
  // Not the HTTP server's own, which closes idle connections at once.
  NetServer.prototype.close.call(server, () => ended.abort(STOPPED))
  await clock.sleep(lingerMs, ended.signal).catch(() => undefined)
}

/** Opens the port; resolves with `host:port`. Throws PORT_IN_USE naming the port. */
export async function listen(app: FastifyInstance, at: { readonly host: string; readonly port: number }): Promise<string> {
  try {
    await app.listen(at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new CodedError('PORT_IN_USE', `Port ${at.port} is in use.`, { facts: { port: String(at.port) } })
  }
  const { port } = app.server.address() as AddressInfo
  return `${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}`
}

export async function sendProblem(
  error: unknown,
  request: FastifyRequest,
  { reply, log }: { readonly reply: FastifyReply; readonly log: Logger },
): Promise<FastifyReply> {
  const problem = problemFor(error, { log, traceId: request.traceId })
  if (problem.retry_after_ms !== undefined) reply.header('retry-after', Math.ceil(problem.retry_after_ms / 1000))
  // The rest of a body that is too large is not read: the connection ends instead.
  if (problem.code === 'REQUEST_TOO_LARGE') reply.header('connection', 'close')
  if (problem.code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer')
  reply.header('cache-control', 'no-store').header('content-security-policy', NO_CONTENT_POLICY)
  return reply
    .status(problem.status)
    .type(PROBLEM_TYPE)
    .serializer((body: unknown) => String(body))
    .send(JSON.stringify(problem))
}

/** For answers that are no pages. */
export const NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"

/** Each handler runs in a span of the caller's trace; each answer leaves one line with the route's template. */
function observe(app: FastifyInstance, { name, clock, log, tracing }: ListenerOptions): void {
  app.addHook('onRoute', (route) => {
    const handler = route.handler
    route.handler = function traced(this: FastifyInstance, request, reply) {
      const traceparent = request.headers.traceparent
      return withTraceFrom(typeof traceparent === 'string' ? traceparent : undefined, () =>
        tracing.span(`${request.method} ${route.url}`, { method: request.method, listener: name }, () => {
          request.traceId = currentTraceId()
          return handler.call(this, request, reply)
        }),
      )
    } as RouteHandlerMethod
  })
  app.addHook('onRequest', async (request) => {
    request.startedMs = clock.monotonicMs()
  })
  app.addHook('onResponse', async (request, reply) => {
    log.info('http.request', {
      listener: name,
      method: request.method,
      path_template: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      duration_ms: Math.round(clock.monotonicMs() - request.startedMs),
      caller: request.caller,
      trace_id: request.traceId,
    })
  })
}
