import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Credence, createCredence } from '@credence/sdk'
import { tempHome } from '@credence/testkit'
import { Person } from '../support/person.ts'
import { type Platform, startPlatform } from '../support/platform.ts'
import type { FailpointName, ServerClass } from './plan-kills.ts'
import { startWitness, type Witness } from './witness.ts'

/** REFRESH 4.2: short enough that leases and silences end while somebody watches; start refuses what does not fit together. */
export const REFRESH_SETTINGS: Readonly<Record<string, string>> = {
  CREDENCE_REFRESH_LEASE_MS: '3000',
  CREDENCE_REFRESH_DEADLINE_MS: '800',
  CREDENCE_REFRESH_SAVE_MS: '800',
  CREDENCE_REFRESH_HEARTBEAT_MS: '500',
  CREDENCE_REFRESH_OWNER_GONE_MS: '7000',
  CREDENCE_REFRESH_CONFIRM_MS: '500',
  CREDENCE_REFRESH_TICK_MS: '500',
}

export const RETURN_URL = 'http://localhost:3999/connected'
export const USER = 'id:torture'

/** One platform run on the arena's home, until it is killed. */
export interface Run {
  readonly platform: Platform
  /** For the user whose accounts are connected. */
  readonly credence: Credence
  /** What it wrote to its error output. */
  printed(): string
  /** What the failpoint wrote before its kill, line by line. */
  failpointLog(): readonly string[]
}

/** One home folder, the witnesses that its credentials belong to, and a person who connects them. */
export interface Arena {
  readonly home: string
  readonly person: Person
  witness(serverClass: ServerClass): Witness
  /** Starts the platform on the home, with a failpoint armed or without; a former one is killed. */
  start(failpoint?: FailpointName): Promise<Run>
  /** SIGKILL now, whatever is under way; resolves when the platform is gone. */
  halt(): Promise<void>
  /** The provider of a class, registered at the first start. */
  providerOf(serverClass: ServerClass): string
  close(): Promise<void>
}

export async function openArena(classes: readonly ServerClass[]): Promise<Arena> {
  const home = tempHome()
  const evidence = tempHome()
  const witnesses = new Map<ServerClass, Witness>()
  for (const serverClass of classes) witnesses.set(serverClass, await startWitness(serverClass, evidence.path))
  const person = new Person()
  const providers = new Map<ServerClass, string>()
  let key: string | undefined
  let running: Platform | undefined
  const halt = async (): Promise<void> => {
    running?.process.kill('SIGKILL')
    await running?.process.exited
  }
  let starts = 0
  const settings = {
    ...REFRESH_SETTINGS,
    CREDENCE_EGRESS_ALLOW: [...witnesses.values()].flatMap(({ addresses }) => addresses).join(','),
  }
  return {
    home: home.path,
    person,
    witness: (serverClass) => known(witnesses, serverClass),
    providerOf: (serverClass) => known(providers, serverClass),
    halt,
    async start(failpoint) {
      await halt()
      const log = join(evidence.path, `failpoint-${++starts}.log`)
      const armed = failpoint === undefined ? {} : { CREDENCE_FAILPOINT: `${failpoint}@1`, CREDENCE_FAILPOINT_LOG: log }
      // The redirect address is registered once, so the public port must outlive the process.
      const port = running === undefined ? {} : { CREDENCE_PUBLIC_PORT: new URL(running.public).port }
      running = await startPlatform({ home: home.path, env: { ...settings, ...port, ...armed } })
      key ??= running.key
      if (key === undefined) throw new TypeError('the first start shows no key')
      const { admin, data, api } = running
      const credence = createCredence({ apiUrl: admin, proxyUrl: data, grpc: api, key })
      if (providers.size === 0) await register(credence, witnesses, providers)
      return {
        platform: running,
        credence: credence.forUser(USER),
        printed: running.process.stderr,
        failpointLog: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
      }
    },
    async close() {
      await halt()
      await person.leave()
      await Promise.all([...witnesses.values()].map((witness) => witness.close()))
      home.remove()
      evidence.remove()
    },
  }
}

async function register(
  credence: Credence,
  witnesses: ReadonlyMap<ServerClass, Witness>,
  providers: Map<ServerClass, string>,
): Promise<void> {
  await credence.project.update({ returnUrls: [RETURN_URL] })
  for (const [serverClass, witness] of witnesses) {
    const provider = await credence.providers.create(JSON.stringify(witness.payload))
    const { redirectUri } = await credence.clients.put(provider.id, witness.client)
    await witness.allowRedirect(redirectUri)
    providers.set(serverClass, provider.id)
  }
}

function known<T>(map: ReadonlyMap<ServerClass, T>, serverClass: ServerClass): T {
  const found = map.get(serverClass)
  if (found === undefined) throw new TypeError(`this arena has no ${serverClass} server`)
  return found
}
