import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CodedError } from '@credence/errors'
import type { Clock } from '@credence/service'
import { frame, readFrames } from './frames.ts'

/**
 * A file of frames that answers when what was given is on the disk.
 *
 * F1 Jobs are carried out in the order in which they were given.
 * F2 What was refused is not in the file: a batch that failed is cut off again before anything follows it.
 */
export interface AppendFile {
  /**
   * Resolves after fdatasync; rejects with AUDIT_UNAVAILABLE at the deadline or when the disk refuses. `payload` is made
   * when its turn has come, and not at all when its caller has been refused by then. `lazy`: nobody waits for it, so it
   * goes with what is written next, or a tenth of the deadline later.
   */
  append(payload: () => Uint8Array, options?: { readonly lazy: boolean }): Promise<void>
  /** Empties the file durably. */
  clear(): Promise<void>
  /** Resolves when what was given by now is on the disk or was refused, at the deadline at the latest. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** What is needed of a file that was opened to append. */
export type AppendHandle = Pick<FileHandle, 'stat' | 'read' | 'appendFile' | 'datasync' | 'truncate' | 'close'>

export interface AppendFileOptions {
  readonly path: string
  readonly clock: Clock
  /** A hung disk must refuse, never hang its callers: the longest wait while the event loop is free. */
  readonly deadlineMs: number
  /** Sees the whole frames before a torn end is cut; throws when the cut would hide more than what was never acknowledged. */
  readonly accept?: (payloads: readonly Buffer[]) => void
  /** Told after each batch whether it is in the file. */
  readonly onBatch?: (durable: boolean) => void
  /** Default: the file at `path`, made with mode 0600. */
  readonly open?: (path: string) => Promise<AppendHandle>
}

/** Opens the file, reads its whole frames and cuts a torn last one. */
export async function openAppendFile(options: AppendFileOptions): Promise<{ file: AppendFile; payloads: Buffer[] }> {
  const handle = await (options.open ?? openDurably)(options.path)
  try {
    const bytes = await readWhole(handle)
    const { payloads, end } = readFrames(bytes)
    options.accept?.(payloads)
    if (end < bytes.byteLength) await handle.truncate(end)
    return { file: new GroupCommit(handle, end, options), payloads }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openDurably(path: string): Promise<FileHandle> {
  const handle = await open(path, 'a+', 0o600)
  // A new file is on the disk only when its folder is.
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
  return handle
}

async function readWhole(handle: AppendHandle): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow((await handle.stat()).size)
  let at = 0
  while (at < bytes.byteLength) {
    const { bytesRead } = await handle.read(bytes, at, bytes.byteLength - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}

interface Job {
  /** Absent: empty the file. */
  readonly payload?: () => Uint8Array
  /** How many more ticks its caller waits. */
  ticksLeft: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * A deadline is counted in ticks, not in time. Each tick is a turn of the event loop in which an answer of the disk would
 * have been seen: a loop that lags makes the ticks long, but no disk late.
 */
const TICKS = 10

/** One write and one fdatasync for all that came while the last ones were under way: a commit costs the same for 1 or 64. */
class GroupCommit implements AppendFile {
  readonly #handle: AppendHandle
  readonly #options: AppendFileOptions
  readonly #closing = new AbortController()
  #waiting: Job[] = []
  #writing: Job[] = []
  #flushing: Promise<void> | undefined
  /** Of the job that was given last. */
  #last: Promise<void> = Promise.resolve()
  #watching = false
  /** Up to here the file holds what was acknowledged. */
  #size: number
  /** Bytes beyond `#size` may be in the file. */
  #torn = false

  constructor(handle: AppendHandle, size: number, options: AppendFileOptions) {
    this.#handle = handle
    this.#size = size
    this.#options = options
  }

  append(payload: () => Uint8Array, { lazy } = { lazy: false }): Promise<void> {
    const done = this.#enqueue(payload)
    if (!lazy) this.#start()
    return done
  }

  clear(): Promise<void> {
    const done = this.#enqueue()
    this.#start()
    return done
  }

  async flush(): Promise<void> {
    this.#start()
    await this.#last.catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#start()
    await this.#flushing
    this.#closing.abort()
    await this.#handle.close()
  }

  #enqueue(payload?: () => Uint8Array): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      const job = { ticksLeft: TICKS, resolve, reject }
      this.#waiting.push(payload === undefined ? job : { ...job, payload })
    })
    this.#last = done
    if (!this.#watching) void this.#watch()
    return done
  }

  #start(): void {
    if (this.#waiting.length > 0) this.#flushing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const clear = this.#waiting.findIndex((job) => job.payload === undefined)
      this.#writing = this.#waiting.splice(0, clear === -1 ? this.#waiting.length : Math.max(clear, 1))
      try {
        await this.#carryOut(this.#writing)
        this.#options.onBatch?.(true)
        for (const job of this.#writing) job.resolve()
      } catch {
        this.#torn = true
        this.#options.onBatch?.(false)
        for (const job of this.#writing) job.reject(unavailable())
      }
    }
    this.#writing = []
    this.#flushing = undefined
  }

  async #carryOut(batch: readonly Job[]): Promise<void> {
    if (this.#torn) await this.#handle.truncate(this.#size)
    this.#torn = false
    const frames = batch.flatMap(({ payload }) => (payload === undefined ? [] : [frame(payload())]))
    if (frames.length === 0) await this.#handle.truncate(0)
    else await this.#handle.appendFile(frames.length === 1 ? frames[0]! : Buffer.concat(frames))
    await this.#handle.datasync()
    this.#size = frames.length === 0 ? 0 : frames.reduce((size, { byteLength }) => size + byteLength, this.#size)
  }

  /** One sleeper for all that wait: a timer per record would cost more than the record. */
  async #watch(): Promise<void> {
    const { clock, deadlineMs } = this.#options
    this.#watching = true
    while ([...this.#writing, ...this.#waiting].some(({ ticksLeft }) => ticksLeft > 0) && !this.#closing.signal.aborted) {
      await clock.sleep(deadlineMs / TICKS, this.#closing.signal).catch(() => undefined)
      this.#tick()
    }
    this.#watching = false
  }

  /** Whoever is late and not begun is forgotten: behind a hung disk the queue must not grow. */
  #tick(): void {
    for (const job of [...this.#writing, ...this.#waiting]) if (--job.ticksLeft <= 0) job.reject(unavailable())
    this.#waiting = this.#waiting.filter(({ ticksLeft }) => ticksLeft > 0)
    this.#start()
  }
}

function unavailable(): CodedError {
  return new CodedError('AUDIT_UNAVAILABLE')
}
