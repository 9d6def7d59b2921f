/**
 * The way of a fact from the write that made it to a subscriber, in one process, so that one clock measures both ends; and
 * beside it what the same server needs for a message as such.
 *
 *     node events-main.ts '{"nats", "lazyNats", "file", "mongodb"?, "database"?}'
 *
 *     GET /raw?ms=MS              publish → pull, one after the other: {"ops", "ms", "latencies"}
 *     GET /mongodb?ms=MS          change committed → subscriber called, one after the other, also "toPublish", "between"
 *     GET /sqlite?ms=MS           the same with the documents in SQLite
 *     GET /acks?ms=MS             acknowledged messages, 64 on their way
 *     GET /lazy-acks?ms=MS        the same at the server that syncs now and then
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openJetStreamBus } from '@credence/events'
import { systemClock as clock, createLogger, systemRandom as random, runUntilSignal } from '@credence/service'
import { openMongoStore, openSqliteStore } from '@credence/store'
import { openFactWay } from './fact-way.ts'
import { openRawStream } from './raw-stream.ts'

interface Told {
  readonly nats: string
  readonly lazyNats: string
  readonly file: string
  readonly mongodb?: string
  readonly database?: string
}

const told = JSON.parse(process.argv[2] ?? '{}') as Told
const { nats, lazyNats, file, mongodb, database = '' } = told

await runUntilSignal(async () => {
  const [raw, lazy] = [await openRawStream(nats), await openRawStream(lazyNats)]
  const bus = await openJetStreamBus({ servers: [nats], clock, random, log: createLogger({ service: 'bench', level: 'error' }) })
  const sqlite = await openFactWay({ store: await openSqliteStore({ file, random }), bus, project: 'proj_sqlite' })
  const mongo =
    mongodb === undefined
      ? undefined
      : await openFactWay({ store: await openMongoStore({ url: mongodb, database, random }), bus, project: 'proj_mongodb' })
  const cases: Readonly<Record<string, ((ms: number) => Promise<unknown>) | undefined>> = {
    '/raw': raw.oneByOne,
    '/acks': raw.acks,
    '/lazy-acks': lazy.acks,
    '/sqlite': sqlite.oneByOne,
    '/mongodb': mongo?.oneByOne,
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://events.invalid')
    void cases[pathname]?.(Number(searchParams.get('ms'))).then((sample) => response.end(JSON.stringify(sample)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      for (const one of [sqlite, mongo, bus, raw, lazy]) await one?.close()
    },
  }
})
