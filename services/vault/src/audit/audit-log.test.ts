import { readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { seededRandom, TestClock, tempHome } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import type { AppendHandle } from './append-file.ts'
import { type AuditLogOptions, openAuditLog } from './audit-log.ts'
import { frame, readFrames } from './frames.ts'
import type { AuditRecord } from './record.ts'

const home = tempHome()
const clock = new TestClock()
const key = Buffer.alloc(32, 7)
let logs = 0

const record = (use: string, members: Partial<AuditRecord> = {}): AuditRecord => ({
  use,
  phase: 'began',
  action: 'send',
  at: clock.now(),
  project: 'proj_1',
  credential: 'cred_1',
  subject: 'key_1',
  ...members,
})

async function written(count: number): Promise<{ options: AuditLogOptions; path: string; head: { count: number; mac: string } }> {
  const options = { folder: home.path, instance: `vault-${logs++}`, key, clock }
  const { log } = await openAuditLog(options)
  await Promise.all(Array.from({ length: count }, (_, i) => log.append(record(`use-${i}`))))
  const head = log.head()
  await log.close()
  return { options, path: join(home.path, 'audit', `${options.instance}.log`), head }
}

async function reopened(options: AuditLogOptions): Promise<string> {
  try {
    const { log, records } = await openAuditLog(options)
    await log.close()
    return `${records.length} records`
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('the audit log', () => {
  test('reads back what was appended at once, in order, under one chain', async () => {
    const { options, head } = await written(300)
    const { log, records } = await openAuditLog({ ...options, anchored: { ...head, at: new Date(clock.now()) } })
    expect(records.map(({ use }) => use)).toEqual(Array.from({ length: 300 }, (_, i) => `use-${i}`))
    expect(log.head()).toEqual(head)
    await log.close()
  })

  test('finds every edit, delete and reorder of 1,000', async () => {
    const { options, path, head } = await written(20)
    const whole = readFileSync(path)
    const { payloads } = readFrames(whole)
    const anchored = { ...head, at: new Date(clock.now()) }
    const random = seededRandom('audit')
    const pick = (below: number): number => Math.floor(random.fraction() * below)
    const damages: (() => Buffer)[] = [
      () => {
        const copy = Buffer.from(whole)
        copy[pick(copy.length)]! ^= 1 << pick(8)
        return copy
      },
      () => Buffer.concat(payloads.toSpliced(pick(20), 1).map(frame)),
      () => {
        const [from, to] = [pick(20), pick(19)]
        const moved = payloads.toSpliced(from, 1).toSpliced(to >= from ? to + 1 : to, 0, payloads[from]!)
        return Buffer.concat(moved.map(frame))
      },
      // One who has no key writes a record with a right checksum.
      () =>
        Buffer.concat(
          [...payloads.slice(0, 19), Buffer.concat([payloads[19]!.subarray(0, 32), Buffer.from(JSON.stringify(record('forged')))])].map(
            frame,
          ),
        ),
      () => whole.subarray(0, pick(whole.length)),
    ]
    let missed = 0
    for (let i = 0; i < 1_000; i++) {
      const damaged = damages[i % damages.length]!()
      if (damaged.equals(whole)) continue
      writeFileSync(path, damaged)
      if ((await reopened({ ...options, anchored })) !== 'ROLLED_BACK') missed += 1
    }
    expect(missed).toBe(0)
    writeFileSync(path, whole)
    expect(await reopened({ ...options, anchored })).toBe('20 records')
  })

  test('with another key is not its own', async () => {
    const { options } = await written(3)
    expect(await reopened({ ...options, key: Buffer.alloc(32, 8) })).toBe('ROLLED_BACK')
  })

  test('that goes beyond its anchor by changes of a moment is right, by older ones the store was put back', async () => {
    const options = { folder: home.path, instance: `vault-${logs++}`, key, clock }
    const { log } = await openAuditLog(options)
    await log.append(record('a'))
    const anchored = { ...log.head(), at: new Date(clock.now()) }
    await log.append(record('b', { phase: 'change', at: clock.now() + 60_000 }))
    expect(await reopened({ ...options, anchored })).toBe('2 records')
    await log.append(record('c', { at: clock.now() + 3_600_000 }))
    expect(await reopened({ ...options, anchored })).toBe('3 records')
    await log.append(record('d', { phase: 'change', at: clock.now() + 3_600_000 }))
    expect(await reopened({ ...options, anchored })).toBe('ROLLED_BACK')
    const { anchored: _none, ...restored } = { ...options, anchored }
    expect(await reopened(restored)).toBe('4 records')
    await log.close()
  })

  test('keeps its chain whole over records that a full disk refused', async () => {
    const options = { folder: home.path, instance: `vault-${logs++}`, key, clock }
    const full = await open('/dev/full', 'a')
    let isFull = false
    const sick = async (path: string): Promise<AppendHandle> => {
      const file = await open(path, 'a+')
      const appendFile = (data: Uint8Array): Promise<void> => (isFull ? full : file).appendFile(data)
      const { stat, read, datasync, truncate, close } = file
      const bound = { stat: stat.bind(file), read: read.bind(file), datasync: datasync.bind(file) }
      return { ...bound, truncate: truncate.bind(file), close: close.bind(file), appendFile } as unknown as AppendHandle
    }
    const { log } = await openAuditLog({ ...options, open: sick })
    const heard: string[] = []
    log.onRecord(({ use }) => heard.push(use))
    await log.append(record('one'))
    isFull = true
    const head = log.head()
    for (let i = 0; i < 3; i++) await expect(log.append(record('refused'))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    expect(log.head()).toEqual(head)
    isFull = false
    await log.append(record('two'))
    expect(heard).toEqual(['one', 'two'])
    await log.close()
    await full.close()
    expect(await reopened(options)).toBe('2 records')
  })
})
