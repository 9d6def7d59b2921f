import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '@credence/service'
import { TestClock, tempHome } from '@credence/testkit'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type AppendFile, type AppendFileOptions, type AppendHandle, openAppendFile } from './append-file.ts'
import { frame, readFrames } from './frames.ts'

const home = tempHome()
const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const file of closing.splice(0)) await file.close().catch(() => undefined)
})
let files = 0
const freshPath = (): string => join(home.path, `file-${files++}`)
const clock = new TestClock()

interface Opened {
  readonly file: AppendFile
  readonly texts: string[]
}

async function opened(path: string, options: Partial<AppendFileOptions> = {}): Promise<Opened> {
  const result = await openAppendFile({ path, clock, deadlineMs: 250, ...options })
  closing.push(result.file)
  return { file: result.file, texts: result.payloads.map(String) }
}
const text = (payload: string) => (): Buffer => Buffer.from(payload)

/** What a long computation does to the process: nothing else of it runs meanwhile. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** A disk that has answered by the next turn of the loop, however busy the machine is. */
const promptDisk = async (): Promise<AppendHandle> => {
  const answer = (): Promise<void> => setImmediate()
  const disk = { stat: async () => ({ size: 0 }), appendFile: answer, datasync: answer, truncate: answer, close: answer }
  return disk as unknown as AppendHandle
}

/** A real file whose disk can be full (a real ENOSPC from /dev/full) or hung. */
async function sickDisk(path: string): Promise<{ open: () => Promise<AppendHandle>; full: boolean; hang: Promise<void> | undefined }> {
  const file = await open(path, 'a+')
  const full: FileHandle = await open('/dev/full', 'a')
  const disk: { open: () => Promise<AppendHandle>; full: boolean; hang: Promise<void> | undefined } = {
    full: false,
    hang: undefined,
    open: async () =>
      ({
        stat: file.stat.bind(file),
        read: file.read.bind(file),
        truncate: file.truncate.bind(file),
        async appendFile(data: string | Uint8Array) {
          await disk.hang
          // Half of it reaches the file, as when a disk fills up in the middle of a write.
          if (disk.full) await file.appendFile((data as Uint8Array).subarray(0, 7))
          await (disk.full ? full : file).appendFile(data)
        },
        async datasync() {
          await disk.hang
          await file.datasync()
        },
        async close() {
          await Promise.all([file.close(), full.close()])
        },
      }) as unknown as AppendHandle,
  }
  return disk
}

describe('frames', () => {
  test('come back as they were given, up to where the bytes are torn', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.nat(), (payloads, cut) => {
        const whole = Buffer.concat(payloads.map(frame))
        const end = whole.length - (cut % (whole.length + 1))
        const read = readFrames(whole.subarray(0, end))
        expect(read.end).toBeLessThanOrEqual(end)
        expect(read.payloads.map((payload) => [...payload])).toEqual(payloads.slice(0, read.payloads.length).map((payload) => [...payload]))
        if (end === whole.length) expect(read.payloads).toHaveLength(payloads.length)
      }),
    )
  })
})

