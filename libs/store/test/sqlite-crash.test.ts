import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemRandom } from '@credence/service'
import { expect, it } from 'vitest'
import { type Collection, type Doc, openSqliteStore } from '../src/index.ts'
import { type Child, workplace } from './folder.ts'

interface Counted extends Doc {
  readonly count: number
}

const KILLS = 10
const SPEC = { indexes: [{ name: 'by_count', members: ['count'] }] }
const place = workplace()

it('[C-4] keeps every acknowledged write when its process is killed ten times', { timeout: 120_000 }, async () => {
  const file = join(await place.folder(), 'store.db')
  const acknowledged = new Map<string, number>()
  for (let kill = 0; kill < KILLS; kill++) {
    // A different moment each time, counted in writes because a clock would make it depend on the machine.
    const before = acknowledged.size
    await readUntilKilled(place.child('write', file), 20 + kill * 37, acknowledged)
    expect(acknowledged.size).toBeGreaterThan(before)
    await expectAll(file, acknowledged)
    expect(integrity(file)).toBe('ok')
  }
})

async function readUntilKilled(child: Child, lines: number, acknowledged: Map<string, number>): Promise<void> {
  let left = lines
  for await (const line of child.lines) {
    const [kind, id, count] = line.split(' ')
    if (id !== undefined) acknowledged.set(`${kind} ${id}`, Number(count))
    left -= 1
    if (left === 0) await child.kill()
  }
  await child.kill()
}

async function expectAll(file: string, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const store = await openSqliteStore({ file, random: systemRandom })
  try {
    const counters = await store.collection<Counted>({ name: 'crash_counters', ...SPEC })
    const facts = await store.collection<Counted>({ name: 'crash_facts', ...SPEC })
    const lost: string[] = []
    for (const [key, count] of acknowledged) {
      const [kind, id = ''] = key.split(' ')
      const found = await (kind === 'counter' ? counters : facts).get(id)
      // The last replacement may have been committed without its acknowledgement having come out.
      if (!found || found.count < count) lost.push(key)
    }
    expect(lost).toEqual([])
    for (const collection of [counters, facts]) await expectIndexed(collection)
  } finally {
    await store.close()
  }
}

/** Every document stands in the index once, where its present value puts it. */
async function expectIndexed(collection: Collection<Counted>): Promise<void> {
  let after: string | undefined
  let last = -1
  const seen = new Set<string>()
  do {
    const page = await collection.find('by_count', { prefix: [], limit: 500, ...(after !== undefined && { after }) })
    for (const doc of page.docs) {
      expect(doc.count).toBeGreaterThanOrEqual(last)
      expect(seen.has(doc.id)).toBe(false)
      last = doc.count
      seen.add(doc.id)
    }
    after = page.next
  } while (after !== undefined)
}

function integrity(file: string): unknown {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'crash%'").all()
    const rows = (table: string): unknown => db.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.n
    expect(tables.length).toBe(4)
    for (const name of ['crash_counters', 'crash_facts']) expect(rows(`${name}:by_count`)).toBe(rows(name))
    return db.prepare('PRAGMA integrity_check').get()?.integrity_check
  } finally {
    db.close()
  }
}
