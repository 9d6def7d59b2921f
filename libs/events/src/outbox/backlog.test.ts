import { systemRandom } from '@credence/service'
import { startMetrics } from '@credence/service/metrics'
import { openSqliteStore } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { credential, PROJECT } from '../../test/setting.ts'
import { observeOutbox } from './backlog.ts'
import { addFacts, type HasOutbox, OUTBOX_INDEX, withoutFacts } from './outbox.ts'

const clock = new TestClock()
const home = tempHome()
let store: Awaited<ReturnType<typeof openSqliteStore>>
beforeEach(async () => {
  store = await openSqliteStore({ file: `${home.path}/store.db`, random: systemRandom })
})
afterEach(async () => {
  await store.close()
  home.remove()
})

test('[C-6] the outbox tells how many facts wait and how long the oldest does, and nothing when all are out', async () => {
  const docs = await store.collection<HasOutbox>({ name: 'test_docs', indexes: [OUTBOX_INDEX] })
  const figures = startMetrics({ serviceName: 'registry', clock })
  observeOutbox({ metrics: figures.of('registry'), collections: [docs], clock })
  const told = async (): Promise<(string | undefined)[]> => {
    // Beyond the second for which a reading serves.
    await clock.advance(1_000)
    const text = await figures.text()
    return ['facts', 'oldest_seconds'].map((name) => new RegExp(`^credence_outbox_${name}{.*} (.+)$`, 'm').exec(text)?.[1])
  }
  expect(await told()).toEqual(['0', '0'])
  const written = []
  for (const n of [1, 2]) {
    const id = credential(n)
    const context = { source: 'registry', project: PROJECT, subject: id, now: clock.now(), random: systemRandom }
    const facts = Array.from({ length: n }, (_, version) => ({ type: 'credential.enabled' as const, data: { version: version + 1 } }))
    written.push(await docs.insert(addFacts({ id, v: 1, outbox: [], factSeq: 0 }, facts, context)))
    await clock.advance(10_000)
  }
  expect(await told()).toEqual(['3', '21'])
  for (const doc of written) await docs.replace(withoutFacts(doc, new Set(doc.outbox.map(({ id }) => id))), doc.rev)
  expect(await told()).toEqual(['0', '0'])
  await figures.shutdown()
})