describe('an append file', () => {
  test('holds in order what was given at once, and reads it back', async () => {
    const path = freshPath()
    const { file } = await opened(path)
    await Promise.all(Array.from({ length: 200 }, (_, i) => file.append(text(`record ${i}`))))
    await file.close()
    expect((await opened(path)).texts).toEqual(Array.from({ length: 200 }, (_, i) => `record ${i}`))
  })

  test('cuts a torn end at the next start, and goes on behind it', async () => {
    const path = freshPath()
    const { file } = await opened(path)
    await file.append(text('whole'))
    await file.close()
    await writeFile(path, Buffer.concat([await readFile(path), frame(Buffer.from('torn')).subarray(0, 9)]))
    const again = await opened(path)
    expect(again.texts).toEqual(['whole'])
    await again.file.append(text('next'))
    await again.file.close()
    expect((await opened(path)).texts).toEqual(['whole', 'next'])
  })

  test('leaves the bytes alone when its owner does not accept what is left of them', async () => {
    const path = freshPath()
    await writeFile(path, Buffer.from('no frame'))
    const refuse = (): never => {
      throw new TypeError('too little')
    }
    await expect(opened(path, { accept: refuse })).rejects.toThrow('too little')
    expect((await readFile(path)).toString()).toBe('no frame')
  })

  test('on a full disk refuses, keeps nothing of what it refused, and goes on when there is room', async () => {
    const path = freshPath()
    const disk = await sickDisk(path)
    const { file } = await opened(path, { open: disk.open })
    await file.append(text('before'))
    disk.full = true
    await expect(file.append(text('refused'))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    const both = await Promise.allSettled([file.append(text('a')), file.append(text('b'))])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    disk.full = false
    await file.append(text('after'))
    await file.close()
    expect((await opened(path)).texts).toEqual(['before', 'after'])
  })

  test('on a hung disk refuses within its deadline, does not collect callers, and goes on when the disk does', async () => {
    const path = freshPath()
    const disk = await sickDisk(path)
    const { file } = await opened(path, { open: disk.open })
    const { promise, resolve } = Promise.withResolvers<void>()
    disk.hang = promise
    let made = 0
    const waiting = Array.from({ length: 50 }, (_, i) => file.append(() => Buffer.from(`late ${i} ${made++}`)).catch((error) => error.code))
    await clock.advance(250)
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['AUDIT_UNAVAILABLE']))
    disk.hang = undefined
    resolve()
    await file.append(text('after'))
    await file.close()
    const { texts } = await opened(path)
    // Only what the disk had already been given may still come; the other callers were told no, and so it is.
    expect(made).toBeLessThan(50)
    expect(texts).toHaveLength(made + 1)
    expect(texts.at(-1)).toBe('after')
  })

  test('calls no disk late because the event loop was', async () => {
    const { file } = await opened(freshPath(), { clock: systemClock, open: promptDisk })
    const turns = Array.from({ length: 3 }, async () => {
      const durable = file.append(text('busy'))
      block(400)
      await durable
    })
    await Promise.all(turns)
  })

  test('takes along what nobody waits for: with the next write, at a tick, when asked, and at its close', async () => {
    const path = freshPath()
    const { file } = await opened(path)
    const lazily = (payload: string): Promise<void> => file.append(text(payload), { lazy: true })
    const texts = async (): Promise<string[]> => readFrames(await readFile(path)).payloads.map(String)
    const first = lazily('first')
    expect(await texts()).toEqual([])
    await Promise.all([first, file.append(text('second'))])
    expect(await texts()).toEqual(['first', 'second'])
    const third = lazily('third')
    await clock.advance(25)
    await third
    void lazily('fourth')
    await file.flush()
    expect(await texts()).toEqual(['first', 'second', 'third', 'fourth'])
    void lazily('fifth')
    await file.close()
    expect((await texts()).at(-1)).toBe('fifth')
  })

  test('on a hung disk does not hang who asks for a flush', async () => {
    const disk = await sickDisk(freshPath())
    const { file } = await opened(freshPath(), { open: disk.open })
    const { promise, resolve } = Promise.withResolvers<void>()
    disk.hang = promise
    void file.append(text('never told'), { lazy: true }).catch(() => undefined)
    const flushed = file.flush()
    await clock.advance(250)
    await flushed
    resolve()
  })

  test('is emptied in its turn: what is given after a clear stays', async () => {
    const path = freshPath()
    const { file } = await opened(path)
    for (let i = 0; i < 50; i++) {
      await Promise.all([file.append(text('old')), file.clear(), file.append(text(`new ${i}`))])
      const { payloads } = readFrames(await readFile(path))
      expect(payloads.map(String)).toEqual([`new ${i}`])
    }
  })
})
