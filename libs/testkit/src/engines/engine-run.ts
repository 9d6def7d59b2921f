import type { ChildProcess } from 'node:child_process'

/** A server that runs: as a child of this process, or in a container. */
export interface EngineRun {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** It keeps its connections and answers nothing. */
  pause(): Promise<void>
  resume(): Promise<void>
}

/** Of every server: where its files are, and its port on loopback. */
export interface EnginePlace {
  readonly folder: string
  readonly port: number
}

export function runOf(child: ChildProcess): EngineRun {
  return {
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
    pause: async () => void child.kill('SIGSTOP'),
    resume: async () => void child.kill('SIGCONT'),
  }
}
