import { once } from 'node:events'
import { mkdir, open as openFile, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemRandom } from '@credence/service'
import { expect, it } from 'vitest'
import { type Doc, type DocumentStore, openSqliteStore } from '../src/index.ts'
import { findDocuments, readDocument } from '../src/sqlite/sql.ts'
import { openForWriting } from '../src/sqlite/write-file.ts'
import { workplace } from './folder.ts'

interface Thing extends Doc {
  readonly kind?: string
}

const SPEC = { name: 'file_things', indexes: [{ name: 'by_kind', members: ['kind'] }] }
const place = workplace()
const open = (file: string): Promise<DocumentStore> => openSqliteStore({ file, random: systemRandom, busyTimeoutMs: 50 })
const fault = (name: string): object => ({ code: 'STORE_UNAVAILABLE', details: { facts: { fault: name } } })

it('refuses a second opener in the same process, by any name of the file', async () => {
  const folder = await place.folder()
  const file = join(folder, 'store.db')
  const store = await open(file)
  await symlink(file, join(folder, 'other.db'))
  await expect(open(file)).rejects.toMatchObject(fault('held'))
  await expect(open(join(folder, 'other.db'))).rejects.toMatchObject(fault('held'))
  await expect(store.ping()).resolves.toBeUndefined()
  await store.close()
  await (await open(join(folder, 'other.db'))).close()
})

it('refuses a second process until the first is killed', async () => {
  const file = join(await place.folder(), 'store.db')
  const holder = place.child('hold', file)
  await once(holder.lines, 'line')
  await expect(open(file)).rejects.toMatchObject(fault('held'))
  await holder.kill()
  const store = await open(file)
  const second = place.child('write', file)
  expect(await once(second.lines, 'line')).toEqual(['refused STORE_UNAVAILABLE held'])
  await store.close()
})

it('names the fault of a file that is not a store, and leaves it alone', async () => {
  const folder = await place.folder()
  const text = join(folder, 'text.db')
  await writeFile(text, 'not a database '.repeat(1_000))
  await expect(open(text)).rejects.toMatchObject(fault('damaged'))
  const foreign = join(folder, 'foreign.db')
  new DatabaseSync(foreign).exec('CREATE TABLE things (id)')
  await expect(open(foreign)).rejects.toMatchObject(fault('damaged'))
  const newer = join(folder, 'newer.db')
  await (await open(newer)).close()
  new DatabaseSync(newer).exec('PRAGMA user_version = 99')
  await expect(open(newer)).rejects.toMatchObject(fault('newer'))
  expect(new DatabaseSync(foreign).prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'things' }])
})

it('names the fault of a folder that cannot be', async () => {
  const folder = await place.folder()
  await writeFile(join(folder, 'file'), '')
  await expect(open(join(folder, 'file', 'store.db'))).rejects.toMatchObject(fault('unreachable'))
  await mkdir(join(folder, 'store.db'))
  await expect(open(join(folder, 'store.db'))).rejects.toMatchObject(fault('unreachable'))
})

it('makes files and folders that only their owner can read', async () => {
  const folder = join(await place.folder(), 'made', 'here')
  const store = await open(join(folder, 'store.db'))
  const things = await store.collection<Thing>(SPEC)
  await things.insert({ id: 'a', v: 1 })
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  const names = await readdir(folder)
  expect(names.sort()).toEqual(['store.db', 'store.db-shm', 'store.db-wal', 'store.db.lock'])
  for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
  await store.close()
  expect((await readdir(folder)).sort()).toEqual(['store.db', 'store.db.lock'])
})

