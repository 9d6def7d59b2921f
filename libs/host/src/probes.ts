import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CodedError, isCoded } from '@credence/errors'
import { METRICS_CONTENT_TYPE, type ProcessMetrics } from '@credence/service/metrics'
import { within } from '@credence/service/within'

export interface Probes {
  /** `http://host:port` */
  readonly address: string
  /** Not ready any more, while what is under way is finished. */
  drain(): void
  close(): Promise<void>
}

/** A probe that hangs would be taken for one that failed, and say nothing of why. */
const PATIENCE_MS = 2_000

/**
 * `GET /livez`: 200 while the process answers. `GET /readyz`: 200 `{"ready":true}` when `ready` resolves in time, else 503
 * `{"ready":false,"code":…}` with the code of what is missing. `GET /metrics`: figures as Prometheus
 * scrapes them. None tells of anybody's credentials, so nobody has to be let in. Throws PORT_IN_USE.
 */
export async function startProbes(options: {
  readonly host: string
  readonly port: number
  /** Resolves with what is missing although the service can do its work: the code of each. */
  readonly ready: () => Promise<readonly string[]>
  readonly figures: Pick<ProcessMetrics, 'text'>
  /** How long `ready` may take before it is 503 DEADLINE_EXCEEDED. Default 2 s. */
  readonly patienceMs?: number
}): Promise<Probes> {
  const { patienceMs = PATIENCE_MS } = options
  let draining = false
  const server = createServer((request, response) => {
    if (request.url === '/metrics') return void tellFigures(options.figures, response)
    void answer(request.url ?? '').then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
  })
  async function answer(path: string): Promise<[number, object]> {
    if (path === '/livez') return [200, { live: true }]
    if (path !== '/readyz') return [404, { code: 'NOT_FOUND' }]
    if (draining) return [503, { ready: false, code: 'DRAINING' }]
    try {
      const without = await within(patienceMs, options.ready())
      return [200, { ready: true, ...(without.length === 0 ? {} : { without }) }]
    } catch (error) {
      return [503, { ready: false, code: isCoded(error) ? error.code : 'INTERNAL' }]
    }
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new CodedError('PORT_IN_USE', `Port ${options.port} is in use: stop its holder or choose another.`)))
    server.listen(options.port, options.host, resolve)
  })
  return {
    address: `http://${options.host}:${(server.address() as AddressInfo).port}`,
    drain() {
      draining = true
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function tellFigures(figures: Pick<ProcessMetrics, 'text'>, response: ServerResponse): Promise<void> {
  try {
    const text = await figures.text()
    response.writeHead(200, { 'content-type': METRICS_CONTENT_TYPE }).end(text)
  } catch {
    // Whoever scrapes sees that there are none; why is no secret, but nobody's to read here either.
    response.writeHead(503).end()
  }
}
