import { existsSync } from 'node:fs'
import { type RequestOptions, request } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** An engine that runs answers at once; one that hangs must not hold up a test run. */
const ANSWER_MS = 2_000

type Environment = Readonly<Record<string, string | undefined>>

export interface DockerSearch {
  readonly env?: Environment
  /** Tried one after the other, unless DOCKER_HOST names one. Default: where engines usually listen. */
  readonly sockets?: readonly string[]
  /** Default 2,000. */
  readonly answerMs?: number
}

/** Whether a Docker engine answers here. Asked before anything is loaded that would look for one at length. */
export async function dockerAnswers(search: DockerSearch = {}): Promise<boolean> {
  const { env = process.env, sockets = usualSockets(env), answerMs = ANSWER_MS } = search
  const named = env.DOCKER_HOST
  if (named !== undefined && named !== '') return pings(placeOf(named), answerMs)
  for (const socketPath of sockets) if (existsSync(socketPath) && (await pings({ socketPath }, answerMs))) return true
  return false
}

/** Where engines listen by default, rootless ones and desktops included. */
function usualSockets(env: Environment): string[] {
  const own = env.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.() ?? ''}`
  return [
    '/var/run/docker.sock',
    join(own, 'docker.sock'),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
  ]
}

function placeOf(host: string): RequestOptions | undefined {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) }
  if (!URL.canParse(host)) return undefined
  const { hostname, port } = new URL(host)
  return { host: hostname, port }
}

function pings(place: RequestOptions | undefined, timeout: number): Promise<boolean> {
  if (place === undefined) return Promise.resolve(false)
  return new Promise((resolve) => {
    const asking = request({ ...place, path: '/_ping', timeout }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asking.once('timeout', () => asking.destroy())
    asking.once('error', () => resolve(false))
    asking.once('close', () => resolve(false))
    asking.end()
  })
}
