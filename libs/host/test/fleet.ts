import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type StartedProcess, startProcess } from '@credence/testkit'

export const SERVICES = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway'] as const
export type Service = (typeof SERVICES)[number]

export const MAIN: string = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url))
const PORTS: Readonly<Record<Service, string>> = {
  registry: 'REGISTRY',
  vault: 'VAULT',
  'token-refresher': 'REFRESHER',
  verifier: 'VERIFIER',
  gateway: 'GATEWAY',
}

/** One process of each service, as an operator starts them. */
export interface Fleet {
  readonly env: Readonly<Record<string, string>>
  start(service: Service): Promise<StartedProcess>
}

export interface Engines {
  readonly mongodb: string
  readonly nats: string
  readonly redis: string
}

/** Certificates, and addresses that the services know each other by. */
export async function planFleet(home: string, { mongodb, nats, redis }: Engines): Promise<Fleet> {
  const tls = join(home, 'tls')
  const { code } = await credence(['ca', 'init', '--out', tls], {})
  if (code !== 0) throw new TypeError('no certificates')
  const ports: Record<string, string> = {}
  for (const name of Object.values(PORTS)) ports[`CREDENCE_${name}_PORT`] = String(await freePort())
  const addresses = Object.values(PORTS).map((name) => [`CREDENCE_${name}_ADDRESS`, `127.0.0.1:${ports[`CREDENCE_${name}_PORT`]}`] as const)
  const volume = join(home, 'volume')
  mkdirSync(volume, { mode: 0o700 })
  const env = {
    ...ports,
    ...Object.fromEntries(addresses),
    ...Object.fromEntries(['PUBLIC', 'ADMIN', 'DATA', 'API', 'PROBE'].map((name) => [`CREDENCE_${name}_PORT`, '0'])),
    CREDENCE_PUBLIC_URL: 'http://localhost:7400',
    CREDENCE_ADMIN_URL: 'http://localhost:7401',
    CREDENCE_STORE_URL: mongodb,
    CREDENCE_NATS_URL: nats,
    CREDENCE_REDIS_URL: redis,
    CREDENCE_TLS_CA: join(tls, 'ca.crt'),
    CREDENCE_KEY_URI: join(home, 'root-key'),
    CREDENCE_FIRST_KEY_FILE: join(home, 'first-key'),
    CREDENCE_VOLUME: volume,
  }
  const own = (service: Service): Record<string, string> => ({
    CREDENCE_TLS_CERT: join(tls, `${service}.crt`),
    CREDENCE_TLS_KEY: join(tls, `${service}.key`),
  })
  return { env, start: (service) => startProcess([MAIN, 'serve', service], { env: { ...env, ...own(service) } }) }
}

/** Runs one command to its end, without the settings of whoever runs the tests. */
export function credence(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
