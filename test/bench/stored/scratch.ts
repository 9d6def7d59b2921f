import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'

/**
 * A folder in memory where there is room, otherwise on the disk: filling a store commits 64 documents at a time, and with a real
 * fsync for each a million credentials would take longer than everything that is measured.
 */
export function scratchFolder(bytes: number): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(freeBytes(MEMORY) > 2 * bytes ? MEMORY : tmpdir(), 'credence-bench-'))
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  process.once('exit', remove)
  return { path, [Symbol.dispose]: remove }
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return 0
  }
}
