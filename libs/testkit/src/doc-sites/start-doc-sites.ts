import { createServer, type Server } from 'node:http'
import type { DocSite } from './site.ts'

export interface DocSites {
  /** Host → server, for `startStandIns` and the `sites` of a scene. */
  readonly servers: Readonly<Record<string, Server>>
  /** What each host was asked for, in order. */
  readonly asked: readonly {
    readonly host: string
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, unknown>>
  }[]
  close(): Promise<void>
}

/** Servers for sites, to be led to by their names; nothing of them listens by itself. */
export function startDocSites(sites: readonly DocSite[]): DocSites {
  const asked: { host: string; method: string; url: string; headers: Readonly<Record<string, unknown>> }[] = []
  const servers = Object.fromEntries(
    sites.flatMap(({ hosts }) =>
      Object.entries(hosts).map(([host, answer]) => {
        const server = createServer((request, response) => {
          asked.push({ host, method: request.method ?? '', url: request.url ?? '', headers: request.headers })
          answer(request, response)
        })
        server.on('clientError', (_error, socket) => socket.destroy())
        return [host, server]
      }),
    ),
  )
  return {
    servers,
    asked,
    async close() {
      for (const server of Object.values(servers)) server.closeAllConnections()
    },
  }
}
