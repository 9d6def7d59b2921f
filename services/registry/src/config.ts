/** What the registry is told at its start; everything that has no default must be given. */
export interface RegistryConfig {
  /** Address of the service listener. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Without a slash at its end; redirect and reconnect addresses begin with it. */
  readonly publicUrl: string
  /** How long one push to the vault may take before the caller is told that it does not hold yet. Default 5 s. */
  readonly pushTimeoutMs?: number
  /** How often what stopped half-way is looked for. Default 5 s. */
  readonly sweepMs?: number
}

export interface RegistrySettings {
  readonly publicUrl: string
  readonly pushTimeoutMs: number
  readonly sweepMs: number
}

const PUSH_TIMEOUT_MS = 5_000
const SWEEP_MS = 5_000

export function settingsOf(config: RegistryConfig): RegistrySettings {
  return Object.freeze({
    publicUrl: config.publicUrl.replace(/\/+$/, ''),
    pushTimeoutMs: config.pushTimeoutMs ?? PUSH_TIMEOUT_MS,
    sweepMs: config.sweepMs ?? SWEEP_MS,
  })
}
