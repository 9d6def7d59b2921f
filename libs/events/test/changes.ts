import { type Clock, systemClock, systemRandom } from '@credence/service'
import type { Collection, DocumentStore } from '@credence/store'
import type { NatsServer } from '@credence/testkit'
import { onTestFinished } from 'vitest'
import { addFacts, type EventBus, type Fact, type HasOutbox, OUTBOX_INDEX, type Relay, startRelay } from '../src/index.ts'
import { testBusOn } from './jetstream-setting.ts'
import { credential, PROJECT, Seen, silent, tempStore } from './setting.ts'

const POLL_MS = 20

interface Parent extends HasOutbox {
  readonly status: string
}

/** The documents of one service, which are changed as a use case changes them. */
export interface Source {
  readonly store: DocumentStore
  readonly parents: Collection<Parent>
  /** One change with one fact. */
  change(id: string): Promise<void>
  /** The number of facts that the documents have told, each by its id. */
  told(ids: readonly string[]): Promise<Map<string, number>>
}

export async function openSource(): Promise<Source> {
  const store = await tempStore()
  const parents = await store.collection<Parent>({ name: 'registry_credentials', indexes: [OUTBOX_INDEX] })
  const tryChange = async (id: string): Promise<void> => {
    const found = await parents.get(id, { fresh: true })
    const doc = found ?? { id, v: 1, status: 'active', outbox: [], factSeq: 0 }
    const context = { source: 'registry', project: PROJECT, subject: id, now: Date.now(), random: systemRandom }
    const changed = addFacts<Parent>(doc, [{ type: 'credential.enabled', data: { version: doc.factSeq + 1 } }], context)
    await (found ? parents.replace(changed, found.rev) : parents.insert(changed))
  }
  return {
    store,
    parents,
    async change(id) {
      for (let done = false; !done; ) {
        // The relay writes the same document: whoever is late reads again.
        done = await tryChange(id).then(
          () => true,
          () => false,
        )
      }
    },
    async told(ids) {
      const docs = await Promise.all(ids.map((id) => parents.get(id, { fresh: true })))
      return new Map(docs.map((doc, i) => [ids[i]!, doc?.factSeq ?? 0]))
    },
  }
}

export async function relayOf({ store, parents }: Source, bus: EventBus, clock: Clock = systemClock): Promise<Relay> {
  const relay = await startRelay({ source: 'registry', store, collections: [parents], bus, clock, log: silent, intervalMs: 500 })
  onTestFinished(() => relay.stop())
  return relay
}

/** The highest `seq` of each subject, in the order of first sight; throws when one came before an earlier one. */
export function inOrder(facts: readonly Fact[]): Map<string, number> {
  const last = new Map<string, number>()
  for (const { subject, seq, data } of facts) {
    const before = last.get(subject) ?? 0
    // An outbox that grew too long joins facts: the later stands for those before it.
    const first = seq - (typeof data.coalesced === 'number' ? data.coalesced : 1) + 1
    if (first > before + 1) throw new TypeError(`${subject}: ${seq} came after ${before}`)
    last.set(subject, Math.max(before, seq))
  }
  return last
}

export function ids(count: number): string[] {
  return Array.from({ length: count }, (_, n) => credential(n))
}

/** A service that changes its documents, and a subscriber of its facts. */
export async function platform(server: NatsServer): Promise<{ readonly source: Source; readonly bus: EventBus; readonly seen: Seen }> {
  const source = await openSource()
  const bus = await testBusOn(server.url)
  const seen = new Seen()
  await bus.subscribe('witness', {}, async ({ fact: given }) => seen.add(given))
  return { source, bus, seen }
}

/** Resolves when the subscriber has seen all that the documents told. */
export async function agrees(seen: Seen, told: ReadonlyMap<string, number>): Promise<void> {
  await seen.until((facts) => {
    const last = new Map<string, number>()
    for (const { subject, seq } of facts) last.set(subject, Math.max(last.get(subject) ?? 0, seq))
    return [...told].every(([id, seq]) => (last.get(id) ?? 0) >= seq)
  })
}

/** Looks again and again; the test's own time is the limit. */
export async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await systemClock.sleep(POLL_MS)
}
