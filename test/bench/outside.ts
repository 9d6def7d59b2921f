import { fileURLToPath } from 'node:url'
import { type StartedProcess, startProcess } from '@credence/testkit'
import { pin } from './process-stat.ts'

const MAIN = fileURLToPath(new URL('./outside/outside-main.ts', import.meta.url))

interface Said {
  readonly port: number
  readonly gatePort: number
  readonly gatedHost: string
  readonly caFile: string
}

export interface Stats {
  /** Token requests that were answered. */
  readonly tokens: number
  /** Requests that came through the gate. */
  readonly gated: number
  /** Connections that wait before it. */
  readonly held: number
  /** Calls of `/counted` after the moment that was asked for. */
  readonly since: number
}

/** Everything outside of the platform, in a process of its own. */
export interface Outside {
  readonly url: string
  readonly said: Said
  readonly process: StartedProcess
  stats(): Promise<Stats>
  setGate(open: boolean): Promise<void>
  /** How many calls of `/counted` came after that moment of `process.hrtime.bigint()`. */
  countedSince(moment: bigint): Promise<number>
}

export async function startOutside(): Promise<Outside> {
  const process = await startProcess([MAIN])
  pin(process.pid, 'load')
  const said = process.ready as unknown as Said
  const url = `http://127.0.0.1:${said.port}`
  const ask = async (path: string): Promise<Stats> => (await (await fetch(`${url}/control/${path}`)).json()) as Stats
  return {
    url,
    said,
    process,
    stats: () => ask('stats'),
    async setGate(open) {
      await ask(`gate?open=${open ? 1 : 0}`)
    },
    countedSince: async (moment) => (await ask(`counted?since=${moment}`)).since,
  }
}