it('answers cleanly when the file cannot grow, and again when there is room', async () => {
  const file = join(await place.folder(), 'store.db')
  // The shell counts in blocks of 512 bytes: 2 MiB for the largest file.
  const child = place.child('fill', file, 'ulimit -f 4096')
  const acknowledged: string[] = []
  let refusal = ''
  for await (const line of child.lines) {
    if (line.startsWith('fact')) acknowledged.push(line.split(' ')[1] ?? '')
    if (line.startsWith('refused')) refusal = line
  }
  expect(refusal).toMatch(/^refused STORE_UNAVAILABLE (full|unreachable)$/)
  expect(acknowledged.length).toBeGreaterThan(10)
  const store = await open(file)
  const facts = await store.collection<Thing>({ name: 'crash_facts', indexes: [] })
  for (const id of acknowledged) expect(await facts.get(id)).toBeDefined()
  await facts.insert({ id: 'room-again', v: 1 })
  await store.close()
  expect(new DatabaseSync(file).prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
})

it('refuses writes while another program locks the file, and takes them after', async () => {
  const file = join(await place.folder(), 'store.db')
  const store = await open(file)
  const things = await store.collection<Thing>(SPEC)
  const intruder = new DatabaseSync(file)
  intruder.exec('BEGIN IMMEDIATE')
  await expect(things.insert({ id: 'a', v: 1 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { facts: { fault: 'busy' } } })
  await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await things.get('a')).toBeUndefined()
  intruder.exec('ROLLBACK')
  intruder.close()
  await things.insert({ id: 'a', v: 1 })
  await store.close()
})

it('looks up by index, never by scanning, in both directions', async () => {
  const file = join(await place.folder(), 'store.db')
  const store = await open(file)
  const things = await store.collection<Thing>(SPEC)
  await Promise.all(Array.from({ length: 500 }, (_, at) => things.insert({ id: `d${at}`, v: 1, kind: `k${at % 5}` })))
  const db = new DatabaseSync(file, { readOnly: true })
  const plan = (sql: string): string[] =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail))
  expect(plan(readDocument('file_things'))).toEqual([expect.stringMatching(/^SEARCH file_things USING INDEX \S+ \(id=\?\)$/)])
  for (const reverse of [false, true]) {
    expect(plan(findDocuments('file_things', 'by_kind', reverse))).toEqual([
      'SEARCH i USING PRIMARY KEY (key>? AND key<?)',
      expect.stringMatching(/^SEARCH d USING INDEX \S+ \(id=\?\)$/),
    ])
  }
  db.close()
  await store.close()
})

it('keeps documents as JSON that a hand with sqlite3 can read', async () => {
  const file = join(await place.folder(), 'store.db')
  const store = await open(file)
  const things = await store.collection<Thing>(SPEC)
  const { rev } = await things.insert({ id: 'a', v: 1, kind: 'one' })
  await things.replace({ ...{ id: 'a', v: 1, kind: '$two', rev } }, rev)
  await store.close()
  const row = new DatabaseSync(file).prepare('SELECT id, n, body FROM file_things').get()
  expect({ ...row }).toEqual({ id: 'a', n: 2, body: '{"id":"a","v":1,"kind":"$$two"}' })
})

it('wipes what is removed from the file', async () => {
  const file = join(await place.folder(), 'store.db')
  const store = await open(file)
  const things = await store.collection<Thing>(SPEC)
  const { rev } = await things.insert({ id: 'a', v: 1, kind: 'wipe-me-canary'.repeat(500) })
  await things.remove('a', rev)
  await store.close()
  expect((await readFile(file)).includes('wipe-me-canary')).toBe(false)
})

it('reports a store whose file was overwritten, without hanging', async () => {
  const file = join(await place.folder(), 'store.db')
  const first = await open(file)
  const things = await first.collection<Thing>(SPEC)
  await Promise.all(Array.from({ length: 300 }, (_, at) => things.insert({ id: `d${at}`, v: 1, kind: 'x'.repeat(500) })))
  await first.close()
  const size = (await stat(file)).size
  const handle = await openFile(file, 'r+')
  await handle.write(Buffer.alloc(size - 8_192, 0xee), 0, size - 8_192, 8_192)
  await handle.close()
  const attempt = async (): Promise<void> => {
    const store = await open(file)
    try {
      const damaged = await store.collection<Thing>(SPEC)
      await damaged.get('d7')
    } finally {
      await store.close()
    }
  }
  await expect(attempt()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { facts: { fault: 'damaged' } } })
})

it('survives a power cut: the writing connection syncs the log at every commit', async () => {
  const db = openForWriting({ file: join(await place.folder(), 'store.db'), busyTimeoutMs: 50 })
  expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  db.close()
})
