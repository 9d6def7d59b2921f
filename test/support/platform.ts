import { fileURLToPath } from 'node:url'
import { type StartedProcess, startProcess } from '@credence/testkit'

/** A platform as its users see it, however many processes it is. */
export interface Inside {
  readonly public: string
  readonly admin: string
  readonly data: string
  readonly api: string
  /** The same for the methods of one service: in the distributed profile each has a listener of its own. */
  apiOf(service: string): string
  /** The data listener of each vault; absent where there is one alone. */
  readonly vaults?: readonly string[]
  /** At the first start only. */
  readonly key?: string
  stop(): Promise<void>
  /** Those that run now. */
  processes(): readonly StartedProcess[]
  /** Everything that its processes printed. */
  printed(): { readonly stdout: string; readonly stderr: string }
}

/** A platform of its own: `credence dev` in a process of its own, on random ports. */
export interface Platform extends Inside {
  readonly signInLink?: string
  /** Of /livez, /readyz and /metrics. */
  readonly probes: string
  readonly process: StartedProcess
}

export interface PlatformOptions {
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

const MAIN = fileURLToPath(new URL('../../libs/cli/src/main.ts', import.meta.url))
const ANY_PORT = ['PUBLIC', 'ADMIN', 'DATA', 'API', 'REGISTRY', 'VAULT', 'REFRESHER', 'VERIFIER', 'GATEWAY', 'PROBE'].map((name) => [
  `CREDENCE_${name}_PORT`,
  '0',
])

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const env = {
    ...Object.fromEntries(ANY_PORT),
    CREDENCE_REFRESH_TICK_MS: '1000',
    CREDENCE_REFRESH_CONFIRM_MS: '1000',
    // A disk that is slow for all that a test machine does is not what these tests are about.
    CREDENCE_AUDIT_DEADLINE_MS: '5000',
    ...options.env,
    CREDENCE_HOME: options.home,
  }
  const process = await startProcess([MAIN, 'dev', '-o', 'json', ...(options.args ?? [])], { env })
  const said = process.ready as Record<string, string>
  const { public: open = '', admin = '', data = '', api = '', probes = '' } = said
  return {
    public: open,
    admin,
    data,
    api,
    apiOf: () => api,
    probes,
    process,
    stop: () => process.stop(),
    processes: () => [process],
    printed: () => ({ stdout: process.stdout(), stderr: process.stderr() }),
    ...(said.key === undefined ? {} : { key: said.key }),
    ...(said.sign_in === undefined ? {} : { signInLink: said.sign_in }),
  }
}
