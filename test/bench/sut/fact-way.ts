import { newId } from '@credence/credential'
import { addFacts, type EventBus, type Fact, type HasOutbox, OUTBOX_INDEX, startRelay } from '@credence/events'
import { systemClock as clock, createLogger, systemRandom as random } from '@credence/service'
import type { Collection, DocumentStore, Stored } from '@credence/store'
import type { Sample } from '../runner.ts'

export interface FactWaySample extends Omit<Sample, 'cpuUs'> {
  /** Of each latency, up to the moment at which the relay publishes: the outbox found, the fact in the event log. */
  readonly toPublish: readonly number[]
}

/** Documents with an outbox, the relay and a durable subscriber, as a service has them. */
export interface FactWay {
  oneByOne(ms: number): Promise<FactWaySample>
  close(): Promise<void>
}

export interface FactWayOptions {
  readonly store: DocumentStore
  readonly bus: EventBus
  /** Of this way alone: its subscriber is given no others. */
  readonly project: string
}

/** A document is changed again when the relay is long done with it. */
const DOCUMENTS = 32
const log = createLogger({ service: 'bench', level: 'error' })

export async function openFactWay({ store, bus, project }: FactWayOptions): Promise<FactWay> {
  const marks = { published: 0, id: '', arrived: (_at: number): void => undefined }
  const collection = await store.collection<HasOutbox>({ name: 'bench_documents', indexes: [OUTBOX_INDEX] })
  const relay = await startRelay({ source: 'vault', store, collections: [collection], bus: noting(bus, marks), clock, log })
  const subscription = await bus.subscribe(project, { types: ['credential.refreshed'], project }, async ({ fact }) => {
    if (fact.id === marks.id) marks.arrived(performance.now())
  })
  const ids = Array.from({ length: DOCUMENTS }, () => newId('cred', (count) => random.bytes(count)))
  for (const id of ids) await collection.insert({ id, v: 1, outbox: [], factSeq: 0 })
  let next = 0
  const one = async (): Promise<{ whole: number; toPublish: number }> => {
    const changed = await changedDocument(collection, { id: ids[next++ % DOCUMENTS]!, project })
    marks.id = changed.outbox.at(-1)!.id
    const arrival = new Promise<number>((resolve) => {
      marks.arrived = resolve
    })
    await collection.replace(changed, changed.rev)
    const committed = performance.now()
    relay.nudge()
    const arrived = await arrival
    return { whole: arrived - committed, toPublish: marks.published - committed }
  }
  return {
    async oneByOne(ms) {
      const start = performance.now()
      const seen: { whole: number; toPublish: number }[] = []
      do seen.push(await one())
      while (performance.now() < start + ms)
      const latencies = seen.map(({ whole }) => whole)
      return { ops: seen.length, ms: performance.now() - start, latencies, toPublish: seen.map(({ toPublish }) => toPublish) }
    },
    async close() {
      await relay.stop()
      await subscription.close()
      await store.close()
    },
  }
}

/** The bus, with the moment of the last publish kept for the reader of the figures. */
function noting(bus: EventBus, marks: { published: number }): EventBus {
  return {
    ...bus,
    publish(facts: readonly Fact[]) {
      marks.published = performance.now()
      return bus.publish(facts)
    },
  }
}

async function changedDocument(
  collection: Collection<HasOutbox>,
  { id, project }: { readonly id: string; readonly project: string },
): Promise<Stored<HasOutbox>> {
  const found = await collection.get(id)
  if (found === undefined || found.outbox.length > 0) throw new TypeError('the relay is not done with a document of before')
  const context = { source: 'vault', project, subject: id, now: clock.now(), random }
  const data = {
    actor: 'service:vault',
    version: found.factSeq + 2,
    previous_version: found.factSeq + 1,
    expires_at: new Date(clock.now()),
  }
  return addFacts(found, [{ type: 'credential.refreshed', data }], context)
}
