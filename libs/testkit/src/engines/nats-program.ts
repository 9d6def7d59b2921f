import { execFile, spawn } from 'node:child_process'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { killAtExit } from '../process/kill-at-exit.ts'
import { aptInstall, onPath } from './apt.ts'
import { containers } from './container.ts'
import { type EnginePlace, type EngineRun, runOf } from './engine-run.ts'
import { findEngine, type Ways } from './find-engine.ts'

/** The newest when this was written; 2.10 is the oldest that knows `sync_interval: always`. */
const VERSION = 'v2.15.2'
const OLDEST = [2, 10] as const
const IMAGE = 'nats:2.12-alpine'
const BUILT = join(homedir(), '.cache', 'credence', 'engines', 'nats-server')
const INSTALL_MS = 300_000
const READY_MS = 15_000

const run = promisify(execFile)

/** Starts a server on the configuration file in its folder; resolves when it takes connections. */
export type NatsProgram = (
  place: EnginePlace & { readonly monitoring: number },
  configuration: (address: string) => string,
) => Promise<EngineRun>

export const NATS: Ways<NatsProgram> = {
  engine: 'NATS server',
  given: process.env.CREDENCE_TEST_NATS_URL || undefined,
  how: 'Put nats-server ≥ 2.10 on the PATH, start Docker, or install Go so that it can be built.',
  async here() {
    for (const candidate of [onPath('nats-server'), BUILT])
      if (candidate !== undefined && (await newEnough(candidate))) return runs(candidate)
    return undefined
  },
  async contained() {
    const start = await containers(IMAGE)
    if (start === undefined) return undefined
    return async ({ folder, port, monitoring }, configuration) => {
      const file = join(folder, 'nats.conf')
      // Loopback is the container's own there.
      await writeFile(file, configuration('0.0.0.0'))
      return start({ image: IMAGE, command: ['nats-server', '-c', file], ports: [port, monitoring], folder, ready: /Server is ready/ })
    }
  },
  async installed() {
    if (onPath('go') !== undefined) return runs(await build())
    await aptInstall(['nats-server'])
    const packaged = onPath('nats-server')
    return packaged !== undefined && (await newEnough(packaged)) ? runs(packaged) : undefined
  },
}

let found: Promise<NatsProgram> | undefined

export function findNats(): Promise<NatsProgram> {
  found ??= findEngine(NATS)
  return found
}

function runs(command: string): NatsProgram {
  return async ({ folder, port }, configuration) => {
    const file = join(folder, 'nats.conf')
    await writeFile(file, configuration('127.0.0.1'))
    return launch(command, { file, port })
  }
}

async function launch(command: string, { file, port }: { readonly file: string; readonly port: number }): Promise<EngineRun> {
  const child = spawn(command, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  killAtExit(child)
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000)
  })
  const gone = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new TypeError(`nats-server ended with ${code}\n${said}`)))
  })
  // Once it runs, its end is nobody's failure.
  gone.catch(() => undefined)
  const patience = AbortSignal.timeout(READY_MS)
  while (!(await Promise.race([answers(port), gone]))) {
    if (patience.aborted) {
      await runOf(child).kill()
      throw new TypeError(`nats-server took no connection within ${READY_MS} ms\n${said}`)
    }
    await pause(20)
  }
  return runOf(child)
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const say = (up: boolean): void => {
      socket.destroy()
      resolve(up)
    }
    // A server speaks first: its INFO means that it serves, and that the port is not somebody else's.
    socket.once('data', (line) => say(line.toString().startsWith('INFO ')))
    socket.once('error', () => say(false))
  })
}

/** From its Go module, to where the next run finds it. */
async function build(): Promise<string> {
  const folder = dirname(BUILT)
  await mkdir(folder, { recursive: true })
  const env = { ...process.env, GOBIN: folder }
  await run('go', ['install', `github.com/nats-io/nats-server/v2@${VERSION}`], { env, timeout: INSTALL_MS })
  return BUILT
}

async function newEnough(candidate: string): Promise<boolean> {
  try {
    await access(candidate)
    const { stdout } = await run(candidate, ['--version'])
    const [, major = 0, minor = 0] = /v(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? []
    return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  } catch {
    return false
  }
}
