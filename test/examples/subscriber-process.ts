import { type ChildProcess, spawn } from 'node:child_process'

/** What a subscriber says of a credential that expired. */
export interface Expiry {
  readonly credential_id: string
  readonly reason?: string
  readonly reconnect_url?: string
}

/** A subscriber in a process of its own, in whatever language. */
export interface SubscriberProcess {
  /** Every line that it printed, in order. Throws SyntaxError for one that is no JSON. */
  expiries(): readonly Expiry[]
  /** Everything that it printed, and what it complained about. */
  printed(): string
  /** SIGTERM; resolves with its exit code, or with null when it had to be killed. */
  stop(): Promise<number | null>
}

const STOP_MS = 10_000
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function startSubscriber(command: readonly [string, string], env: Readonly<Record<string, string>>): SubscriberProcess {
  const [program, script] = command
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(program, [script], { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const said = { out: '', error: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said.error += chunk
  })
  const ended = new Promise<number | null>((resolve) => {
    const end = (code: number | null): void => {
      running.delete(child)
      resolve(code)
    }
    child.once('error', () => end(null))
    child.once('close', end)
  })
  return {
    expiries: () =>
      said.out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Expiry),
    printed: () => said.out + said.error,
    async stop() {
      child.kill('SIGTERM')
      const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      const code = await ended
      clearTimeout(patience)
      return code
    },
  }
}
