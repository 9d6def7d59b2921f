import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Credence, CredenceError, createCredence } from '../src/index.ts'
import { type ContractServer, collect, KEY, refuse, startContractServer } from './contract-server.ts'
import { event } from './messages.ts'

let server: ContractServer
let credence: Credence

beforeEach(async () => {
  server = await startContractServer()
  credence = createCredence({ apiUrl: server.url, key: KEY })
})
afterEach(() => server[Symbol.asyncDispose]())

const message = (position: number): string => `event: credential.refreshed\nid: e.${position}\ndata: ${JSON.stringify(event(position))}\n\n`

/** Streams that the server plays one after the other; the last stays open. */
function play(...streams: readonly ((response: ServerResponse) => void)[]): void {
  let next = 0
  server.on('GET /v1/events/stream', () => (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    streams[Math.min(next++, streams.length - 1)]?.(response)
  })
}

async function take(count: number, options: Parameters<Credence['events']['tail']>[0] = {}): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const { cursor } of credence.events.tail({ reconnectMs: 0, ...options })) {
    seen.push(cursor)
    if (seen.length === count) break
  }
  return seen
}

describe('the tail', () => {
  test('goes on behind the last event after a cut line, and asks for nothing twice', async () => {
    play(
      (response) => {
        response.write(message(1) + message(2), () => setImmediate(() => response.destroy()))
      },
      (response) => response.end(message(3)),
      (response) => response.write(message(4)),
    )
    expect(await take(4, { from: 'e.0', types: ['credential.'] })).toEqual(['e.1', 'e.2', 'e.3', 'e.4'])
    expect(server.received.map(({ headers, query }) => [headers['last-event-id'], query.get('from'), query.get('types')])).toEqual([
      [undefined, 'e.0', 'credential.'],
      ['e.2', null, 'credential.'],
      ['e.3', null, 'credential.'],
    ])
  })

  test('gives times as dates and leaves the names in data alone', async () => {
    play((response) => response.write(`: hello\n\n${message(1)}`))
    for await (const seen of credence.events.tail()) {
      expect(seen).toMatchObject({ time: new Date('2026-11-21T01:02:03Z'), data: { version: 1, reason_code: 'due' }, cursor: 'e.1' })
      break
    }
  })

  test('reads events whose bytes and line ends are torn anywhere', async () => {
    const text = Buffer.from(message(1).replaceAll('\n', '\r\n').replace('due', 'dué') + message(2).replaceAll('\n', '\r'))
    play((response) => {
      const pieces = Array.from(text, (byte) => Buffer.from([byte]))
      const next = (): void => {
        const piece = pieces.shift()
        if (piece === undefined) response.end()
        else response.write(piece, next)
      }
      next()
    })
    expect(await take(2)).toEqual(['e.1', 'e.2'])
  })

  test('a place that cannot be continued is an error unless somebody asked to be told', async () => {
    const reset = 'event: reset\nid: f.9\ndata: {"cursor":"f.9","oldest":"2026-11-20T00:00:00.000Z"}\n\n'
    play((response) => response.write(reset + message(1)))
    await expect(take(1, { from: 'old.1' })).rejects.toMatchObject({ code: 'INVALID_CURSOR' })
    const told: unknown[] = []
    expect(await take(1, { from: 'old.1', onReset: (it) => told.push(it) })).toEqual(['e.1'])
    expect(told).toEqual([{ cursor: 'f.9', oldest: new Date('2026-11-20T00:00:00Z') }])
  })

  test('a refusal ends it, and so does a platform that was never there', async () => {
    server.on('GET /v1/events/stream', () => (response) => refuse(response, 403, 'SCOPE_REQUIRED'))
    await expect(take(1)).rejects.toMatchObject({ code: 'SCOPE_REQUIRED' })
    const dead = createCredence({ apiUrl: 'http://127.0.0.1:1', key: KEY })
    await expect(dead.events.tail({ reconnectMs: 0 })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('the signal ends it without an error and closes the line', async () => {
    const stop = new AbortController()
    const closed = new Promise((resolve) => play((response) => response.on('close', resolve).write(message(1) + message(2))))
    const seen: unknown[] = []
    for await (const { cursor } of credence.events.tail({ signal: stop.signal })) {
      seen.push(cursor)
      stop.abort()
    }
    expect(seen).toEqual(['e.1'])
    await closed
  })
})

test('the list goes on from the cursor of each full page and ends with one that is not full', async () => {
  server.on('GET /v1/events', ({ query }) => {
    const from = Number((query.get('from') ?? 'e.0').slice(2))
    const count = from === 0 ? Number(query.get('limit')) : 3
    const events = Array.from({ length: count }, (_, i) => event(from + i + 1))
    return { json: { events, cursor: `e.${from + count}` } }
  })
  const seen = await collect(credence.events.list({ credentialId: 'cred_1' }))
  expect(seen).toHaveLength(503)
  expect(seen.at(-1)?.cursor).toBe('e.503')
  expect(server.received).toHaveLength(2)
})

test('a list from a lost place is an error too', async () => {
  server.on('GET /v1/events', () => ({ json: { events: [], reset: { cursor: 'f.1' } } }))
  await expect(collect(credence.events.list({ from: 'old.1' }))).rejects.toBeInstanceOf(CredenceError)
})
