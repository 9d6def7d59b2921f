import { systemClock, systemRandom } from '@credence/service'
import { haveNats, type NatsServer, startNats } from '@credence/testkit'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { describe, onTestFinished } from 'vitest'
import { openJetStreamBus } from '../src/index.ts'
import type { JetStreamBus, JetStreamOptions } from '../src/jetstream/open.ts'
import type { BusSetting } from './contract.ts'
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts'
import { silent } from './setting.ts'

/** Short, so that a test need not wait long for the place of a replica that was killed. */
export const TAKEOVER_MS = 2_000

/** Runs the suite where a NATS server can be had; elsewhere it is skipped loudly, and in CI that is a failure. */
export async function describeWithNats(name: string, suite: () => void, wanted: Parameters<typeof haveNats>[0] = {}): Promise<void> {
  describe.runIf(await haveNats(wanted))(name, suite)
}

export function openOn(url: string, more: Partial<JetStreamOptions> = {}): Promise<JetStreamBus> {
  return openJetStreamBus({
    servers: [url],
    takeoverMs: TAKEOVER_MS,
    clock: systemClock,
    random: systemRandom,
    log: silent,
    ...more,
  })
}

/** A bus that is closed when the test ends. */
export async function testBusOn(url: string, more: Partial<JetStreamOptions> = {}): Promise<JetStreamBus> {
  const bus = await openOn(url, more)
  onTestFinished(() => bus.close())
  return bus
}

/** A server of the test's own. */
export async function testNats(options?: Parameters<typeof startNats>[0]): Promise<NatsServer> {
  const server = await startNats(options)
  onTestFinished(() => server.stop())
  return server
}

/** What an operator does by hand. */
export async function administer<T>(
  url: string,
  act: (jsm: Awaited<ReturnType<typeof jetstreamManager>>, nc: NatsConnection) => Promise<T>,
): Promise<T> {
  const nc = await connect({ servers: url })
  try {
    return await act(await jetstreamManager(nc), nc)
  } finally {
    await nc.close()
  }
}

export async function deleteStreams(url: string): Promise<void> {
  await administer(url, async (jsm) => {
    for await (const { config } of jsm.streams.list()) if (config.name.startsWith('CREDENCE')) await jsm.streams.delete(config.name)
  })
}

/** The contract's storage: the streams of one server, each bus behind a way of its own that can be cut. */
export async function jetStreamSetting(url: string): Promise<BusSetting> {
  await deleteStreams(url)
  const opened: { readonly bus: JetStreamBus; readonly way: CuttingProxy }[] = []
  return {
    async open() {
      const way = await cuttingProxy(url)
      const bus = await openOn(way.url)
      opened.push({ bus, way })
      return bus
    },
    async crash() {
      opened.at(-1)?.way.cut()
    },
    lose: () => deleteStreams(url),
    async close() {
      // A bus whose handler never ends cannot be closed; its process would be gone.
      for (const { bus, way } of opened) void bus.close().then(() => way.close())
    },
  }
}
