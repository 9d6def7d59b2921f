import { isIP } from 'node:net'
import { CodedError } from '@credence/errors'
import { type Authenticate, type RpcMount, type RpcServer, type ServiceName, serveRpc } from '@credence/rpc'
import { createLogger, readSettings, runUntilSignal, type Settings, type SettingsSpec } from '@credence/service'
import { type Host, type OpenHost, openHost } from './host.ts'
import { type Probes, startProbes } from './probes.ts'
import { HOST_SETTINGS, type HostSettings } from './settings.ts'

/** A service that has started on its host. */
export interface StandingService {
  readonly addresses: Readonly<Record<string, string>>
  readonly mounts: readonly RpcMount[]
  /** Present: it has methods for callers, who are recognised by this. */
  readonly authenticate?: Authenticate
  /** Throws while the service cannot do its work, beyond what the host looks at itself (the store). */
  readonly ready?: () => Promise<void>
  stop(): Promise<void>
}

export interface ServiceSpec<S extends SettingsSpec> {
  readonly service: ServiceName
  /** Beside those of the host. */
  readonly settings: S
  start(settings: Settings<S> & HostSettings, host: Host): Promise<StandingService>
}

/** `credence serve <service>`: takes flags, and reads the environment for what they leave out. */
export interface ServiceMain {
  readonly settings: SettingsSpec
  /** Resolves when a signal has ended it. Throws INVALID_SETTING with every fault, PORT_IN_USE, STORE_UNAVAILABLE, KEY_MISMATCH. */
  run(args: readonly string[], env?: Readonly<Record<string, string | undefined>>): Promise<void>
}

/**
 * Runs one service as this process: settings, host, the service, its listener for callers, probes; prints one line of JSON
 * with its addresses when it can be used. At a signal it stops being ready first, then finishes what is under way.
 */
export function serviceMain<const S extends SettingsSpec>(spec: ServiceSpec<S>): ServiceMain {
  const settings = { ...HOST_SETTINGS, ...spec.settings }
  return {
    settings,
    async run(args, env = process.env) {
      const given = readSettings(settings, env, args) as Settings<S> & HostSettings
      const log = createLogger({ service: spec.service })
      await runUntilSignal(() => stand(spec, given, log), { logger: log })
    },
  }
}

async function stand<S extends SettingsSpec>(
  spec: ServiceSpec<S>,
  settings: Settings<S> & HostSettings,
  log: Host['log'],
): Promise<{ stop(): Promise<void> }> {
  const host = await openHost(spec.service, settings, log)
  const stops: (() => Promise<void>)[] = [() => host.close()]
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).toReversed()) await one().catch((error: unknown) => log.failure('service.stop_failed', error))
  }
  try {
    const standing = await spec.start(settings, host)
    stops.push(() => standing.stop())
    const api = await serveCallers(standing, settings, host)
    if (api !== undefined) stops.push(() => api.stop())
    const probes = await startProbes({ host: settings.host, port: settings.probePort, ready: () => readiness(standing, host) })
    stops.push(() => probes.close())
    console.log(JSON.stringify(announcement(spec.service, standing, { api, probes })))
    return {
      async stop() {
        probes.drain()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function readiness(standing: StandingService, host: OpenHost): Promise<void> {
  await host.store.ping()
  await standing.ready?.()
}

function announcement(
  service: ServiceName,
  standing: StandingService,
  { api, probes }: { api: RpcServer | undefined; probes: Probes },
): object {
  return { service, ...standing.addresses, ...(api === undefined ? {} : { api: `${api.host}:${api.port}` }), probes: probes.address }
}

async function serveCallers(standing: StandingService, settings: HostSettings, { log, tracing }: Host): Promise<RpcServer | undefined> {
  const { authenticate, mounts } = standing
  if (authenticate === undefined) return undefined
  const { host, apiPort: port, apiTlsCert, apiTlsKey } = settings
  if (apiTlsCert !== undefined && apiTlsKey !== undefined) {
    return serveRpc({ host, port, mounts, log, tracing, authenticate, callerTls: { certFile: apiTlsCert, keyFile: apiTlsKey } })
  }
  if (!isLoopback(host)) {
    const detail = 'Callers send keys: give this listener a certificate, or bind to 127.0.0.1 behind something that has one.'
    const pointers = ['/CREDENCE_API_TLS_CERT', '/CREDENCE_API_TLS_KEY']
    throw new CodedError('INVALID_SETTING', detail, { faults: pointers.map((pointer) => ({ pointer, code: 'MISSING_VALUE', detail })) })
  }
  return serveRpc({ host, port, mounts, log, tracing, authenticate })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
