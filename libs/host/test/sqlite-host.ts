import { openEmbeddedBus } from '@credence/events'
import { openPeers } from '@credence/rpc'
import { createLogger, startTracing, systemClock, systemRandom } from '@credence/service'
import { startMetrics } from '@credence/service/metrics'
import { openSqliteStore } from '@credence/store'
import { tempHome, testAuthority } from '@credence/testkit'
import type { OpenHost } from '../src/host.ts'

export interface SqliteHost extends OpenHost {
  /** The events of its log, in order. */
  readonly told: readonly string[]
  isClosed(): boolean
}

/** A host on engines that need no server: what stands on it cannot tell. */
export async function openSqliteHost(): Promise<SqliteHost> {
  const home = tempHome()
  const told: string[] = []
  const [clock, random] = [systemClock, systemRandom]
  const log = createLogger({ service: 'registry', write: (line) => void told.push((JSON.parse(line) as { event: string }).event) })
  const store = await openSqliteStore({ file: `${home.path}/store.db`, random })
  const bus = await openEmbeddedBus({ store, clock, random, log })
  const tracing = startTracing({ serviceName: 'registry' })
  const figures = startMetrics({ serviceName: 'registry', clock })
  const metrics = figures.of('registry')
  const authority = testAuthority()
  const uris = ['spiffe://credence/registry']
  const tls = { ...authority.issue({ commonName: 'registry', uris, client: true, server: true }), caPem: authority.certificatePem }
  const peers = openPeers({ tls, address: () => undefined })
  let closed = false
  const close = async (): Promise<void> => {
    closed = true
    peers.close()
    await bus.close()
    await store.close()
    await figures.shutdown()
    home.remove()
  }
  return { store, bus, clock, random, log, tracing, metrics, figures, tls, peers, close, told, isClosed: () => closed }
}
