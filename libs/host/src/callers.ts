import { isIP } from 'node:net'
import { CodedError } from '@credence/errors'
import { type RpcServer, serveRpc } from '@credence/rpc'
import type { Host } from './host.ts'
import type { HostSettings } from './settings.ts'
import type { StandingService } from './standing-service.ts'

type CallerSettings = Pick<HostSettings, 'host' | 'apiPort' | 'apiTlsCert' | 'apiTlsKey'>

/**
 * The listener for callers, where the service has methods for them: with its certificate, or without one on loopback only.
 * Throws INVALID_SETTING, PORT_IN_USE.
 */
export async function serveCallers(
  { authenticate, mounts }: Pick<StandingService, 'authenticate' | 'mounts'>,
  { host, apiPort: port, apiTlsCert, apiTlsKey }: CallerSettings,
  { log, tracing, metrics }: Pick<Host, 'log' | 'tracing' | 'metrics'>,
): Promise<RpcServer | undefined> {
  if (authenticate === undefined) return undefined
  if (apiTlsCert !== undefined && apiTlsKey !== undefined) {
    return serveRpc({ host, port, mounts, log, tracing, metrics, authenticate, callerTls: { certFile: apiTlsCert, keyFile: apiTlsKey } })
  }
  // A certificate whose key was forgotten must not become a listener without one.
  const isMeantToHaveOne = apiTlsCert !== undefined || apiTlsKey !== undefined
  if (isMeantToHaveOne || !isLoopback(host)) throw certificateMissing({ apiTlsCert, apiTlsKey })
  return serveRpc({ host, port, mounts, log, tracing, metrics, authenticate })
}

function certificateMissing({ apiTlsCert, apiTlsKey }: Pick<CallerSettings, 'apiTlsCert' | 'apiTlsKey'>): CodedError {
  const detail = 'Callers send keys: give this listener a certificate, or bind to 127.0.0.1 behind something that has one.'
  const missing = [apiTlsCert === undefined ? 'CREDENCE_API_TLS_CERT' : '', apiTlsKey === undefined ? 'CREDENCE_API_TLS_KEY' : '']
  const faults = missing.filter((name) => name !== '').map((name) => ({ pointer: `/${name}`, code: 'MISSING_VALUE', detail }))
  return new CodedError('INVALID_SETTING', detail, { faults })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
