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
  let waiting: Waiting[] = []
  let flushing: Promise<void> | undefined

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await handle.appendFile(batch.length === 1 ? batch[0]!.framed : Buffer.concat(batch.map((item) => item.framed)))
        await handle.datasync()
        for (const item of batch) item.resolve()
      } catch {
        for (const item of batch) item.reject(unavailable())
      }
    }
    flushing = undefined
  }
  return {
    append(payload) {
      const done = new Promise<void>((resolve, reject) => {
        waiting.push({ framed: frame(payload), resolve, reject })
      })
      flushing ??= flush()
      return withDeadline(done, options)
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

async function withDeadline(done: Promise<void>, options: AppendFileOptions): Promise<void> {
  const stop = new AbortController()
  const late = options.clock.sleep(options.deadlineMs, stop.signal).then(
    () => Promise.reject(unavailable()),
    () => undefined,
  )
  try {
    await Promise.race([done, late])
  } finally {
    stop.abort()
  }
}

function unavailable(): CodedError {
  return new CodedError('AUDIT_UNAVAILABLE')
}
