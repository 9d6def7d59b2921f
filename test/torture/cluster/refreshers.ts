import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type EventBus, openEmbeddedBus } from '@credence/events'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import type { TlsIdentity } from '@credence/rpc'
import { type Clock, createLogger, type Logger, startTracing, systemRandom } from '@credence/service'
import { startMetrics } from '@credence/service/metrics'
import { type Collection, openSqliteStore } from '@credence/store'
import { tempHome, testAuthority } from '@credence/testkit'
import { type RefresherConfig, type RefreshQueue, start } from '@credence/token-refresher'
import { DUE_INDEX, type Plan, PROJECT_INDEX } from '../../../services/token-refresher/src/credential/plan.ts'
import { PLAN_COLLECTION } from '../../../services/token-refresher/src/credential/plans.ts'
import type { Grants } from './grants.ts'

const PAGE = 500

export interface RefreshersOptions {
  readonly grants: Grants
  readonly clock: Clock
  readonly config: Partial<RefresherConfig>
  /** Default 1. */
  readonly replicas?: number
  /** Of one replica. Default: in its memory. */
  readonly queue?: (log: Logger) => Promise<RefreshQueue & { close(): Promise<void> }>
  /** Of one replica. Default: one in the store, which serves one replica. */
  readonly bus?: (log: Logger) => Promise<EventBus>
}

/** Replicas of the token-refresher in this process: the whole service on one store. */
export interface Refreshers {
  readonly plans: Collection<Plan>
  /** What the replicas logged: one line of JSON each. */
  readonly lines: readonly string[]
  /** All that are due before `to`, or on any day. */
  due(to?: number): Promise<readonly Plan[]>
  /** Every plan, by its id. */
  all(): Promise<ReadonlyMap<string, Plan>>
  /** Resolves when nothing is due any more. `turn`: what happens between two looks. */
  settle(turn?: () => Promise<unknown>): Promise<void>
  stop(): Promise<void>
}

export async function startRefreshers(options: RefreshersOptions): Promise<Refreshers> {
  const { grants, clock, config, replicas = 1 } = options
  const home = tempHome()
  const lines: string[] = []
  const log = createLogger({ service: 'token-refresher', write: (line) => void lines.push(line) })
  const store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random: systemRandom })
  const openBus = options.bus ?? (() => openEmbeddedBus({ store, clock, random: systemRandom, log }))
  const plans = await store.collection<Plan>(PLAN_COLLECTION)
  const adapters = { store, clock, random: systemRandom, log, tls: identity(), peers: grants.peers() }
  const common = { host: '127.0.0.1', port: 0, publicUrl: 'https://credence.example', refreshTimes: DEFAULT_REFRESH_TIMES, ...config }
  const running: { stop(): Promise<void> }[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((replica) => replica.stop()))
    await store.close()
    home.remove()
  }
  const startOne = async (): Promise<void> => {
    const bus = await openBus(log)
    const queue = await options.queue?.(log)
    const ends: (() => Promise<unknown> | undefined)[] = [() => bus.close(), () => queue?.close()]
    running.push({ stop: async () => ends.reduce((before, end) => before.then(end), Promise.resolve<unknown>(undefined)) as Promise<void> })
    const tracing = startTracing({ serviceName: 'token-refresher' })
    const figures = startMetrics({ serviceName: 'token-refresher', clock })
    const metrics = figures.of('token-refresher')
    const replica = await start(common, { ...adapters, bus, tracing, metrics, ...(queue === undefined ? {} : { queue }) })
    ends.unshift(() => replica.stop())
    ends.push(() => figures.shutdown())
  }
  try {
    for (let n = 0; n < replicas; n++) await startOne()
  } catch (error) {
    await stop()
    throw error
  }
  const due = (to?: number) => collect(plans, DUE_INDEX.name, to === undefined ? {} : { to: new Date(to) })
  return {
    plans,
    lines,
    due,
    all: async () => new Map((await collect(plans, PROJECT_INDEX.name, {})).map((plan) => [plan.id, plan])),
    async settle(turn = nextTurn) {
      const isDue = async (): Promise<boolean> =>
        (await plans.find(DUE_INDEX.name, { prefix: [], to: new Date(clock.now() + 1), limit: 1 })).docs.length > 0
      while (await isDue()) await turn()
    },
    stop,
  }
}

async function collect(plans: Collection<Plan>, index: string, range: { readonly to?: Date }): Promise<Plan[]> {
  const found: Plan[] = []
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const page = await plans.find(index, { prefix: [], limit: PAGE, ...range, ...(after === undefined ? {} : { after }) })
    found.push(...page.docs)
    after = page.next
  }
  return found
}

function identity(): TlsIdentity {
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], uris: ['spiffe://credence/token-refresher'] }
  const authority = testAuthority()
  return { ...authority.issue({ commonName: 'token-refresher', ...names, client: true, server: true }), caPem: authority.certificatePem }
}
