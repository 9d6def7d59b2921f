import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '@credence/service'
import { seededRandom } from '@credence/testkit'
import { type FactSource, startFactSource } from './fact-source.ts'
import { judgeCopies, judgeFacts } from './judge-facts.ts'
import type { Scenario, ScenarioOptions, ScenarioReport } from './scenario.ts'

const DRAINED_MS = 30_000
/** So long is NATS away in the full size; with fewer changes for a shorter time. */
const AWAY = { ms: 300_000, atChanges: 5_000, power: 1.3 }
const PATIENCE_MS = 120_000
const LOOK_MS = 20

/** R11 */
export const natsGone: Scenario = {
  name: 'nats-gone',
  title: 'R11 NATS is gone while documents change',
  smoke: 200,
  full: 5_000,
  async run({ size, note }) {
    const source = await startFactSource({ documents: Math.ceil(size / 20), clock: systemClock })
    try {
      for (const id of source.ids) await source.change(id)
      await agree(source)
      await source.nats.kill()
      const before = source.seen.length
      const made = await changeSlowly(source, { size, overMs: Math.min(AWAY.ms, AWAY.ms * (size / AWAY.atChanges) ** AWAY.power), note })
      const heard = source.seen.length - before
      await source.nats.restart()
      const back = performance.now()
      await agree(source)
      const drainedMs = performance.now() - back
      const faults = [...(await judge(source))]
      if (heard > 0) faults.push(`${heard} facts came while NATS was gone`)
      if (drainedMs > DRAINED_MS) faults.push(`drained only ${Math.round(drainedMs / 1_000)} s after its return`)
      return { planned: size, injected: made, faults, figures: { ...figuresOf(source), 'drained s': tenths(drainedMs) } }
    } finally {
      await source.stop()
    }
  },
}

/** R12 */
export const natsKills: Scenario = {
  name: 'nats-kills',
  title: 'R12 NATS is killed under load',
  smoke: 3,
  full: 50,
  run: killAgainAndAgain,
}

const DOCUMENTS = 20
const WRITERS = 4

async function killAgainAndAgain({ size, seed, note }: ScenarioOptions): Promise<ScenarioReport> {
  const random = seededRandom(seed)
  const source = await startFactSource({ documents: DOCUMENTS, clock: systemClock })
  let working = true
  let changes = 0
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let i = writer; working; i += WRITERS, changes++) await source.change(source.ids[i % DOCUMENTS]!)
  })
  let injected = 0
  try {
    for (let kill = 0; kill < size; kill++) {
      const [seen, made] = [source.seen.length, changes]
      // Another moment each time, counted in facts: the kill falls among publishes, acknowledgements and handlers.
      await until(() => source.seen.length > seen + DOCUMENTS + random.fraction() * 50)
      await source.nats.kill()
      if (changes > made) injected++
      await source.nats.restart()
      if ((kill + 1) % 10 === 0) note(`${kill + 1} kills, ${changes} changes`)
    }
    working = false
    await Promise.all(writers)
    await agree(source)
    return { planned: size, injected, faults: await judge(source), figures: { changes, ...figuresOf(source) } }
  } finally {
    working = false
    await Promise.allSettled(writers)
    await source.stop()
  }
}

async function changeSlowly(
  source: FactSource,
  { size, overMs, note }: { readonly size: number; readonly overMs: number; readonly note: (line: string) => void },
): Promise<number> {
  note(`${size} changes in ${Math.round(overMs / 1_000)} s without NATS`)
  const from = performance.now()
  let made = 0
  while (made < size) {
    await source.change(source.ids[made % source.ids.length]!)
    const early = from + (++made / size) * overMs - performance.now()
    if (early > 0) await pause(early)
  }
  return made
}

/** Waits until the subscriber has heard the last fact of each document, or for so long that the judge may say it never will. */
export async function agree(source: FactSource): Promise<void> {
  const held = await source.held()
  const patience = performance.now() + PATIENCE_MS
  const isHeard = (): boolean => judgeFacts(source.seen, new Map([...held].map(([id, { seq }]) => [id, seq]))).length === 0
  const isCopied = (): boolean => judgeCopies(source.copies, held).length === 0
  while (!(isCopied() && isHeard()) && performance.now() < patience) await pause(LOOK_MS * 5)
}

export async function judge(source: FactSource): Promise<readonly string[]> {
  const held = await source.held()
  const told = new Map([...held].map(([id, { seq }]) => [id, seq]))
  return [...judgeFacts(source.seen, told), ...judgeCopies(source.copies, held)]
}

function figuresOf(source: FactSource): Record<string, number> {
  const ids = new Set(source.seen.map(({ id }) => id))
  return { facts: ids.size, repeats: source.seen.length - ids.size }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(LOOK_MS)
}

export function tenths(ms: number): number {
  return Math.round(ms / 100) / 10
}
