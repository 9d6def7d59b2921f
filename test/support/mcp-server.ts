import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { startUpstream } from '@credence/testkit'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

/** A Model Context Protocol server behind header authentication, with sessions and SSE answers. */
export interface HeaderAuthMcp {
  readonly server: Awaited<ReturnType<typeof startUpstream>>['server']
  /** Values of `Authorization` that were let in, in order. */
  readonly seen: string[]
  close(): Promise<void>
}

/** Lets in whoever sends one of these as `Authorization`. Its one tool, `whoami`, says which. */
export async function startMcpServer(names: Readonly<Record<string, string>>): Promise<HeaderAuthMcp> {
  const upstream = await startUpstream()
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const seen: string[] = []
  upstream.server.removeAllListeners('request')
  upstream.server.on('request', (request, response) => {
    const shown = request.headers.authorization ?? ''
    if (names[shown] === undefined) {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"unauthorized"}')
      return
    }
    seen.push(shown)
    transportFor(request, { sessions, who: () => names[shown] ?? '' })
      .then((transport) => transport.handleRequest(request, response))
      // Also of a client that has gone: nobody waits for this promise.
      .catch(() => response.destroy())
  })
  return {
    server: upstream.server,
    seen,
    async close() {
      await Promise.all([...sessions.values()].map((transport) => transport.close()))
      await upstream.close()
    },
  }
}

async function transportFor(
  request: IncomingMessage,
  { sessions, who }: { readonly sessions: Map<string, StreamableHTTPServerTransport>; readonly who: () => string },
): Promise<StreamableHTTPServerTransport> {
  const id = request.headers['mcp-session-id']
  const known = typeof id === 'string' ? sessions.get(id) : undefined
  if (known !== undefined) return known
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (session) => void sessions.set(session, transport),
  })
  const server = new McpServer({ name: 'orders', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Whose credential this is' }, () => ({ content: [{ type: 'text', text: who() }] }))
  await server.connect(transport as never)
  return transport
}
