import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { killAtExit } from '../process/kill-at-exit.ts'

/** A real NATS server with JetStream, whose folder goes with it. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string
  /** Where its files are; undefined for a server of somebody else. */
  readonly folder: string | undefined
  /** The monitoring address; undefined for a server of somebody else, which the environment named. */
  readonly monitoringUrl: string | undefined
  /** False for a server that the environment named: it cannot be killed here. */
  readonly owned: boolean
  /** SIGKILL, as a machine that goes; resolves when the process is gone. */
  kill(): Promise<void>
  /** Starts it again on its files, at the same address. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface NatsOptions {
  /** `always`: each message is on disk before it is acknowledged. Default; a duration such as `2m` is what NATS does by itself. */
  readonly syncInterval?: string
}

/** The newest when this was written; 2.10 is the oldest that knows `sync_interval: always`. */
const VERSION = 'v2.15.2'
const OLDEST = [2, 10] as const
const INSTALL_MS = 300_000
const READY_MS = 15_000
/** Below the range from which Linux takes the ports of outgoing connections, one of which could hold the port while the server is down. */
const [FIRST_PORT, LAST_PORT] = [20_000, 32_000]
const PORT_TRIES = 5

const run = promisify(execFile)

/** Why there is no NATS server here, or undefined when there is one. In CI a missing server is an error instead. */
export async function natsMissing(): Promise<string | undefined> {
  if (process.env.CREDENCE_TEST_NATS_URL !== undefined) return undefined
  try {
    await binary()
    return undefined
  } catch (error) {
    if (process.env.CI === 'true') throw error
    return error instanceof Error ? error.message : 'unknown'
  }
}

/** Starts a server on loopback with a folder and ports of its own, or hands out the one of `CREDENCE_TEST_NATS_URL`. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const given = process.env.CREDENCE_TEST_NATS_URL
  if (given !== undefined) return named(given)
  const command = await binary()
  const folder = await mkdtemp(join(tmpdir(), 'credence-nats-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    return await startOwned({ command, folder, syncInterval: options.syncInterval ?? 'always', remove })
  } catch (error) {
    await remove()
    throw error
  }
}

function named(url: string): NatsServer {
  const refuse = (): Promise<never> => Promise.reject(new TypeError('the server that CREDENCE_TEST_NATS_URL names is not ours to kill'))
  const stop = async (): Promise<void> => undefined
  return {
    url,
    folder: undefined,
    monitoringUrl: undefined,
    owned: false,
    kill: refuse,
    restart: refuse,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

interface Owned {
  readonly command: string
  readonly folder: string
  readonly syncInterval: string
  remove(): Promise<void>
}

async function startOwned(owned: Owned): Promise<NatsServer> {
  let started = await firstStart(owned)
  const { port, monitoring } = started
  const kill = (): Promise<void> => end(started.child, 'SIGKILL')
  const stop = async (): Promise<void> => {
    await end(started.child, 'SIGKILL')
    await owned.remove()
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    folder: owned.folder,
    monitoringUrl: `http://127.0.0.1:${monitoring}`,
    owned: true,
    kill,
    async restart() {
      await kill()
      started = { ...started, child: await launch(owned, port) }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function firstStart(owned: Owned): Promise<{ readonly child: ChildProcess; readonly port: number; readonly monitoring: number }> {
  for (let attempt = 1; ; attempt++) {
    const [port, monitoring] = await Promise.all([lowPort(), lowPort()])
    await writeFile(join(owned.folder, 'nats.conf'), configuration(owned, { port, monitoring }))
    try {
      return { child: await launch(owned, port), port, monitoring }
    } catch (error) {
      if (attempt === PORT_TRIES) throw error
    }
  }
}

function configuration(
  { folder, syncInterval }: Owned,
  { port, monitoring }: { readonly port: number; readonly monitoring: number },
): string {
  return `listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitoring}"
server_name: test
jetstream {
  store_dir: "${folder}"
  sync_interval: ${syncInterval}
  max_file_store: 4GB
}
`
}

/** Resolves when the server takes connections. */
async function launch({ command, folder }: Owned, port: number): Promise<ChildProcess> {
  const child = spawn(command, ['-c', join(folder, 'nats.conf')], { stdio: ['ignore', 'ignore', 'pipe'] })
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
      await end(child, 'SIGKILL')
      throw new TypeError(`nats-server took no connection within ${READY_MS} ms\n${said}`)
    }
    await pause(20)
  }
  return child
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

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

async function lowPort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT))
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

/** The server's program: on PATH, where it was put before, or built from its Go module. */
async function binary(): Promise<string> {
  const folder = join(homedir(), '.cache', 'credence', 'engines')
  const onPath = (process.env.PATH ?? '').split(delimiter).map((place) => join(place, 'nats-server'))
  for (const candidate of [...onPath, join(folder, 'nats-server')]) {
    if (await newEnough(candidate)) return candidate
  }
  await mkdir(folder, { recursive: true })
  const env = { ...process.env, GOBIN: folder }
  await run('go', ['install', `github.com/nats-io/nats-server/v2@${VERSION}`], { env, timeout: INSTALL_MS }).catch(() => {
    throw new TypeError('no nats-server ≥ 2.10: put one on PATH, set CREDENCE_TEST_NATS_URL, or install Go so that it can be built')
  })
  return join(folder, 'nats-server')
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
