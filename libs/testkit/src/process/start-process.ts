import { type ChildProcess, spawn } from 'node:child_process'
import { killAtExit } from './kill-at-exit.ts'

export interface StartedProcess extends AsyncDisposable {
  readonly pid: number
  /** The first line of its output that is a JSON object. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Everything that it printed so far. */
  stdout(): string
  stderr(): string
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** SIGTERM, then SIGKILL when it is still there after the grace time; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>
  kill(signal: NodeJS.Signals): void
}

export interface StartOptions {
  /** Added to PATH, HOME and TMPDIR; nothing else is inherited, so that a developer's own settings change no test. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** How long it may take to print its line; default 60 s. */
  readonly readyWithinMs?: number
}

const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'NODE_V8_COVERAGE']
const READY_MS = 60_000
const STOP_GRACE_MS = 25_000

/**
 * Starts `node …args` and waits for its line of JSON. A process that ends before it, or prints none in time, is a failure
 * that tells its output. Whatever still runs when this process ends is killed, by its own process id.
 */
export async function startProcess(args: readonly string[], options: StartOptions = {}): Promise<StartedProcess> {
  const inherited = Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { ...inherited, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  killAtExit(child)
  const output = { stdout: '', stderr: '' }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({ code, signal })
    })
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk
  })
  const ready = await readiness(child, { output, exited, withinMs: options.readyWithinMs ?? READY_MS })
  const stop = async (graceMs = STOP_GRACE_MS): Promise<void> => {
    child.kill('SIGTERM')
    const patience = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await exited
    clearTimeout(patience)
  }
  return {
    pid: child.pid ?? 0,
    ready,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    exited,
    stop,
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: () => stop(),
  }
}

interface Waiting {
  readonly output: { stdout: string; stderr: string }
  readonly exited: Promise<unknown>
  readonly withinMs: number
}

function readiness(child: ChildProcess, { output, exited, withinMs }: Waiting): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      child.kill('SIGKILL')
      reject(new TypeError(`the process ${what}\n${output.stdout}\n${output.stderr}`))
    }
    const patience = setTimeout(() => fail(`printed no line of JSON within ${withinMs} ms`), withinMs)
    const settle = (found: Record<string, unknown>): void => {
      clearTimeout(patience)
      resolve(found)
    }
    child.stdout?.on('data', (chunk: Buffer) => {
      output.stdout += chunk
      const found = firstObject(output.stdout)
      if (found !== undefined) settle(found)
    })
    exited.then(
      () => {
        clearTimeout(patience)
        fail('ended before it was ready')
      },
      (error: unknown) => {
        clearTimeout(patience)
        reject(error)
      },
    )
  })
}

function firstObject(stdout: string): Record<string, unknown> | undefined {
  for (const line of stdout.split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue
    try {
      return JSON.parse(line) as Record<string, unknown>
    } catch {
      // A line of text that happens to begin with a brace.
    }
  }
  return undefined
}
