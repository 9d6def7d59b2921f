import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Readable } from 'node:stream'
import { CodedError, isCoded, PROBLEM_TYPE, problemOf } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { type Clock, currentTraceId, type Logger, type Tracing, withTraceFrom } from '@credence/service'
import type { Callers } from '../caller/caller.ts'
import { countDenial } from '../credential/measure.ts'
import { type ProxyAnswer, type SendContext, send } from '../credential/send.ts'

export interface DataListenerOptions {
  readonly host: string
  readonly port: number
  readonly vault: SendContext
  readonly callers: Callers
  readonly log: Logger
  readonly tracing: Tracing
  readonly clock: Clock
  /** How long a stop waits for the next request on a connection that is kept alive, which is then told that it is the last. */
  readonly lingerMs: number
}

const ROUTE = /^\/v1\/proxy\/([A-Za-z0-9_]{1,64})(\/[^#]*)?(\?.*)?$/
const HEADERS_TIMEOUT_MS = 30_000
const MOST_HEADER_BYTES = 32 * 1024
/** After it whatever is under way is cut. */
const DRAIN_MS = 20_000
/** A reason, so that no exception is made. */
const STOPPED = 'stopped'

/** `ANY /v1/proxy/{credential or capability}/{path…}`: the way of an agent's call. `Credence-Origin` says whose answer it is. */
export async function startDataListener(options: DataListenerOptions): Promise<{ address: string; stop(): Promise<void> }> {
  const server = createServer(
    { maxHeaderSize: MOST_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0, insecureHTTPParser: false },
    (request, response) => {
      // While stopping no client must find his connection closed under the request that he is just sending.
      if (!server.listening) response.shouldKeepAlive = false
      void withTraceFrom(header(request, 'traceparent'), () =>
        options.tracing.span('proxy', { method: request.method }, () => answer(options, request, response)),
      )
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject('code' in error && error.code === 'EADDRINUSE' ? new CodedError('PORT_IN_USE') : error))
    server.listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return { address: `${options.host}:${port}`, stop: () => stop(server, options) }
}

async function answer(options: DataListenerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const aborted = new AbortController()
  response.once('close', () => {
    // An abort makes an exception with its stack: too dear for a call that came to its end.
    if (!response.writableFinished) aborted.abort()
  })
  let credentialId: string | undefined
  try {
    const [, id, path = '/', query = ''] = ROUTE.exec(request.url ?? '') ?? []
    if (id === undefined) throw new CodedError('NOT_FOUND', 'The address is /v1/proxy/{credential_id}/{path}.')
    credentialId = id
    const principal = await authenticated(options, request)
    const result = await send(options.vault, principal, {
      credentialId: id,
      method: request.method ?? 'GET',
      path: path + query,
      headers: pairs(request.rawHeaders),
      consumer: header(request, 'credence-consumer') ?? '',
      capability: header(request, 'credence-capability') ?? '',
      noReplay: header(request, 'credence-no-replay') !== undefined,
      ...bodyOf(request),
      signal: aborted.signal,
    })
    await deliver(result, response)
    endUnread(request, response)
  } catch (error) {
    fail(options, response, { error, credentialId: credentialId?.startsWith('cap_') ? undefined : credentialId })
  }
}

async function authenticated({ callers, vault }: DataListenerOptions, request: IncomingMessage): Promise<Principal> {
  const shown = { authorization: header(request, 'authorization') ?? '', user: header(request, 'credence-user') ?? '' }
  try {
    return await callers.authenticate(shown, 'http')
  } catch (error) {
    countDenial(vault.metrics, error)
    throw error
  }
}

async function deliver(result: ProxyAnswer, response: ServerResponse): Promise<void> {
  const own = ['Credence-Origin', 'upstream', ...(result.replayed ? ['Credence-Replayed', 'true'] : [])]
  try {
    response.writeHead(result.status, [...result.headers.flat(), ...own])
    flushBefore(result.body, response)
    await pour(result.body, response)
  } finally {
    // Also when the head cannot be written: the call upstream must not outlive its caller.
    result.body.destroy()
  }
}

/** A head whose body is there already goes out with it, in one write; a stream that is still silent must not hold it back. */
function flushBefore(body: Readable, response: ServerResponse): void {
  const flushing = setImmediate(() => response.flushHeaders())
  body.once('data', () => clearImmediate(flushing))
}

/** `stream.pipeline` would end each call with an abort, whose exception costs more than the pouring. */
function pour(body: Readable, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    body.once('error', reject)
    response.once('finish', resolve)
    response.once('close', () => {
      if (!response.writableFinished) reject(new CodedError('DEADLINE_EXCEEDED', 'The call was given up by the caller.'))
    })
    body.pipe(response)
  })
}

/** What the caller still sends when he has his answer would be read as his next request: the connection ends with it. */
function endUnread(request: IncomingMessage, response: ServerResponse): void {
  if (!request.complete && response.writableEnded) request.socket.destroySoon()
}

function fail(options: DataListenerOptions, response: ServerResponse, at: { error: unknown; credentialId: string | undefined }): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const coded = isCoded(at.error) ? at.error : faultOfOurs(at.error, options.log)
  const problem = problemOf(coded, { credentialId: at.credentialId, traceId: currentTraceId() })
  const body = JSON.stringify(problem)
  const { retry_after_ms: waitMs } = problem
  const retry = waitMs === undefined ? {} : { 'Retry-After': String(Math.ceil(waitMs / 1000)) }
  // What the caller still sends is not read: the connection would carry it into the next request.
  response.writeHead(problem.status, {
    'Content-Type': PROBLEM_TYPE,
    'Content-Length': Buffer.byteLength(body),
    'Credence-Origin': 'credence',
    Connection: 'close',
    ...retry,
  })
  response.end(body)
}

/** Whatever is not coded is our bug: the caller gets an incident id, and its text goes nowhere. */
function faultOfOurs(error: unknown, log: Logger): CodedError {
  const incident = log.failure('proxy.failed', error).incident ?? ''
  return new CodedError('INTERNAL', `Something went wrong on our side; incident ${incident}.`, { facts: { incident } })
}

function bodyOf(request: IncomingMessage): { body?: AsyncIterable<Uint8Array>; contentLength?: number } {
  const length = header(request, 'content-length')
  if (length === undefined && header(request, 'transfer-encoding') === undefined) return {}
  return { body: request, ...(length === undefined ? {} : { contentLength: Number(length) }) }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i]!, raw[i + 1]!])
  return list
}

async function stop(server: Server, { clock, lingerMs }: DataListenerOptions): Promise<void> {
  const ended = new AbortController()
  // Not the HTTP server's own, which closes idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  const closing = (async () => {
    if (lingerMs > 0) await clock.sleep(lingerMs, ended.signal)
    server.closeIdleConnections()
    await clock.sleep(DRAIN_MS - lingerMs, ended.signal)
    server.closeAllConnections()
  })().catch(() => undefined)
  await closed
  ended.abort(STOPPED)
  await closing
}
