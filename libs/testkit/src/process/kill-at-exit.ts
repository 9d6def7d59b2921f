import type { ChildProcess } from 'node:child_process'

const running = new Set<ChildProcess>()
let cleaning = false

/** Ends the child with this process, by its own process id, however this process ends but by SIGKILL. */
export function killAtExit(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
  if (cleaning) return
  cleaning = true
  process.once('exit', () => {
    for (const one of running) one.kill('SIGKILL')
  })
}
