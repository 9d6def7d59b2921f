import { systemRandom } from '@credence/service'
import { haveMongodb, type MongodbServer, startMongodb } from '@credence/testkit'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { type Doc, type DocumentStore, openMongoStore } from '../src/index.ts'
import type { MongoStoreOptions } from '../src/mongodb/connection.ts'

/** Any members: the suites store what no service does. */
export interface AnyDoc extends Doc {
  readonly [member: string]: unknown
}

/** A server for one file, and stores that are closed after each test. */
export interface OwnServer {
  server(): MongodbServer
  /** A name that no test had before. */
  database(): string
  open(options: Pick<MongoStoreOptions, 'database'> & Partial<MongoStoreOptions>): Promise<DocumentStore>
}

const here = await haveMongodb()

/** A block of tests on a server of its own; skipped loudly where none can be had. */
export function describeOnMongodb(name: string, tests: (own: OwnServer) => void): void {
  describe.runIf(here)(name, () => {
    let running: MongodbServer | undefined
    let made = 0
    const stores: DocumentStore[] = []
    const server = (): MongodbServer => {
      if (!running) throw new TypeError('the server runs only during a test')
      return running
    }
    beforeAll(async () => {
      running = await startMongodb()
    })
    afterEach(async () => {
      for (const store of stores.splice(0)) await store.close()
    })
    afterAll(() => running?.stop())
    tests({
      server,
      database() {
        made += 1
        return `own_${made}`
      },
      async open(options) {
        const store = await openMongoStore({ url: server().url, random: systemRandom, ...options })
        stores.push(store)
        return store
      },
    })
  })
}

const LIMIT_MS = 20_000
const POLL_MS = 10

/** The first result of `attempt` that does not throw. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + LIMIT_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}
