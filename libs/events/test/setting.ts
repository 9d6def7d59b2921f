import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idOf, newId } from '@credence/credential'
import { type Clock, createLogger, type Logger, systemClock, systemRandom } from '@credence/service'
import { type DocumentStore, openSqliteStore } from '@credence/store'
import { onTestFinished } from 'vitest'
import { type Delivery, type EventBus, type Fact, openEmbeddedBus, type Reset } from '../src/index.ts'
import type { ManualClock } from './manual-clock.ts'

export const silent: Logger = createLogger({ service: 'events', level: 'silent' })
export const PROJECT: string = idOf('proj', new Uint8Array(16))

/** A store in a folder of its own that goes with the test. */
export async function tempStore(): Promise<DocumentStore> {
  const folder = await mkdtemp(join(tmpdir(), 'events-'))
  const store = await openSqliteStore({ file: join(folder, 'store.db'), random: systemRandom })
  onTestFinished(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return store
}

/** The credential that a small number stands for. */
export function credential(n: number): string {
  const bytes = new Uint8Array(16)
  bytes[15] = n
  return idOf('cred', bytes)
}

export function fact(subject: string, seq: number, more: Partial<Fact> = {}): Fact {
  return {
    id: newId('evt', systemRandom.bytes),
    type: 'credential.refreshed',
    source: 'vault',
    project: PROJECT,
    subject,
    seq,
    time: new Date('2026-01-01T00:00:00Z'),
    data: { version: seq },
    ...more,
  }
}

/** What a subscriber was given, and a promise for the moment when that is enough. */
export class Seen {
  readonly facts: Fact[] = []
  readonly #waiting = new Set<() => void>()

  add(fact: Fact): void {
    this.facts.push(fact)
    for (const look of this.#waiting) look()
  }

  until(enough: (facts: readonly Fact[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!enough(this.facts)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  seqsOf(subject: string): number[] {
    return this.facts.filter((seen) => seen.subject === subject).map((seen) => seen.seq)
  }
}

/** Reads `count` messages and stops. */
export async function take(
  bus: EventBus,
  count: number,
  options: Omit<Parameters<EventBus['read']>[0], 'signal'>,
): Promise<(Delivery | Reset)[]> {
  const stop = new AbortController()
  const taken: (Delivery | Reset)[] = []
  for await (const message of bus.read({ ...options, signal: stop.signal })) {
    taken.push(message)
    if (taken.length === count) stop.abort()
  }
  return taken
}

export function isDelivery(message: Delivery | Reset): message is Delivery {
  return 'fact' in message
}

export function openBus(store: DocumentStore, clock: Clock = systemClock): Promise<EventBus> {
  return openEmbeddedBus({ store, clock, random: systemRandom, log: silent })
}

/** A bus that is closed when the test ends. */
export async function testBus(store: DocumentStore, clock?: Clock): Promise<EventBus> {
  const bus = await openBus(store, clock)
  onTestFinished(() => bus.close())
  return bus
}

/** The `seq` of each delivery, and a word for a reset. */
export function seqs(messages: readonly (Delivery | Reset)[]): (number | 'reset')[] {
  return messages.map((message) => (isDelivery(message) ? message.fact.seq : 'reset'))
}

/** Moves the clock while the sweepers sleep, and waits until they have swept and sleep again. */
export async function sweepAfter(clock: ManualClock, ms: number): Promise<void> {
  await clock.asleep(3_600_000, 3_600_000)
  clock.advance(ms)
  await clock.asleep(3_600_000, 3_600_000)
}
