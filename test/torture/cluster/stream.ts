import { setTimeout as pause } from 'node:timers/promises'
import type { EventBus, Fact } from '@credence/events'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { type FactSource, startFactSource } from './fact-source.ts'
import { forged } from './forged.ts'
import { judgeFacts } from './judge-facts.ts'
import { agree, judge, tenths } from './nats.ts'
import type { Scenario, ScenarioOptions, ScenarioReport } from './scenario.ts'
import { ShiftedClock } from './shifted-clock.ts'

const RECOVERED_MS = 60_000
const STREAM = 'CREDENCE'
const DOCUMENTS = 50
const PATIENCE_MS = 180_000
/** The relay compares stream and log so often. That wait is spared, and counted. */
const COMPARED_MS = 10_000
const LOOK_MS = 100
const LONG_LOG = 2_000

export const streamLost: Scenario = {
  name: 'stream',
  title: 'R15 R14 T34 T35 the stream is deleted and truncated, and events and jobs are forged',
  smoke: 300,
  full: 20_000,
  run,
}

type Jsm = Awaited<ReturnType<typeof jetstreamManager>>

async function run(options: ScenarioOptions): Promise<ScenarioReport> {
  const { size, note } = options
  const clock = new ShiftedClock()
  const source = await startFactSource({ documents: Math.min(DOCUMENTS, size), clock, store: size > LONG_LOG ? 'sqlite' : 'mongodb' })
  const seconds: Record<string, number> = {}
  const faults: string[] = []
  let lost = 0
  try {
    await tell(source, size)
    await agree(source)
    note(`${size} facts told`)
    const losses = { deleted, truncated }
    for (const [how, lose] of Object.entries(losses)) {
      // What the relays noted of the stream is as long ago as it is at most.
      clock.shift(COMPARED_MS)
      const from = clock.now()
      const { isLess, after } = await loses(source.nats.url, lose)
      if (isLess) lost++
      const { facts, ms } = await reread(source, { clock, from, after })
      seconds[`s ${how}`] = tenths(ms)
      faults.push(...judgeFacts(facts, await toldBy(source)).map((fault) => `${how}: ${fault}`))
      if (ms > RECOVERED_MS) faults.push(`${how}: recovered only after ${Math.round(ms / 1_000)} s`)
      await source.change(source.ids[0]!)
      await agree(source)
      note(`${how}: recovered after ${tenths(ms)} s`)
    }
    faults.push(...(await judge(source)))
  } finally {
    await source.stop()
  }
  const lies = await forged(options)
  faults.push(...lies.faults)
  return { planned: 2 + lies.planned, injected: lost + lies.injected, faults, figures: { ...seconds, ...lies.figures } }
}

async function tell(source: FactSource, size: number): Promise<void> {
  const lanes = Array.from({ length: 16 }, async (_, lane) => {
    for (let i = lane; i < size; i += 16) await source.change(source.ids[i % source.ids.length]!)
  })
  await Promise.all(lanes)
}

async function toldBy(source: FactSource): Promise<ReadonlyMap<string, number>> {
  return new Map([...(await source.held())].map(([id, { seq }]) => [id, seq]))
}

interface Loss {
  readonly isLess: boolean
  /** What is published again comes after this position. */
  readonly after: number
}

/** What an operator does by mistake. */
async function loses(url: string, lose: (jsm: Jsm) => Promise<Loss>): Promise<Loss> {
  const nc = await connect({ servers: url })
  try {
    return await lose(await jetstreamManager(nc))
  } finally {
    await nc.close()
  }
}

async function deleted(jsm: Jsm): Promise<Loss> {
  return { isLess: await jsm.streams.delete(STREAM), after: 0 }
}

/** Takes the older half; the other stays before what is published again. */
async function truncated(jsm: Jsm): Promise<Loss> {
  const { first_seq: first, last_seq: last } = (await jsm.streams.info(STREAM)).state
  const { purged } = await jsm.streams.purge(STREAM, { seq: first + Math.ceil((last - first) / 2) })
  return { isLess: purged > 0, after: last }
}

/** Reads the stream from its beginning again and again until it is whole; gives the last reading, and when that was. */
async function reread(
  source: FactSource,
  { clock, from, after }: { readonly clock: ShiftedClock; readonly from: number; readonly after: number },
): Promise<{ readonly facts: readonly Fact[]; readonly ms: number }> {
  const patience = performance.now() + PATIENCE_MS
  clock.shift(COMPARED_MS)
  source.nudge()
  const told = await toldBy(source)
  const count = [...told.values()].reduce((sum, seq) => sum + seq, 0)
  const holds = async (): Promise<number> => (await source.buses[0]?.stream?.state({ fresh: true }).catch(() => undefined))?.newest ?? 0
  for (;;) {
    while ((await holds()) - after < count && performance.now() < patience) await pause(LOOK_MS)
    const facts = await readAll(source.buses[0]!, after)
    if (judgeFacts(facts, told).length === 0 || performance.now() > patience) return { facts, ms: clock.now() - from }
    await pause(LOOK_MS)
  }
}

/** All that the stream holds after a position, at this moment. */
async function readAll(bus: EventBus, after: number): Promise<readonly Fact[]> {
  const { oldest = 1, newest = 0 } = (await bus.stream?.state({ fresh: true }).catch(() => undefined)) ?? {}
  const facts: Fact[] = []
  if (newest < oldest || newest <= after) return facts
  for await (const message of bus.read({ from: new Date(0), signal: AbortSignal.timeout(PATIENCE_MS) })) {
    const position = Number(message.cursor.slice(message.cursor.indexOf('.') + 1))
    if ('fact' in message && position > after) facts.push(message.fact)
    if (position >= newest) break
  }
  return facts
}
