import type { Clock } from '@credence/service'
import { readConfig, startStandalone } from '@credence/standalone'
import type { OnProfile } from './profile.ts'

const PORTS = ['PUBLIC', 'ADMIN', 'DATA', 'API', 'REGISTRY', 'VAULT', 'REFRESHER', 'VERIFIER', 'GATEWAY', 'PROBE']

/** The embedded profile in the process of the test, on a clock that the test moves. */
export async function startInProcess(
  clock: Clock,
  { home, env }: { readonly home: string; readonly env: Readonly<Record<string, string>> },
): Promise<OnProfile> {
  const lines: string[] = []
  const anyPort = Object.fromEntries(PORTS.map((name) => [`CREDENCE_${name}_PORT`, '0']))
  const settings = { ...anyPort, CREDENCE_REFRESH_TICK_MS: '200', CREDENCE_AUDIT_DEADLINE_MS: '5000', ...env, CREDENCE_HOME: home }
  const running = await startStandalone(readConfig([], settings), { clock, writeLog: (line) => void lines.push(line) })
  const { public: open, admin, data, api } = running.addresses
  return {
    public: open,
    admin,
    data,
    api,
    apiOf: () => api,
    folders: [home],
    processes: () => [],
    printed: () => ({ stdout: '', stderr: lines.join('\n') }),
    stop: () => running.stop(),
    ...(running.firstKey === undefined ? {} : { key: running.firstKey }),
  }
}
