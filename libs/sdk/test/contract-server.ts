import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the server got it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

type Answer = { readonly status?: number; readonly json?: unknown; readonly raw?: string; readonly headers?: Record<string, string> }
type Handler = (request: Received, params: Readonly<Record<string, string>>) => Answer | ((response: ServerResponse) => void)

/** A platform that speaks the contract of the REST API and of the proxy, as far as a test gives it answers. */
export interface ContractServer extends AsyncDisposable {
  readonly url: string
  readonly received: readonly Received[]
  /** `on('GET /v1/credentials/:id', …)`; the newest wins. */
  on(route: string, handler: Handler): void
  /** Cuts the connection of the next requests after they were read. */
  breakNext(times: number): void
}

/** Everything that an iterator gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export const KEY = 'crd_test-key'

export async function startContractServer(): Promise<ContractServer> {
  const routes: { method: string; pattern: RegExp; handler: Handler }[] = []
  const received: Received[] = []
  let toBreak = 0
  const server = createServer(async (message, response) => {
    const request = await receive(message)
    received.push(request)
    if (toBreak > 0) {
      toBreak--
      message.socket.destroy()
      return
    }
    answer(request, response)
  })
  const answer = (request: Received, response: ServerResponse): void => {
    if (request.headers.authorization !== `Bearer ${KEY}`) {
      refuse(response, 401, 'UNAUTHENTICATED')
      return
    }
    for (const { method, pattern, handler } of routes) {
      const match = pattern.exec(request.path)
      if (match === null || (method !== 'ANY' && method !== request.method)) continue
      const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]))
      const given = handler(request, params)
      if (typeof given === 'function') given(response)
      else send(response, given)
      return
    }
    refuse(response, 404, 'NOT_FOUND')
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    on(route, handler) {
      const [method = '', path = ''] = route.split(' ')
      const pattern = new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)').replace(/\*$/, '.*')}$`)
      routes.unshift({ method, pattern, handler })
    },
    breakNext: (times) => {
      toBreak = times
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A refusal as the platform writes it (RFC 9457). */
export function refuse(response: ServerResponse, status: number, code: string, more: object = {}): void {
  const problem = { type: `urn:credence:error:${code}`, title: code, status, code, detail: `Refused: ${code}.`, ...more }
  response.writeHead(status, { 'content-type': 'application/problem+json', 'credence-origin': 'credence' })
  response.end(JSON.stringify(problem))
}

function send(response: ServerResponse, { status = 200, json, raw, headers = {} }: Answer): void {
  response.writeHead(status, { ...(status === 204 ? {} : { 'content-type': 'application/json; charset=utf-8' }), ...headers })
  response.end(status === 204 ? undefined : (raw ?? JSON.stringify(json)))
}

async function receive(message: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  const { pathname, searchParams } = new URL(message.url ?? '/', 'http://host')
  return { method: message.method ?? '', path: pathname, query: searchParams, headers: message.headers, body: Buffer.concat(chunks) }
}
