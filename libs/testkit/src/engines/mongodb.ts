import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { killAtExit } from '../process/kill-at-exit.ts'
import { tempHome } from '../process/temp-home.ts'
import { findMongodb, HOW_TO_GET_MONGODB, type MongodbProgram } from './mongodb-launcher/find-mongodb.ts'

/** A MongoDB wire server on loopback, with its data in a folder of its own. */
export interface MongodbServer extends AsyncDisposable {
  /** Where its files are. */
  readonly folder: string
  /** Stays the same over `restart`. */
  readonly url: string
  /** Ends it as a crash does, and resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again on its data, at the same address, after `kill`. */
  restart(): Promise<void>
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void
  resume(): void
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

const FIRST_PORT = 20_000
/** Above it the kernel takes ports for outgoing connections, one of which could have the port of a server that is down. */
const LAST_PORT = 32_767
const START_TRIES = 5
const READY_MS = 60_000
const POLL_MS = 20

/**
 * Whether a MongoDB can be started here, installed first where that is possible. Where it cannot: an error in CI, elsewhere
 * a line that nobody overlooks, so that a suite is skipped loudly. (Docker is not tried: the suites kill and stop their
 * server.)
 */
export async function haveMongodb(): Promise<boolean> {
  try {
    await findMongodb()
    return true
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.error(`\n*** SKIPPED, no MongoDB here: ${HOW_TO_GET_MONGODB} ***\n`)
    return false
  }
}

/** The address of a server that was given for tests (a replica set, say). It is never ended. */
export function givenMongodb(): string | undefined {
  return process.env.CREDENCE_TEST_MONGODB_URL || undefined
}

/** Starts a server; resolves when it takes connections. It is killed when this process ends. */
export async function startMongodb(): Promise<MongodbServer> {
  const program = await findMongodb()
  const home = tempHome()
  for (let left = START_TRIES; ; left--) {
    const server = new OwnServer(program, { folder: home.path, port: randomInt(FIRST_PORT, LAST_PORT + 1) })
    try {
      await server.restart()
      return server.withCleaning(() => home.remove())
    } catch (error) {
      // Somebody else may have the port.
      if (left > 1) continue
      home.remove()
      throw error
    }
  }
}

class OwnServer {
  readonly #program: MongodbProgram
  readonly #folder: string
  readonly #port: number
  #child: ChildProcess | undefined

  constructor(program: MongodbProgram, { folder, port }: { readonly folder: string; readonly port: number }) {
    this.#program = program
    this.#folder = folder
    this.#port = port
  }

  withCleaning(clean: () => void): MongodbServer {
    const stop = async (): Promise<void> => {
      await this.kill()
      clean()
    }
    return {
      url: `mongodb://127.0.0.1:${this.#port}/`,
      folder: this.#folder,
      kill: () => this.kill(),
      restart: () => this.restart(),
      pause: () => void this.#child?.kill('SIGSTOP'),
      resume: () => void this.#child?.kill('SIGCONT'),
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  async restart(): Promise<void> {
    // Nothing is written to its standard input: that ends with us, and the launcher with it.
    const child = spawn(this.#program.command, this.#program.args(this.#folder, this.#port), { stdio: ['pipe', 'ignore', 'pipe'] })
    this.#child = child
    killAtExit(child)
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-2_000)
    })
    const settled = new AbortController()
    try {
      await Promise.race([untilListening(this.#port, settled.signal), end(child, settled.signal)])
    } catch (error) {
      await this.kill()
      throw new TypeError(`the MongoDB server did not start\n${said}`, { cause: error })
    } finally {
      settled.abort()
    }
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
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
