import { CodedError } from '@credence/errors'
import type { RpcServer, ServiceName } from '@credence/rpc'
import { createLogger, readSettings, runUntilSignal, type Settings, type SettingsSpec, systemRandom } from '@credence/service'
import { within } from '@credence/service/within'
import { type CollectionSpec, migrate } from '@credence/store'
import { serveCallers } from './callers.ts'
import { closeAll, type Host, type OpenHost, openHost, openStore } from './host.ts'
import { type Probes, startProbes } from './probes.ts'
import { HOST_SETTINGS, type HostSettings } from './settings.ts'
import type { StandingService } from './standing-service.ts'

export interface ServiceSpec<S extends SettingsSpec> {
  readonly service: ServiceName
  /** Beside those of the host. */
  readonly settings: S
  /** Every collection that the service opens, in which order it likes; the event log of its relay is added. */
  readonly collections: readonly CollectionSpec[]
  start(settings: Settings<S> & HostSettings, host: Host): Promise<StandingService>
}

type Environment = Readonly<Record<string, string | undefined>>

/** What `credence serve <service>` and `credence migrate <service>` run. Flags come first, then the environment. */
export interface ServiceMain {
  readonly settings: SettingsSpec
  /** Every collection of the service's database. */
  readonly collections: readonly CollectionSpec[]
  /** Resolves when a signal has ended it. Throws INVALID_SETTING with every fault, PORT_IN_USE, STORE_UNAVAILABLE, KEY_MISMATCH. */
  run(args: readonly string[], env?: Environment): Promise<void>
  /**
   * Makes the collections and indexes of the service beforehand, so that a start finds them; tells of each that is ready.
   * Idempotent; beside running services, too. Throws INVALID_SETTING, STORE_UNAVAILABLE.
   */
  migrate(args: readonly string[], ready: (spec: CollectionSpec) => void, env?: Environment): Promise<void>
}

/** Less than a probe's own: a driver looks for a lost server longer than that, and the answer must still name it. */
const ENGINE_PATIENCE_MS = 1_500

const STORE_SETTINGS = {
  config: HOST_SETTINGS.config,
  storeUrl: HOST_SETTINGS.storeUrl,
  storeDatabase: HOST_SETTINGS.storeDatabase,
}

/**
 * Runs one service as this process: settings, host, the service, its listener for callers, probes; prints one line of JSON
 * with its addresses when it can be used. At a signal it stops being ready first, then finishes what is under way.
 */
export function serviceMain<const S extends SettingsSpec>(spec: ServiceSpec<S>): ServiceMain {
  const settings = { ...HOST_SETTINGS, ...spec.settings }
  const collections = [...spec.collections, eventLogOf(spec.service)]
  return {
    settings,
    collections,
    async run(args, env = process.env) {
      const given = readSettings(settings, env, args) as Settings<S> & HostSettings
      const log = createLogger({ service: spec.service })
      const start = async (): Promise<{ stop(): Promise<void> }> =>
        stand(await openHost(spec.service, given, log), given, { service: spec.service, start: (host) => spec.start(given, host) })
      await runUntilSignal(start, { logger: log })
    },
    async migrate(args, ready, env = process.env) {
      const store = await openStore(spec.service, readSettings(storeSettingsOf(settings), env, args), systemRandom)
      try {
        await migrate(store, collections, ready)
      } finally {
        await store.close()
      }
    },
  }
}

/** What has to be known of a database, and where it is; the others may be in the same file. */
function storeSettingsOf(settings: SettingsSpec): typeof STORE_SETTINGS {
  const others = Object.entries(settings).map(([member, setting]) => [member, { ...setting, elsewhere: true }])
  return { ...(Object.fromEntries(others) as object), ...STORE_SETTINGS }
}

/** As the relay of `@credence/events` opens it; the tests compare this with what a service has really opened. */
function eventLogOf(service: ServiceName): CollectionSpec {
  return { name: `${service.replaceAll('-', '_')}_events`, indexes: [{ name: 'stored', members: ['storedAt', 'seq'] }] }
}

/**
 * Starts a service on an open host, which is closed with it, also when the start fails. It is alive from the beginning, so
 * that a start may take its time, and its probes answer until everything else has ended.
 */
export async function stand(
  host: OpenHost,
  settings: Pick<HostSettings, 'host' | 'probePort' | 'apiPort' | 'apiTlsCert' | 'apiTlsKey'>,
  { service, start }: { readonly service: ServiceName; readonly start: (host: Host) => Promise<StandingService> },
): Promise<{ readonly probes: string; stop(): Promise<void> }> {
  const closing: (() => Promise<void>)[] = [() => host.close()]
  let standing: StandingService | undefined
  const ready = async (): Promise<readonly string[]> => {
    if (standing === undefined) throw new CodedError('UNAVAILABLE')
    const away = awayOf({ BUS_UNAVAILABLE: () => askBus(host), ...standing.engines })
    await within(ENGINE_PATIENCE_MS, host.store.ping(), 'STORE_UNAVAILABLE')
    return away
  }
  try {
    const probes = await startProbes({ host: settings.host, port: settings.probePort, ready, figures: host.figures })
    closing.push(() => probes.close())
    const started = await start(host)
    closing.push(() => started.stop())
    const api = await serveCallers(started, settings, host)
    if (api !== undefined) closing.push(() => api.stop())
    standing = started
    console.log(JSON.stringify(announcement(service, started, { api, probes })))
    return {
      probes: probes.address,
      async stop() {
        probes.drain()
        await closeAll(closing, host.log)
      },
    }
  } catch (error) {
    await closeAll(closing, host.log)
    throw error
  }
}

/** The codes of those that do not answer in time. */
async function awayOf(engines: NonNullable<StandingService['engines']>): Promise<readonly string[]> {
  const answers = Object.entries(engines).map(([code, ask]) =>
    within(ENGINE_PATIENCE_MS, ask()).then(
      () => [],
      () => [code],
    ),
  )
  return (await Promise.all(answers)).flat()
}

/** Facts wait in the store while the bus is away: to stop serving for it would make an outage of it. */
async function askBus({ bus }: OpenHost): Promise<void> {
  await bus.stream?.state({ fresh: true })
}

function announcement(
  service: ServiceName,
  standing: StandingService,
  { api, probes }: { api: RpcServer | undefined; probes: Probes },
): object {
  return { service, ...standing.addresses, ...(api === undefined ? {} : { api: `${api.host}:${api.port}` }), probes: probes.address }
}
