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
import { type Collection, type DocumentStore, openMongoStore } from '@credence/store'
import { type NatsServer, startMongodb, startNats } from '@credence/testkit'
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
}

const TAKEOVER_MS = 2_000
const SOURCE = 'registry'

/** On a MongoDB wire server and a NATS server of its own, each a process. */
export async function startFactSource({ documents, clock }: FactSourceOptions): Promise<FactSource> {
  const [mongodb, nats] = await Promise.all([startMongodb(), startNats()])
  const lines: string[] = []
  const log = createLogger({ service: SOURCE, write: (line) => void lines.push(line) })
  const ids = Array.from({ length: documents }, () => newId('cred', systemRandom.bytes))
  const project = newId('proj', systemRandom.bytes)
  const seen: Fact[] = []
  const copies = new Map<string, Known>()
  const replicas: { store: DocumentStore; parents: Collection<Parent>; bus: EventBus; relay: Relay }[] = []
  for (let n = 0; n < 2; n++) {
    const store = await openMongoStore({ url: mongodb.url, database: 'registry', random: systemRandom })
    const parents = await store.collection<Parent>({ name: 'registry_credentials', indexes: [OUTBOX_INDEX] })
    const bus = await openJetStreamBus({ servers: [nats.url], takeoverMs: TAKEOVER_MS, clock, random: systemRandom, log })
    const relay = await startRelay({ source: SOURCE, store, collections: [parents as never], bus, clock, log })
    await bus.subscribe('copies', {}, async ({ fact }) => {
      seen.push(fact)
      // A fact is a hint: what is true is read.
      if (fact.seq > (copies.get(fact.subject)?.seq ?? 0)) await copy(copies, parents, fact.subject)
    })
    replicas.push({ store, parents, bus, relay })
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
      for (const { relay, bus, store } of replicas) {
        await relay.stop()
        await bus.close()
        await store.close()
      }
      await Promise.all([nats.stop(), mongodb.stop()])
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
