import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { type Clock, systemClock, systemRandom } from '@credence/service'
import { expect, it } from 'vitest'
import { SqliteCollection } from '../src/sqlite/collection.ts'
import type { Write, WriterOptions } from '../src/sqlite/protocol.ts'
import { startWriter, Writer } from '../src/sqlite/writer.ts'
import { workplace } from './folder.ts'

const place = workplace()
const SPEC = { name: 'writer_things', indexes: [] }
const limits = { clock: systemClock, timeoutMs: 60_000 }

function insert(at: number): Write {
  return { kind: 'insert', collection: SPEC.name, id: `d${at}`, rev: { n: 1, nonce: `n${at}` }, body: `{"id":"d${at}","v":1}` }
}

/** A clock whose sleepers wake when the test says so. */
function standingClock(): Clock & { wake(): void } {
  const sleepers = new Set<() => void>()
  return {
    now: () => 0,
    monotonicMs: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        sleepers.add(resolve)
        signal?.addEventListener('abort', () => {
          sleepers.delete(resolve)
          reject(signal.reason)
        })
      }),
    wake() {
      for (const sleeper of sleepers) sleeper()
    },
  }
}

it('settles every pending write when the thread is killed', async () => {
  const file = join(await place.folder(), 'store.db')
  const writer = await startWriter({ file, busyTimeoutMs: 50 }, limits)
  await writer.openCollection(SPEC)
  const writes = Array.from({ length: 300 }, (_, at) => writer.write(insert(at)))
  const [first] = writes
  await first
  await writer.kill()
  const results = await Promise.allSettled(writes)
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { facts: { fault: 'stopped' } } })
  await expect(writer.write(insert(999))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  const next = await startWriter({ file, busyTimeoutMs: 50 }, limits)
  await next.close()
  const ids = new Set(
    new DatabaseSync(file)
      .prepare('SELECT id FROM writer_things')
      .all()
      .map(({ id }) => id),
  )
  for (const [at, { status }] of results.entries()) if (status === 'fulfilled') expect(ids.has(`d${at}`)).toBe(true)
})

it('refuses what is pending when the disk does not answer in time, and goes on when it does', async () => {
  const file = join(await place.folder(), 'store.db')
  const clock = standingClock()
  const writer = await startWriter({ file, busyTimeoutMs: 60_000 }, { clock, timeoutMs: 1 })
  await writer.openCollection(SPEC)
  const intruder = new DatabaseSync(file)
  intruder.exec('BEGIN IMMEDIATE')
  const stalled = { code: 'STORE_UNAVAILABLE', details: { facts: { fault: 'stalled' } } }
  const writes = Array.from({ length: 100 }, (_, at) => writer.write(insert(at)))
  const outcomes = Promise.allSettled(writes)
  // The group leaves in a microtask; only then is there a watch over it.
  await Promise.resolve()
  clock.wake()
  for (const result of await outcomes) expect(result).toMatchObject({ status: 'rejected', reason: stalled })
  await expect(writer.write(insert(200))).rejects.toMatchObject(stalled)
  intruder.exec('ROLLBACK')
  intruder.close()
  await untilTaken(() => writer.write(insert(201)))
  await writer.close()
  const ids = new DatabaseSync(file)
    .prepare('SELECT id FROM writer_things')
    .all()
    .map(({ id }) => String(id))
  // The group that timed out arrived late; what was never sent did not.
  expect(ids).toContain('d0')
  expect(ids).not.toContain('d99')
  expect(ids).toContain('d201')
})

it('commits writes in groups of 64 at most, in the order they were asked for', async () => {
  const file = join(await place.folder(), 'store.db')
  const writer = await startWriter({ file, busyTimeoutMs: 50 }, limits)
  await writer.openCollection(SPEC)
  const before = await commits(file)
  const order: number[] = []
  await Promise.all(Array.from({ length: 200 }, (_, at) => writer.write(insert(at)).then(() => order.push(at))))
  expect(order).toEqual(Array.from({ length: 200 }, (_, at) => at))
  expect((await commits(file)) - before).toBe(4)
  await writer.close()
})

it('finds out by the nonce that a write was committed whose acknowledgement is lost', async () => {
  const file = join(await place.folder(), 'store.db')
  const options: WriterOptions = { file, busyTimeoutMs: 50 }
  const worker = new Worker(new URL('./dying-thread.ts', import.meta.url), { workerData: options, execArgv: [] })
  const writer = new Writer(worker, limits)
  await writer.openCollection(SPEC)
  const reader = new DatabaseSync(file, { readOnly: true })
  const things = new SqliteCollection(SPEC, { reader, writer, random: systemRandom })
  const inserted = await things.insert({ id: 'a', v: 1 })
  expect(await things.get('a')).toEqual(inserted)
  await expect(things.insert({ id: 'b', v: 1 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  reader.close()
})

/** The committed transactions in the log: frames whose header has the size of the file (sqlite.org/fileformat2.html §4.1). */
async function commits(file: string): Promise<number> {
  const log = await readFile(`${file}-wal`)
  const frame = 24 + log.readUInt32BE(8)
  let count = 0
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) !== 0) count += 1
  return count
}

async function untilTaken(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await attempt()
    } catch {
      // The answer of the thread comes with a later turn of the loop.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
