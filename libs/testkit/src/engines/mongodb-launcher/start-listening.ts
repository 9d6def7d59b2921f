import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { killAtExit } from '../../process/kill-at-exit.ts'
import { type EngineRun, runOf } from '../engine-run.ts'

const READY_MS = 60_000
const POLL_MS = 20

/** Resolves when the child takes connections. It is killed when this process ends. */
export async function startListening(port: number, start: () => ChildProcess): Promise<EngineRun> {
  const child = start()
  killAtExit(child)
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-2_000)
  })
  const settled = new AbortController()
  try {
    await Promise.race([untilListening(port, settled.signal), end(child, settled.signal)])
    return runOf(child)
  } catch (error) {
    await runOf(child).kill()
    throw new TypeError(`the server did not start\n${said}`, { cause: error })
  } finally {
    settled.abort()
  }
}

async function end(child: ChildProcess, signal: AbortSignal): Promise<void> {
  await once(child, 'exit', { signal })
  throw new TypeError('it ended')
}

async function untilListening(port: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (!signal.aborted && !(await accepts(port))) {
    if (performance.now() > deadline) throw new TypeError(`nobody listened within ${READY_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const answer = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}
