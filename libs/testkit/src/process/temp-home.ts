import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of its own for one platform. `await using`, or `remove()`; what is left is removed when the process ends. */
export interface TempHome extends Disposable {
  readonly path: string
  remove(): void
}

const left = new Set<string>()
let cleaning = false

export function tempHome(): TempHome {
  const path = mkdtempSync(join(tmpdir(), 'credence-home-'))
  left.add(path)
  if (!cleaning) process.once('exit', () => left.forEach(removeFolder))
  cleaning = true
  const remove = (): void => removeFolder(path)
  return { path, remove, [Symbol.dispose]: remove }
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  left.delete(path)
}
