import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { killAtExit } from '../process/kill-at-exit.ts'
import { tempHome } from '../process/temp-home.ts'

export interface RedisOptions {
  /** One that others use too is good enough: that at CREDENCE_TEST_REDIS_URL is taken, if it is set. It is never ended. */
  readonly mayBeShared?: boolean
  /** Default: noeviction. */
  readonly maxmemoryPolicy?: string
  /** Keeps its data over a restart. Default: it forgets everything. */
  readonly appendOnly?: boolean
  readonly password?: string
  /** More arguments of `redis-server`, the name and the value of each apart. */
  readonly args?: readonly string[]
}

/** A Redis of its own on loopback, with its data in a folder of its own. */
export interface RedisServer extends AsyncDisposable {
  /** With the password, if it has one. */
  readonly url: string
  /** Where its files are; undefined for one that others use. */
  readonly folder: string | undefined
  readonly pid: number
  /** Ends it and removes its folder. */
  stop(): Promise<void>
  /** Ends it as a crash does, and resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again, at the same address, after `kill`. */
  restart(): Promise<void>
}

const FIRST_PORT = 20_000
/** Above it the kernel takes ports for outgoing connections. */
const LAST_PORT = 32_767
const TRIES = 10
const READY_MS = 10_000
const HOW = 'Put redis-server on the PATH (Debian: apt-get install redis-server).'

let binary: string | undefined

/**
 * Whether a Redis can be started here, installed first where that is possible. Where it cannot: an error in CI, elsewhere
 * a line that nobody overlooks, so that a suite is skipped loudly. (Docker is not tried: the
 * suites kill and stop their server.)
 */
export function haveRedis(): boolean {
  try {
    findRedis()
    return true
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.error(`\n*** SKIPPED, no Redis here: ${HOW} ***\n`)
    return false
  }
}

/** Starts a `redis-server`; resolves when it takes connections. It is killed when this process ends. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const shared = process.env.CREDENCE_TEST_REDIS_URL
  if (options.mayBeShared && shared !== undefined) return sharedServer(shared)
  const home = tempHome()
  const argsOf = (port: number): string[] => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', home.path, '--daemonize', 'no', '--save', ''],
    ...['--appendonly', options.appendOnly ? 'yes' : 'no', '--appendfsync', 'always'],
    ...['--maxmemory-policy', options.maxmemoryPolicy ?? 'noeviction'],
    ...(options.password === undefined ? [] : ['--requirepass', options.password]),
    ...(options.args ?? []),
  ]
  let { child, port } = await startSomewhere(argsOf)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    // One that was stopped hears nothing but SIGKILL until it goes on.
    if (signal !== 'SIGKILL') child.kill('SIGCONT')
    await gone
  }
  const stop = async (): Promise<void> => {
    await end('SIGKILL')
    home.remove()
  }
  return {
    url: `redis://${options.password === undefined ? '' : `:${options.password}@`}127.0.0.1:${port}`,
    folder: home.path,
    get pid() {
      return child.pid ?? 0
    },
    stop,
    kill: () => end('SIGKILL'),
    async restart() {
      child = await startAt(port, argsOf)
    },
    [Symbol.asyncDispose]: stop,
  }
}

function sharedServer(url: string): RedisServer {
  const refuse = (): never => {
    throw new TypeError('a Redis that others use is not ended')
  }
  const stop = async (): Promise<void> => undefined
  return { url, folder: undefined, pid: 0, stop, kill: refuse, restart: refuse, [Symbol.asyncDispose]: stop }
}

async function startSomewhere(argsOf: (port: number) => string[]): Promise<{ child: ChildProcess; port: number }> {
  for (let tries = 1; ; tries++) {
    const port = randomInt(FIRST_PORT, LAST_PORT)
    try {
      return { child: await startAt(port, argsOf), port }
    } catch (error) {
      // Somebody else may have had the port.
      if (tries === TRIES) throw error
    }
  }
}

function startAt(port: number, argsOf: (port: number) => string[]): Promise<ChildProcess> {
  const child = spawn(findRedis(), argsOf(port), { stdio: ['ignore', 'pipe', 'pipe'] })
  killAtExit(child)
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (): void => {
      child.kill('SIGKILL')
      reject(new TypeError(`redis-server did not start\n${output}`))
    }
    const patience = setTimeout(fail, READY_MS)
    const settle = (isReady: boolean): void => {
      clearTimeout(patience)
      if (isReady) resolve(child)
      else fail()
    }
    const hear = (chunk: Buffer): void => {
      output += chunk
      if (output.includes('Ready to accept connections')) settle(true)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', () => settle(false))
    child.once('exit', () => settle(false))
  })
}

/** On the PATH, or installed by the system's own tool. */
function findRedis(): string {
  if (binary !== undefined) return binary
  if (!answers('redis-server') && process.getuid?.() === 0 && answers('apt-get')) {
    // RUNLEVEL keeps the package from starting a server of its own.
    const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }
    const install = (): boolean => spawnSync('apt-get', ['install', '-y', '-q', 'redis-server'], { env, stdio: 'ignore' }).status === 0
    if (!install()) {
      spawnSync('apt-get', ['update', '-q'], { env, stdio: 'ignore' })
      install()
    }
  }
  if (!answers('redis-server')) throw new TypeError(`there is no redis-server: ${HOW}`)
  binary = 'redis-server'
  return binary
}

function answers(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}
