import { dockerAnswers } from './docker-engine.ts'
import type { EngineRun } from './engine-run.ts'

export interface ContainerSpec {
  readonly image: string
  readonly command: readonly string[]
  /** The same inside and outside, so that an address stays what it is over a restart. */
  readonly ports: readonly number[]
  /** Mounted at the same path, so that files can be looked at from outside and outlive the container. */
  readonly folder: string
  /** What the server prints when it serves: the port is open before that. */
  readonly ready: RegExp
}

/** Starts a server in a container. */
export type RunContainer = (spec: ContainerSpec) => Promise<EngineRun>

/** Whoever starts containers of an image, once it is pulled. Undefined where no Docker engine answers. */
export async function containers(
  image: string,
  answers: () => Promise<boolean> = () => dockerAnswers(),
): Promise<RunContainer | undefined> {
  if (!(await answers())) return undefined
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers')
  const client = await getContainerRuntimeClient()
  await client.image.pull(ImageName.fromString(image))
  return runContainer
}

/** What is left when this process ends is removed by the reaper of `testcontainers`. */
async function runContainer({ image, command, ports, folder, ready }: ContainerSpec): Promise<EngineRun> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers')
  const container = await new GenericContainer(image)
    .withEntrypoint([...command.slice(0, 1)])
    .withCommand([...command.slice(1)])
    .withExposedPorts(...ports.map((port) => ({ container: port, host: port })))
    .withBindMounts([{ source: folder, target: folder }])
    // Its files are ours, so that they can be removed.
    .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
    .withWaitStrategy(Wait.forLogMessage(ready))
    .start()
  const inside = (await getContainerRuntimeClient()).container.getById(container.getId())
  let runs = true
  return {
    async kill() {
      if (!runs) return
      runs = false
      await inside.kill({ signal: 'SIGKILL' })
      await container.stop({ timeout: 0 })
    },
    pause: async () => void (await inside.pause()),
    resume: async () => void (await inside.unpause()),
  }
}
