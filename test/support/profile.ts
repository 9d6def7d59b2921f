import { inject } from 'vitest'
import { startEngines } from '../torture/cluster/engines.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type Journey, journeyOn } from './journey.ts'
import { type Inside, type PlatformOptions, startPlatform } from './platform.ts'
import type { World } from './world.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Said by the project of vitest.config.ts: `engines` runs `test/system/both` a second time, on processes of its own. */
    profile: 'embedded' | 'distributed'
  }
}

/** Of what decides whether something is in force everywhere there are two; one of each of the others. */
const REPLICAS = { vault: 2, gateway: 2, registry: 1, 'token-refresher': 1, verifier: 1 }

export interface OnProfile extends Inside {
  /** Where everything of it lies on the disk, engines included. */
  readonly folders: readonly string[]
}

/** The same platform after a crash of whatever decides whether a secret is opened: on the same data, perhaps at other addresses. */
export async function restarted(platform: OnProfile, { home, env = {} }: Pick<PlatformOptions, 'home' | 'env'>): Promise<OnProfile> {
  if (isCluster(platform)) {
    const crashed = (['vault', 'verifier'] as const).flatMap((service) =>
      platform.replicas(service).map(({ number }) => ({ service, number })),
    )
    await Promise.all(crashed.map(({ service, number }) => platform.end(service, number, 'SIGKILL')))
    await Promise.all(crashed.map(({ service, number }) => platform.start(service, number)))
    return platform
  }
  const [process] = platform.processes()
  process?.kill('SIGKILL')
  await process?.exited
  return { ...(await startPlatform({ home, env })), folders: platform.folders }
}

function isCluster(platform: OnProfile): platform is OnProfile & Cluster {
  return 'replicas' in platform
}

/** The platform of the profile under test: one process on SQLite, or a process per replica on engines of its own. */
export async function startOnProfile({ home, env = {} }: Pick<PlatformOptions, 'home' | 'env'>): Promise<OnProfile> {
  if (inject('profile') === 'embedded') return { ...(await startPlatform({ home, env })), folders: [home] }
  const engines = await startEngines()
  try {
    const cluster = await startCluster({ home, engines: engines.urls, env, replicas: REPLICAS })
    const stop = async (): Promise<void> => {
      await cluster.stop()
      await engines.stop()
    }
    return { ...cluster, folders: [home, ...engines.folders], stop }
  } catch (error) {
    await engines.stop()
    throw error
  }
}

/** A journey on that platform. */
export async function startJourney(home: string, world: World): Promise<Journey> {
  const platform = await startOnProfile({ home, env: world.env })
  return { ...(await journeyOn(platform, { home, world })), folders: platform.folders }
}
