import { type FileHandle, open, truncate } from 'node:fs/promises'
import { CodedError } from '@credence/errors'
import type { Clock } from '@credence/service'
import { frame, readFrames } from './frames.ts'

/** A file of frames that answers when what was given is on the disk. */
export interface AppendFile {
  /** Resolves after fdatasync; rejects with AUDIT_UNAVAILABLE at the deadline or when the disk refuses. */
  append(payload: Uint8Array): Promise<void>
  /** Empties the file durably. */
  clear(): Promise<void>
  close(): Promise<void>
}

export interface AppendFileOptions {
  readonly path: string
  readonly clock: Clock
  /** A hung disk must refuse, never hang its callers. */
  readonly deadlineMs: number
  readonly mode?: number
}

interface Waiting {
  readonly framed: Buffer
  /** Monotonic time at which its caller must have an answer. */
  readonly dueMs: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Opens the file, reads its whole frames and cuts a torn last one. */
export async function openAppendFile(options: AppendFileOptions): Promise<{ file: AppendFile; payloads: Buffer[] }> {
  const handle = await open(options.path, 'a+', options.mode ?? 0o600)
  const bytes = await handle.readFile()
  const { payloads, end } = readFrames(bytes)
  if (end < bytes.byteLength) await truncate(options.path, end)
  return { file: groupCommit(handle, options), payloads }
}

/** One write and one fdatasync for all that came while the last ones were under way: a commit costs the same for 1 or 64. */
function groupCommit(handle: FileHandle, options: AppendFileOptions): AppendFile {
  const { clock, deadlineMs } = options
  let waiting: Waiting[] = []
  let writing: Waiting[] = []
  let flushing: Promise<void> | undefined
  let watching = false

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      writing = waiting
      waiting = []
      try {
        await handle.appendFile(writing.length === 1 ? writing[0]!.framed : Buffer.concat(writing.map((item) => item.framed)))
        await handle.datasync()
        for (const item of writing) item.resolve()
      } catch {
        for (const item of writing) item.reject(unavailable())
      }
    }
    writing = []
    flushing = undefined
  }
  /** One sleeper for all that wait: a timer per record would cost more than the record. Whoever is late has been answered. */
  async function watch(): Promise<void> {
    watching = true
    const next = (): Waiting | undefined => [...writing, ...waiting].find((item) => item.dueMs > clock.monotonicMs())
    for (let oldest = next(); oldest !== undefined; oldest = next()) {
      await clock.sleep(oldest.dueMs - clock.monotonicMs())
      for (const item of [...writing, ...waiting]) if (item.dueMs <= clock.monotonicMs()) item.reject(unavailable())
    }
    watching = false
  }
  return {
    append(payload) {
      const done = new Promise<void>((resolve, reject) => {
        waiting.push({ framed: frame(payload), dueMs: clock.monotonicMs() + deadlineMs, resolve, reject })
      })
      flushing ??= flush()
      if (!watching) void watch()
      return done
    },
    async clear() {
      await flushing
      await handle.truncate(0)
      await handle.datasync()
    },
    async close() {
      await flushing
      await handle.close()
    },
  }
}

function unavailable(): CodedError {
  return new CodedError('AUDIT_UNAVAILABLE')
}
