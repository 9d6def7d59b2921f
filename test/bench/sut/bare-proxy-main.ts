/**
 * The baseline of the proxy rows: the least that a proxy on Node can do. Passes raw headers on by undici's `dispatch`, sets a
 * fixed bearer token and keeps back-pressure and aborts; no caller is checked, nothing is recorded, decrypted or scrubbed.
 * With `x-bench-synced` 300 bytes are on the disk before the call goes out.
 *
 *     node bare-proxy-main.ts <upstream port> <file>
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runUntilSignal } from '@credence/service'
import { type Dispatcher, Pool } from 'undici'
import { openSyncedLog } from './synced-log.ts'

const [upstreamPort, logFile = ''] = process.argv.slice(2)
const OWN = new Set(['host', 'connection', 'authorization', 'x-bench-synced'])
const HOP = new Set(['connection', 'keep-alive'])

await runUntilSignal(async () => {
  const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 64 })
  const log = await openSyncedLog(logFile)
  const server = createServer((request, response) => {
    if (request.headers['x-bench-synced'] === undefined) forward(pool, request, response)
    else void log.append().then(() => forward(pool, request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      await pool.destroy()
      await log.close()
    },
  }
})

function forward(pool: Pool, request: IncomingMessage, response: ServerResponse): void {
  const headers = ['authorization', 'Bearer ya29.secret-secret-secret-secret-secret']
  const { rawHeaders } = request
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (!OWN.has(rawHeaders[i]!.toLowerCase())) headers.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  const body = request.method === 'GET' ? null : request
  pool.dispatch({ path: request.url ?? '/', method: request.method as Dispatcher.HttpMethod, headers, body }, handler(response))
}

function handler(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      // Without it each caller that goes away would keep a connection of the pool for ever.
      response.once('close', () => {
        if (!response.writableFinished) controller.abort(new TypeError('the caller is gone'))
      })
    },
    onResponseStart(_controller, status, headers) {
      response.writeHead(status, Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name))))
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return
      controller.pause()
      response.once('drain', () => controller.resume())
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError() {
      if (response.destroyed) return
      if (!response.headersSent) response.writeHead(502)
      response.end()
    },
  }
}
