/**
 * What lies outside of the process under test, on the load generator's core: an API, a token endpoint, and a TLS address whose
 * connections are held back while its gate is shut.
 *
 *     GET  /small                 1 KiB of JSON
 *     GET  /big?bytes=N           N bytes
 *     GET  /guarded               401 unless the bearer token is the newest that /token gave
 *     POST /token?after=MS        new tokens, not before so long
 *     GET  /control/stats         { tokens, gated, held }
 *     GET  /counted               1 KiB of JSON, and the moment is kept
 *     GET  /control/counted?since=NS  { since: how many came after that moment of `process.hrtime.bigint()` }
 *     GET  /control/gate?open=1   lets what is held and what comes through; open=0 shuts it
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { runUntilSignal } from '@credence/service'
import { startStandIns } from '@credence/testkit'
import { startGate } from './gate.ts'

const SMALL = Buffer.from(JSON.stringify({ items: Array.from({ length: 16 }, (_, i) => ({ id: i, name: 'x'.repeat(40) })) }).padEnd(1024))
const BLOCK = Buffer.alloc(64 * 1024, 'abcdefghijklmnopqrstuvwxyz 0123456789\n')
const GATED_HOST = 'gated.example.com'

const seen = { tokens: 0, gated: 0 }
let newest = ''
/** `CLOCK_MONOTONIC`, which all processes of a machine share, in ns. */
const countedAt: bigint[] = []

await runUntilSignal(async () => {
  const api = createServer((request, response) => void answer(request, response))
  await listen(api)
  const standIns = await startStandIns([{ host: GATED_HOST, target: api }])
  const gate = await startGate(standIns.port)
  api.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://outside.invalid')
    if (url.pathname === '/control/gate') gate.set(url.searchParams.get('open') === '1')
    const since = BigInt(url.searchParams.get('since') ?? 0)
    const counted = countedAt.filter((moment) => moment > since).length
    if (url.pathname.startsWith('/control/')) response.end(JSON.stringify({ ...seen, held: gate.held(), since: counted }))
  })
  const ports = { port: portOf(api), gatePort: gate.port }
  console.log(JSON.stringify({ ...ports, gatedHost: GATED_HOST, caFile: standIns.caFile }))
  return {
    async stop() {
      api.close()
      api.closeAllConnections()
      gate.close()
      await standIns.close()
    },
  }
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://outside.invalid')
  if (url.pathname === '/small') return send(response, SMALL)
  if (url.pathname === '/counted') {
    countedAt.push(process.hrtime.bigint())
    return send(response, SMALL)
  }
  if (url.pathname === '/gated') {
    seen.gated++
    // The next call must open a connection of its own, and be held.
    response.setHeader('connection', 'close')
    return send(response, SMALL)
  }
  if (url.pathname === '/big') return stream(response, Number(url.searchParams.get('bytes')))
  if (url.pathname === '/token') return token(request, response, Number(url.searchParams.get('after') ?? 0))
  if (url.pathname === '/guarded') {
    const isNewest = request.headers.authorization === `Bearer ${newest}`
    response.writeHead(isNewest ? 200 : 401, { 'content-type': 'application/json', 'content-length': SMALL.byteLength })
    response.end(SMALL)
  }
}

function send(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.byteLength })
  response.end(body)
}

function stream(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': bytes })
  let left = bytes
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const block = left >= BLOCK.byteLength ? BLOCK : BLOCK.subarray(0, left)
      left -= block.byteLength
      if (!response.write(block)) return void response.once('drain', more)
    }
    if (left === 0) response.end()
  }
  more()
}

async function token(request: IncomingMessage, response: ServerResponse, afterMs: number): Promise<void> {
  await request.resume().toArray()
  if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs))
  seen.tokens++
  newest = `at_${randomBytes(200).toString('base64url')}`
  const tokens = {
    access_token: newest,
    refresh_token: `rt_${randomBytes(200).toString('base64url')}`,
    token_type: 'bearer',
    expires_in: 3600,
  }
  send(response, Buffer.from(JSON.stringify(tokens)))
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
