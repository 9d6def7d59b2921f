import { join } from 'node:path'
import { newId } from '@credence/credential'
import { isCoded } from '@credence/errors'
import {
  addFacts,
  type EventBus,
  type Fact,
  type HasOutbox,
  OUTBOX_INDEX,
  openJetStreamBus,
  type Relay,
  startRelay,
} from '@credence/events'
import { type Clock, createLogger, systemRandom } from '@credence/service'
import { type Collection, type DocumentStore, openMongoStore, openSqliteStore } from '@credence/store'
import { type NatsServer, startMongodb, startNats, tempHome } from '@credence/testkit'
import type { Known } from './judge-facts.ts'

export interface Parent extends HasOutbox {
  readonly version: number
}

/** A service of two replicas that tells facts, and a subscriber of two replicas that keeps copies of its documents. */
export interface FactSource {
  readonly nats: NatsServer
  /** The buses of the replicas; the first is the one to ask by. */
  readonly buses: readonly EventBus[]
  readonly ids: readonly string[]
  readonly project: string
  /** What the subscriber was given, in its order. */
  readonly seen: readonly Fact[]
  readonly copies: ReadonlyMap<string, Known>
  readonly lines: readonly string[]
  /** One change with its fact, by one of the replicas. */
  change(id: string): Promise<void>
  /** As the store has the documents. */
  held(): Promise<ReadonlyMap<string, Known>>
  nudge(): void
  stop(): Promise<void>
}

export interface FactSourceOptions {
  readonly documents: number
  readonly clock: Clock
  /**
   * Default `mongodb`, where each replica has a connection of its own. The wire server of the tests has no indexes: of a long
   * event log it reads all for every page, which says nothing of a database, so a long one is in `sqlite`.
   */
  readonly store?: 'mongodb' | 'sqlite'
}

const TAKEOVER_MS = 2_000
const SOURCE = 'registry'

/** On a store and a NATS server of its own. */
export async function startFactSource({ documents, clock, store: kind = 'mongodb' }: FactSourceOptions): Promise<FactSource> {
  const [stores, nats] = await Promise.all([kind === 'mongodb' ? onMongodb() : onSqlite(), startNats()])
  const lines: string[] = []
  const log = createLogger({ service: SOURCE, write: (line) => void lines.push(line) })
  const ids = Array.from({ length: documents }, () => newId('cred', systemRandom.bytes))
  const project = newId('proj', systemRandom.bytes)
  const seen: Fact[] = []
  const copies = new Map<string, Known>()
  const replicas: { parents: Collection<Parent>; bus: EventBus; relay: Relay }[] = []
  for (let n = 0; n < 2; n++) {
    const store = await stores.open()
    const parents = await store.collection<Parent>({ name: 'registry_credentials', indexes: [OUTBOX_INDEX] })
    const bus = await openJetStreamBus({ servers: [nats.url], takeoverMs: TAKEOVER_MS, clock, random: systemRandom, log })
    const relay = await startRelay({ source: SOURCE, store, collections: [parents as never], bus, clock, log })
    await bus.subscribe('copies', {}, async ({ fact }) => {
      seen.push(fact)
      // A fact is a hint: what is true is read.
      if (fact.seq > (copies.get(fact.subject)?.seq ?? 0)) await copy(copies, parents, fact.subject)
    })
    replicas.push({ parents, bus, relay })
  }
  let turn = 0
  return {
    nats,
    buses: replicas.map(({ bus }) => bus),
    ids,
    project,
    seen,
    copies,
    lines,
    async change(id) {
      const { parents, relay } = replicas[turn++ % replicas.length]!
      // The relays write the same document: whoever is late reads again.
      for (let done = false; !done; ) done = await changed(parents, { id, project, now: clock.now() })
      relay.nudge()
    },
    async held() {
      const { parents } = replicas[0]!
      const docs = await Promise.all(ids.map((id) => parents.get(id, { fresh: true })))
      return new Map(docs.flatMap((doc) => (doc === undefined ? [] : [[doc.id, { seq: doc.factSeq, version: doc.version }]])))
    },
    nudge() {
      for (const { relay } of replicas) relay.nudge()
    },
    async stop() {
      for (const { relay, bus } of replicas) {
        await relay.stop()
        await bus.close()
      }
      await Promise.all([nats.stop(), stores.stop()])
    },
  }
}

interface Stores {
  /** For one replica. */
  open(): Promise<DocumentStore>
  stop(): Promise<unknown>
}

async function onMongodb(): Promise<Stores> {
  const mongodb = await startMongodb()
  const opened: DocumentStore[] = []
  return {
    async open() {
      const store = await openMongoStore({ url: mongodb.url, database: SOURCE, random: systemRandom })
      opened.push(store)
      return store
    },
    async stop() {
      await Promise.all(opened.map((store) => store.close()))
      await mongodb.stop()
    },
  }
}

/** Of one process only, and so shared by the replicas. */
async function onSqlite(): Promise<Stores> {
  const home = tempHome()
  const store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random: systemRandom })
  return {
    open: async () => store,
    async stop() {
      await store.close()
      home.remove()
    },
  }
}

async function copy(copies: Map<string, Known>, parents: Collection<Parent>, id: string): Promise<void> {
  const doc = await parents.get(id, { fresh: true })
  if (doc !== undefined) copies.set(id, { seq: doc.factSeq, version: doc.version })
}

async function changed(
  parents: Collection<Parent>,
  { id, project, now }: { readonly id: string; readonly project: string; readonly now: number },
): Promise<boolean> {
  const found = await parents.get(id, { fresh: true })
  const doc: Parent = found ?? { id, v: 1, version: 0, outbox: [], factSeq: 0 }
  const version = doc.version + 1
  const context = { source: SOURCE, project, subject: id, now, random: systemRandom }
  const next = addFacts<Parent>({ ...doc, version }, [{ type: 'credential.enabled', data: { version } }], context)
  return (found === undefined ? parents.insert(next) : parents.replace(next, found.rev)).then(
    () => true,
    (error: unknown) => {
      if (isCoded(error, 'CONFLICT') || isCoded(error, 'ALREADY_EXISTS')) return false
      throw error
    },
  )
}
