import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type StartedProcess, startProcess } from '@credence/testkit'
import { type Balancer, startBalancer } from './balancer.ts'
import type { Inside } from './platform.ts'

export const SERVICES = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway'] as const
export type Service = (typeof SERVICES)[number]

/** Addresses of the engines. */
export interface Engines {
  readonly mongodb: string
  readonly nats: string
  readonly redis: string
}

export interface Replica {
  readonly service: Service
  readonly number: number
  readonly process: StartedProcess
}

/** The distributed profile: a process per replica, before each kind of listener what a load balancer is in production. */
export interface Cluster extends Inside {
  readonly key: string
  replicas(service: Service): readonly Replica[]
  /** A replica that runs. Throws TypeError when it does not. */
  replica(service: Service, number: number): Replica
  /** Ends a replica, by a request to stop or as a crash, and tells how it ended; undefined: it did not run. */
  end(service: Service, number: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<Exit | undefined>
  /** Starts that replica again, at its addresses and on its volume; `env` is of this start alone. */
  start(service: Service, number: number, env?: Env): Promise<void>
  /** The volume of a replica, which outlives it. */
  volume(service: Service, number: number): string
}

export type Env = Readonly<Record<string, string>>
export type Exit = Awaited<StartedProcess['exited']>

export interface ClusterOptions {
  readonly home: string
  readonly engines: Engines
  readonly env?: Env
  /** Settings of one service beyond those of all. */
  readonly envOf?: (service: Service) => Env
  /** How many of each service. Default 2. */
  readonly replicas?: number | Partial<Record<Service, number>>
}

const MAIN = fileURLToPath(new URL('../../libs/cli/src/main.ts', import.meta.url))
/** The listeners of each service, by the ending of their setting. */
const LISTENERS: Readonly<Record<Service, readonly string[]>> = {
  registry: ['REGISTRY_PORT', 'API_PORT'],
  vault: ['VAULT_PORT', 'API_PORT', 'DATA_PORT'],
  'token-refresher': ['REFRESHER_PORT'],
  verifier: ['VERIFIER_PORT'],
  gateway: ['GATEWAY_PORT', 'API_PORT', 'PUBLIC_PORT', 'ADMIN_PORT'],
}
const OWN: Readonly<Record<Service, string>> = {
  registry: 'REGISTRY',
  vault: 'VAULT',
  'token-refresher': 'REFRESHER',
  verifier: 'VERIFIER',
  gateway: 'GATEWAY',
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { home, engines, env = {}, envOf = () => ({}), replicas = {} } = options
  const count = (service: Service): number => (typeof replicas === 'number' ? replicas : (replicas[service] ?? 2))
  const tls = join(home, 'tls')
  const ca = await runCli(['ca', 'init', '--out', tls])
  if (ca !== 0) throw new TypeError('no certificates')
  const ports = await plan(count)
  const portsOf = (service: Service, setting: string): number[] => ports[service].map((own) => own[setting] ?? 0)
  const running = new Map<string, Replica>()
  const started: Replica[] = []
  const live = (service: Service, setting: string) => (): number[] =>
    portsOf(service, setting).filter((_, number) => running.has(`${service} ${number}`))
  const balancers = {
    public: await startBalancer(live('gateway', 'PUBLIC_PORT')),
    admin: await startBalancer(live('gateway', 'ADMIN_PORT')),
    data: await startBalancer(live('vault', 'DATA_PORT')),
    api: await startBalancer(live('registry', 'API_PORT')),
    vaultApi: await startBalancer(live('vault', 'API_PORT')),
    gatewayApi: await startBalancer(live('gateway', 'API_PORT')),
  }
  const apis: Readonly<Record<string, Balancer>> = { vault: balancers.vaultApi, gateway: balancers.gatewayApi }
  const shared = {
    CREDENCE_PUBLIC_URL: `http://localhost:${balancers.public.port}`,
    CREDENCE_ADMIN_URL: `http://localhost:${balancers.admin.port}`,
    CREDENCE_STORE_URL: engines.mongodb,
    CREDENCE_NATS_URL: engines.nats,
    CREDENCE_REDIS_URL: engines.redis,
    CREDENCE_TLS_CA: join(tls, 'ca.crt'),
    CREDENCE_KEY_URI: join(home, 'key'),
    CREDENCE_FIRST_KEY_FILE: join(home, 'first-key'),
    CREDENCE_PROBE_PORT: '0',
    CREDENCE_REFRESH_TICK_MS: '1000',
    // Three engines and two vaults sync to the one disk of a test machine.
    CREDENCE_AUDIT_DEADLINE_MS: '5000',
    CREDENCE_REFRESH_CONFIRM_MS: '1000',
    ...Object.fromEntries(
      SERVICES.map((service) => [
        `CREDENCE_${OWN[service]}_ADDRESS`,
        portsOf(service, `${OWN[service]}_PORT`)
          .map((port) => `127.0.0.1:${port}`)
          .join(','),
      ]),
    ),
    ...env,
  }
  const volumeOf = (service: Service, number: number): string => join(home, `volume-${service}-${number}`)
  const start = async (service: Service, number: number, once: Env = {}): Promise<void> => {
    const volume = volumeOf(service, number)
    mkdirSync(volume, { recursive: true, mode: 0o700 })
    const own = {
      CREDENCE_TLS_CERT: join(tls, `${service}.crt`),
      CREDENCE_TLS_KEY: join(tls, `${service}.key`),
      CREDENCE_VOLUME: volume,
      ...Object.fromEntries(LISTENERS[service].map((setting) => [`CREDENCE_${setting}`, String(ports[service][number]?.[setting])])),
    }
    const process = await startProcess([MAIN, 'serve', service], { env: { ...shared, ...own, ...envOf(service), ...once } })
    const replica = { service, number, process }
    running.set(`${service} ${number}`, replica)
    started.push(replica)
  }
  const end = async (service: Service, number: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<Exit | undefined> => {
    const replica = running.get(`${service} ${number}`)
    running.delete(`${service} ${number}`)
    replica?.process.kill(signal)
    return replica?.process.exited
  }
  const stop = async (): Promise<void> => {
    // Whoever is called outlives its callers.
    for (const service of SERVICES.toReversed())
      await Promise.all(
        [...running.values()].filter((replica) => replica.service === service).map((r) => end(service, r.number, 'SIGTERM')),
      )
    await Promise.all(Object.values(balancers).map((balancer: Balancer) => balancer.close()))
  }
  try {
    // The first vault makes the root key, which the others find.
    await start('vault', 0)
    const rest = SERVICES.flatMap((service) => Array.from({ length: count(service) }, (_, number) => [service, number] as const))
    await Promise.all(
      rest.filter(([service, number]) => service !== 'vault' || number > 0).map(([service, number]) => start(service, number)),
    )
  } catch (error) {
    await stop()
    throw error
  }
  return {
    public: shared.CREDENCE_PUBLIC_URL,
    admin: `http://127.0.0.1:${balancers.admin.port}`,
    data: `http://127.0.0.1:${balancers.data.port}`,
    api: `127.0.0.1:${balancers.api.port}`,
    apiOf: (service) => `127.0.0.1:${(apis[service] ?? balancers.api).port}`,
    vaults: portsOf('vault', 'DATA_PORT').map((port) => `http://127.0.0.1:${port}`),
    key: readFileSync(join(home, 'first-key'), 'utf8').trim(),
    replicas: (service) => [...running.values()].filter((replica) => replica.service === service),
    replica(service, number) {
      const replica = running.get(`${service} ${number}`)
      if (replica === undefined) throw new TypeError(`${service} ${number} does not run`)
      return replica
    },
    end,
    start,
    volume: volumeOf,
    stop,
    processes: () => [...running.values()].map(({ process }) => process),
    printed: () => ({
      stdout: started.map(({ process }) => process.stdout()).join('\n'),
      stderr: started.map(({ process }) => process.stderr()).join('\n'),
    }),
  }
}

type Planned = Readonly<Record<Service, readonly Readonly<Record<string, number>>[]>>

/** Ports are fixed before anything starts: replicas name each other, and one that comes back has the addresses it had. */
async function plan(count: (service: Service) => number): Promise<Planned> {
  const entries = await Promise.all(
    SERVICES.map(async (service) => {
      const replicas = []
      for (let number = 0; number < count(service); number++) {
        const own: Record<string, number> = {}
        for (const setting of LISTENERS[service]) own[setting] = await freePort()
        replicas.push(own)
      }
      return [service, replicas] as const
    }),
  )
  return Object.fromEntries(entries) as unknown as Planned
}

async function runCli(args: readonly string[]): Promise<number | null> {
  const { spawn } = await import('node:child_process')
  return new Promise((resolve) => spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' }).once('exit', resolve))
}
