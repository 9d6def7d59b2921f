import { freePort } from '../process/free-port.ts'
import { tempHome } from '../process/temp-home.ts'
import type { EngineRun } from './engine-run.ts'
import { haveEngine, type Wanted } from './find-engine.ts'
import { findMongodb, MONGODB } from './mongodb-launcher/find-mongodb.ts'

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

const START_TRIES = 5

/** Whether a MongoDB can be started here, installed first where that is possible; see `haveEngine`. */
export function haveMongodb(wanted: Wanted = {}): Promise<boolean> {
  return haveEngine(MONGODB, findMongodb, wanted)
}

/** The address of a server that was given for tests (a replica set, say). It is never ended. */
export function givenMongodb(): string | undefined {
  return MONGODB.given
}

/** Starts a server; resolves when it takes connections. It is killed when this process ends. */
export async function startMongodb(): Promise<MongodbServer> {
  const program = await findMongodb()
  const home = tempHome()
  for (let left = START_TRIES; ; left--) {
    const place = { folder: home.path, port: await freePort() }
    try {
      const first = await program(place)
      return serverOf({ first, again: () => program(place), url: `mongodb://127.0.0.1:${place.port}/`, home })
    } catch (error) {
      // Somebody else may have the port.
      if (left > 1) continue
      home.remove()
      throw error
    }
  }
}

interface Started {
  readonly first: EngineRun
  again(): Promise<EngineRun>
  readonly url: string
  readonly home: ReturnType<typeof tempHome>
}

function serverOf({ first, again, url, home }: Started): MongodbServer {
  let running = first
  const stop = async (): Promise<void> => {
    await running.kill()
    home.remove()
  }
  return {
    url,
    folder: home.path,
    kill: () => running.kill(),
    async restart() {
      running = await again()
    },
    pause: () => void running.pause(),
    resume: () => void running.resume(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
