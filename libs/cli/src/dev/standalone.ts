import { CodedError } from '@credence/errors'

/** What `dev` asks of the package that mounts all services in one process. */
export interface Standalone {
  /** Flags first, then the environment, then defaults. Throws INVALID_SETTING. */
  readConfig(args: readonly string[]): StandaloneConfig
  /** Throws PORT_IN_USE with a fault per busy port, KEY_MISMATCH, ROLLED_BACK, STORE_UNAVAILABLE. */
  startStandalone(config: StandaloneConfig, adapters: { readonly writeLog?: (line: string) => void }): Promise<RunningPlatform>
  readonly STANDALONE_SETTINGS: Readonly<Record<string, { readonly name: string; readonly doc: string }>>
}

export interface StandaloneConfig {
  readonly settings: Readonly<Record<string, unknown>> & { readonly home: string; readonly host: string }
}

export interface RunningPlatform {
  /** `http://…` of public, admin, data and probes; `host:port` of api. */
  readonly addresses: Readonly<Record<'public' | 'admin' | 'data' | 'api' | 'probes', string>>
  readonly home: string
  /** At the first start only. */
  readonly firstKey?: string
  signInLink(): Promise<string>
  stop(): Promise<void>
}

/** By name, because no library knows a service: this one only starts them. */
const PACKAGE: string = '@credence/standalone'

export async function loadStandalone(): Promise<Standalone> {
  try {
    return (await import(PACKAGE)) as Standalone
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new CodedError('INVALID_SETTING', `${PACKAGE} is not installed here: run \`npm run setup\` in the checkout.`)
  }
}
