import { setTimeout as pause } from 'node:timers/promises'
import { isCoded } from '@credence/errors'
import { systemRandom } from '@credence/service'
import { type Collection, type Doc, type DocumentStore, openMongoStore } from '@credence/store'
import { seededRandom, startMongodb } from '@credence/testkit'
import { startProxy } from '../../../libs/store/test/mongodb-proxy.ts'
import { stepDown } from '../../../libs/store/test/step-down.ts'
import { judgeWrites, type Write } from './judge-writes.ts'
import { notRun, type Scenario, type ScenarioOptions, type ScenarioReport } from './scenario.ts'

const WRITERS = 4
const DOCUMENTS = 4
const LIMITS = { selectionTimeoutMs: 10_000, operationTimeoutMs: 10_000 }
const PATIENCE_MS = 60_000

/** R16, where there is a real one. The database `torture_<random>` is left on it. */
export const stepDowns: Scenario = {
  name: 'step-downs',
  title: 'R16 the primary of a replica set steps down under load',
  smoke: 2,
  full: 100,
  async run(options) {
    const url = process.env.MONGODB_RS_URL
    if (url === undefined || url === '') return notRun('MONGODB_RS_URL')
    const database = `torture_${Buffer.from(systemRandom.bytes(6)).toString('hex')}`
    return underLoad(options, { url, direct: url, database, inject: async () => stepDown(url) })
  },
}

/** The same at the wire, where there is none: connections are cut where the answer to a write would come, or before it went out. */
export const cutWrites: Scenario = {
  name: 'cut-writes',
  title: 'R16 step-downs imitated by a proxy that cuts in the middle of writes',
  smoke: 10,
  full: 100,
  async run(options) {
    await using mongodb = await startMongodb()
    await using proxy = await startProxy(mongodb.url)
    const random = seededRandom(options.seed)
    const inject = async (): Promise<boolean> => {
      const before = proxy.cuts
      const bytes = markOf(`counter-${Math.floor(random.fraction() * DOCUMENTS)}`)
      if (random.fraction() < 0.5) proxy.cutAnswerTo(bytes)
      else proxy.cutBefore(bytes)
      return waitFor(() => proxy.cuts > before)
    }
    return await underLoad(options, { url: proxy.url, direct: mongodb.url, database: 'torture', inject })
  },
}

interface Load {
  /** As the writers reach it, and past what is injected. */
  readonly url: string
  readonly direct: string
  readonly database: string
  /** One fault; gives whether it happened. */
  inject(): Promise<boolean>
}

interface Counter extends Doc {
  readonly count: number
  readonly mark: string
}

/** It goes over the wire to the server with a write only. */
const markOf = (id: string): string => `written-${id}.`

const SPEC = { name: 'torture_counters', indexes: [] }

/** Writers who count up the same documents by compare-and-set, and note every answer. */
async function underLoad({ size, note }: ScenarioOptions, { url, direct, database, inject }: Load): Promise<ScenarioReport> {
  const open = (to: string) => openMongoStore({ url: to, database, random: systemRandom, ...LIMITS })
  const stores: DocumentStore[] = []
  const acknowledged: Write[] = []
  const refused = { conflicts: 0, unavailable: 0 }
  let working = true
  const lanes: Promise<void>[] = []
  try {
    for (let writer = 0; writer < WRITERS; writer++) {
      const store = await open(url)
      stores.push(store)
      const counters = await store.collection<Counter>(SPEC)
      lanes.push(countUp(counters, { writer, acknowledged, refused, goesOn: () => working }))
    }
    let injected = 0
    for (let fault = 0; fault < size; fault++) {
      const before = acknowledged.length
      if (!(await waitFor(() => acknowledged.length > before + WRITERS))) break
      if (await inject()) injected++
      if ((fault + 1) % 10 === 0) note(`${fault + 1} faults, ${acknowledged.length} writes`)
    }
    working = false
    await Promise.all(lanes)
    const faults = judgeWrites(acknowledged, await heldBy(await open(direct), stores))
    const figures = { 'answered writes': acknowledged.length, conflicts: refused.conflicts, 'without an answer': refused.unavailable }
    return { planned: size, injected, faults, figures }
  } finally {
    working = false
    await Promise.allSettled(lanes)
    await Promise.all(stores.map((store) => store.close()))
  }
}

interface Counting {
  readonly writer: number
  readonly acknowledged: Write[]
  readonly refused: { conflicts: number; unavailable: number }
  goesOn(): boolean
}

async function countUp(counters: Collection<Counter>, { writer, acknowledged, refused, goesOn }: Counting): Promise<void> {
  for (let turn = writer; goesOn(); turn++) {
    const id = `counter-${turn % DOCUMENTS}`
    try {
      const found = await counters.get(id, { fresh: true })
      const count = (found?.count ?? 0) + 1
      await (found === undefined
        ? counters.insert({ id, v: 1, count, mark: markOf(id) })
        : counters.replace({ ...found, count }, found.rev))
      acknowledged.push({ id, count, writer })
    } catch (error) {
      if (isCoded(error, 'STORE_UNAVAILABLE')) refused.unavailable++
      else if (isCoded(error, 'CONFLICT') || isCoded(error, 'ALREADY_EXISTS')) refused.conflicts++
      else throw error
    }
  }
}

async function heldBy(store: DocumentStore, stores: DocumentStore[]): Promise<ReadonlyMap<string, number>> {
  stores.push(store)
  const counters = await store.collection<Counter>(SPEC)
  const ids = Array.from({ length: DOCUMENTS }, (_, n) => `counter-${n}`)
  const docs = await Promise.all(ids.map((id) => counters.get(id, { fresh: true })))
  return new Map(docs.flatMap((doc) => (doc === undefined ? [] : [[doc.id, doc.count]])))
}

async function waitFor(isSo: () => boolean): Promise<boolean> {
  const patience = performance.now() + PATIENCE_MS
  while (!isSo() && performance.now() < patience) await pause(2)
  return isSo()
}
