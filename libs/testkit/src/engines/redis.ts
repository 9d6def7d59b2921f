import { spawn, spawnSync } from 'node:child_process'
import { freePort } from '../process/free-port.ts'
import { killAtExit } from '../process/kill-at-exit.ts'
import { tempHome } from '../process/temp-home.ts'
import { aptInstall } from './apt.ts'
import { containers } from './container.ts'
import { type EnginePlace, type EngineRun, runOf } from './engine-run.ts'
import { findEngine, haveEngine, type Wanted, type Ways } from './find-engine.ts'

export interface RedisOptions extends Wanted {
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
  /** It keeps its connections and answers nothing. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
  /** Ends it as a crash does, and resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again, at the same address, after `kill`. */
  restart(): Promise<void>
}

const TRIES = 10
const READY_MS = 10_000
const IMAGE = 'redis:7.4-alpine'
const READY = /Ready to accept connections/

/** Starts a server in a place, with arguments beside those of the place. */
type RedisProgram = (place: EnginePlace, args: readonly string[]) => Promise<EngineRun>

const REDIS: Ways<RedisProgram> = {
  engine: 'Redis',
  given: process.env.CREDENCE_TEST_REDIS_URL || undefined,
  how: 'Put redis-server on the PATH (Debian: apt-get install redis-server) or start Docker.',
  here: async () => (answers('redis-server') ? runRedis : undefined),
  async contained() {
    const start = await containers(IMAGE)
    if (start === undefined) return undefined
    return (place, args) =>
      start({
        image: IMAGE,
        // Loopback is the container's own there.
        command: ['redis-server', ...placeArgs(place), '--bind', '0.0.0.0', '--protected-mode', 'no', ...args],
        ports: [place.port],
        folder: place.folder,
        ready: READY,
      })
  },
  installed: async () => ((await aptInstall(['redis-server'])) && answers('redis-server') ? runRedis : undefined),
}

let found: Promise<RedisProgram> | undefined

function findRedis(): Promise<RedisProgram> {
  found ??= findEngine(REDIS)
  return found
}

/** Whether a Redis can be started here, installed first where that is possible; see `haveEngine`. */
export function haveRedis(wanted: Wanted = {}): Promise<boolean> {
  return haveEngine(REDIS, findRedis, wanted)
}

/** Starts a `redis-server`, or hands out the one in the environment; resolves when it takes connections. It is killed when this process ends. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  if (options.mayBeShared && REDIS.given !== undefined) return sharedServer(REDIS.given)
  const program = await findRedis()
  const home = tempHome()
  const args = [
    ...['--appendonly', options.appendOnly ? 'yes' : 'no', '--appendfsync', 'always', '--daemonize', 'no', '--save', ''],
    ...['--maxmemory-policy', options.maxmemoryPolicy ?? 'noeviction'],
    ...(options.password === undefined ? [] : ['--requirepass', options.password]),
    ...(options.args ?? []),
  ]
  const start = (port: number): Promise<EngineRun> => program({ folder: home.path, port }, args)
  let { run, port } = await startSomewhere(start)
  const stop = async (): Promise<void> => {
    await run.kill()
    home.remove()
  }
  return {
    url: `redis://${options.password === undefined ? '' : `:${options.password}@`}127.0.0.1:${port}`,
    folder: home.path,
    stop,
    kill: () => run.kill(),
    pause: () => run.pause(),
    resume: () => run.resume(),
    async restart() {
      run = await start(port)
    },
    [Symbol.asyncDispose]: stop,
  }
}

function sharedServer(url: string): RedisServer {
  const refuse = (): never => {
    throw new TypeError('a Redis that others use is not ended')
  }
  const stop = async (): Promise<void> => undefined
  return { url, folder: undefined, stop, kill: refuse, restart: refuse, pause: refuse, resume: refuse, [Symbol.asyncDispose]: stop }
}

async function startSomewhere(start: (port: number) => Promise<EngineRun>): Promise<{ run: EngineRun; port: number }> {
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    try {
      return { run: await start(port), port }
    } catch (error) {
      // Somebody else may have had the port.
      if (tries === TRIES) throw error
    }
  }
}

function placeArgs({ folder, port }: EnginePlace): string[] {
  return ['--port', String(port), '--dir', folder]
}

function runRedis(place: EnginePlace, args: readonly string[]): Promise<EngineRun> {
  const child = spawn('redis-server', [...placeArgs(place), '--bind', '127.0.0.1', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
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
      if (isReady) resolve(runOf(child))
      else fail()
    }
    const hear = (chunk: Buffer): void => {
      output += chunk
      if (READY.test(output)) settle(true)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', () => settle(false))
    child.once('exit', () => settle(false))
  })
}

function answers(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}
