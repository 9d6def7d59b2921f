import { freePort } from '../process/free-port.ts'
import { type TempHome, tempHome } from '../process/temp-home.ts'
import type { EngineRun } from './engine-run.ts'
import { haveEngine, type Wanted } from './find-engine.ts'
import { findNats, NATS, type NatsProgram } from './nats-program.ts'

/** A real NATS server with JetStream, whose folder goes with it. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string
  /** Where its files are; undefined for a server of somebody else. */
  readonly folder: string | undefined
  /** The monitoring address; undefined for a server of somebody else. */
  readonly monitoringUrl: string | undefined
  /** SIGKILL, as a machine that goes; resolves when the process is gone. */
  kill(): Promise<void>
  /** Starts it again on its files, at the same address. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface NatsOptions extends Wanted {
  /** `always`: each message is on disk before it is acknowledged. Default; a duration such as `2m` is what NATS does by itself. */
  readonly syncInterval?: string
  /** Lines of the server's configuration file, beside its own. */
  readonly more?: string
}

const PORT_TRIES = 5

/** Whether a NATS server can be started here, built or installed first where that is possible; see `haveEngine`. */
export function haveNats(wanted: Wanted = {}): Promise<boolean> {
  return haveEngine(NATS, findNats, wanted)
}

/** Starts a server on loopback with a folder and ports of its own, or hands out the one in the environment. It is killed when this process ends. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  if (options.mayBeShared && NATS.given !== undefined) return named(NATS.given)
  const program = await findNats()
  const home = tempHome()
  try {
    return await startOwned({ program, home, syncInterval: options.syncInterval ?? 'always', more: options.more ?? '' })
  } catch (error) {
    home.remove()
    throw error
  }
}

function named(url: string): NatsServer {
  const refuse = (): Promise<never> => Promise.reject(new TypeError('a NATS server that others use is not ended'))
  const stop = async (): Promise<void> => undefined
  return { url, folder: undefined, monitoringUrl: undefined, kill: refuse, restart: refuse, stop, [Symbol.asyncDispose]: stop }
}

interface Owned {
  readonly program: NatsProgram
  readonly home: TempHome
  readonly syncInterval: string
  readonly more: string
}

async function startOwned({ program, home, syncInterval, more }: Owned): Promise<NatsServer> {
  const start = (place: Ports): Promise<EngineRun> =>
    program({ folder: home.path, ...place }, (address) => configuration({ folder: home.path, syncInterval, more, address, ...place }))
  const { first, place } = await startSomewhere(start)
  let running = first
  const stop = async (): Promise<void> => {
    await running.kill()
    home.remove()
  }
  return {
    url: `nats://127.0.0.1:${place.port}`,
    folder: home.path,
    monitoringUrl: `http://127.0.0.1:${place.monitoring}`,
    kill: () => running.kill(),
    async restart() {
      await running.kill()
      running = await start(place)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

interface Ports {
  readonly port: number
  readonly monitoring: number
}

async function startSomewhere(start: (place: Ports) => Promise<EngineRun>): Promise<{ first: EngineRun; place: Ports }> {
  for (let attempt = 1; ; attempt++) {
    const [port, monitoring] = await Promise.all([freePort(), freePort()])
    try {
      return { first: await start({ port, monitoring }), place: { port, monitoring } }
    } catch (error) {
      if (attempt === PORT_TRIES) throw error
    }
  }
}

interface Configured extends Ports {
  readonly folder: string
  readonly syncInterval: string
  readonly more: string
  readonly address: string
}

function configuration({ folder, syncInterval, more, address, port, monitoring }: Configured): string {
  return `listen: "${address}:${port}"
http: "${address}:${monitoring}"
server_name: test
jetstream {
  store_dir: "${folder}"
  sync_interval: ${syncInterval}
  max_file_store: 4GB
}
${more}
`
}
