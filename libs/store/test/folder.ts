import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { afterEach } from 'vitest'

/** A folder per call, removed after the test together with the processes that were started in it. */
export interface Workplace {
  folder(): Promise<string>
  /** Runs `child.ts`; `limit` is a shell command that is run before it (`ulimit`). */
  child(task: 'hold' | 'write' | 'fill', file: string, limit?: string): Child
}

export interface Child {
  readonly lines: Interface
  kill(): Promise<void>
}

export function workplace(): Workplace {
  const folders: string[] = []
  const children: ChildProcess[] = []
  afterEach(async () => {
    for (const child of children.splice(0)) await killed(child)
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })
  return {
    async folder() {
      const folder = await mkdtemp(join(tmpdir(), 'store-'))
      folders.push(folder)
      return folder
    },
    child(task, file, limit = 'true') {
      const script = new URL('./child.ts', import.meta.url).pathname
      const command = `${limit}; exec "$0" "$@"`
      const child = spawn('sh', ['-c', command, process.execPath, script, task, file], { stdio: ['ignore', 'pipe', 'inherit'] })
      children.push(child)
      return { lines: createInterface({ input: child.stdout }), kill: () => killed(child) }
    },
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
