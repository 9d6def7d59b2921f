import { type EventBus, type Relay, startRelay } from '@credence/events'
import { type Peers, type RpcMount, serveRpc, type TlsIdentity } from '@credence/rpc'
import type { Clock, Logger, Random, Tracing } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { DocumentStore } from '@credence/store'
import { type RefresherConfig, type RefresherSettings, settingsOf } from './config.ts'
import { openClientLimits } from './credential/client-limits.ts'
import { openClients } from './credential/clients.ts'
import { healPlans } from './credential/heal-plans.ts'
import { openPlans } from './credential/plans.ts'
import type { Refresher } from './credential/refresher.ts'
import { follow, runPlan } from './credential/run-plan.ts'
import { subscribeToHints } from './events.ts'
import { observeRefreshes } from './observe.ts'
import { registryPort, vaultPort } from './peers.ts'
import { createQueueFeed, type QueueFeed } from './queue/feed-queue.ts'
import { MAX_CONCURRENT, type RefreshQueue } from './queue/refresh-queue.ts'
import { openTimerQueue } from './queue/timer-queue.ts'
import { startRounds } from './rounds.ts'
import { refresherMount } from './rpc.ts'

/** By less a clock is only corrected. */
const JUMP_MS = 60_000

/** What the composition root hands down. */
export interface RefresherAdapters {
  readonly store: DocumentStore
  readonly bus: EventBus
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly tracing: Tracing
  readonly metrics: Metrics
  readonly tls: TlsIdentity
  /** Vault and registry are called. They may start later. */
  readonly peers: Peers
  /** Default: one in the memory of this process. */
  readonly queue?: RefreshQueue
}

export interface RunningRefresher {
  readonly addresses: { readonly grpc: string }
  readonly mounts: readonly RpcMount[]
  /** Begins no refresh any more and waits for those under way, up to `drainMs`; then cuts them. */
  stop(): Promise<void>
}

/** Builds the token-refresher once and serves it; resolves when its port is bound. Throws INVALID_SETTING. */
export async function start(config: RefresherConfig, adapters: RefresherAdapters): Promise<RunningRefresher> {
  const settings = settingsOf(config)
  const { bus, clock, log, tracing, metrics, tls } = adapters
  const calls = new AbortController()
  const queue = adapters.queue ?? openTimerQueue({ clock, log })
  const feed = createQueueFeed({ queue, log, windowMs: settings.windowMs, now: () => clock.now() })
  const { refresher, relay } = await build(settings, adapters, { feed, signal: calls.signal })
  observeRefreshes({ metrics, plans: refresher.plans, limits: refresher.limits, queue, now: () => clock.now() })
  const mounts = [refresherMount(refresher)]
  const server = await serveRpc({ host: settings.host, port: settings.port, mounts, log, tracing, metrics, tls })
  const inSpan = <T>(name: string, work: () => Promise<T>): Promise<T> => tracing.span(`refresher.${name}`, {}, work)
  const worker = await queue.process((id) => inSpan('run_plan', () => runPlan(refresher, id)))
  const hints = await subscribeToHints(bus, (ids) => inSpan('follow', () => follow(refresher, ids)))
  const heal = (signal: AbortSignal): Promise<void> => healPlans(refresher, { pause: () => clock.sleep(settings.healPauseMs, signal) })
  const rounds = startRounds({
    clock,
    log,
    rounds: {
      tick: { everyMs: settings.tickMs, work: () => feed.tick(refresher.plans) },
      heal: { everyMs: settings.healMs, work: heal },
      clock: { everyMs: settings.tickMs, work: watchClock(clock, heal) },
    },
  })
  return {
    addresses: { grpc: `${server.host}:${server.port}` },
    mounts,
    async stop() {
      const drained = new AbortController()
      const cut = cutAfter(settings.drainMs, { clock, calls, drained: drained.signal })
      await Promise.all([worker.stop(), rounds.stop(), hints.close(), server.stop()])
      drained.abort()
      await cut
      await relay.stop()
    },
  }
}

/** The use cases' view of the world, and the relay that carries their facts out. */
async function build(
  { refreshTimes: times, publicUrl, clientConcurrency: start }: RefresherSettings,
  { store, bus, clock, random, log, metrics, peers }: RefresherAdapters,
  { feed, signal }: { readonly feed: QueueFeed; readonly signal: AbortSignal },
): Promise<{ refresher: Refresher; relay: Relay }> {
  let nudge = (): void => undefined
  const plans = await openPlans({
    store,
    clock,
    random,
    onChange(id, plan) {
      if (plan !== undefined && plan.outbox.length > 0) nudge()
      feed.follow(id, plan)
    },
  })
  const relay = await startRelay({ source: 'token-refresher', store, collections: [plans.collection as never], bus, clock, log, metrics })
  nudge = () => relay.nudge()
  const refresher: Refresher = {
    plans,
    clients: await openClients(store),
    limits: openClientLimits({ start, most: MAX_CONCURRENT, now: () => clock.now(), fraction: () => random.fraction() }),
    vault: vaultPort({ peers, times, signal }),
    registry: registryPort({ peers, times, signal }),
    times,
    publicUrl,
    inFlight: new Set(),
    random,
    log,
    metrics,
    now: () => clock.now(),
  }
  return { refresher, relay }
}

/** Compares all plans when the wall clock was set: their times are its times. */
function watchClock(clock: Clock, heal: (signal: AbortSignal) => Promise<void>): (signal: AbortSignal) => Promise<void> {
  let offset = clock.now() - clock.monotonicMs()
  return async (signal) => {
    const before = offset
    offset = clock.now() - clock.monotonicMs()
    if (Math.abs(offset - before) > JUMP_MS) await heal(signal)
  }
}

async function cutAfter(
  ms: number,
  { clock, calls, drained }: { readonly clock: Clock; readonly calls: AbortController; readonly drained: AbortSignal },
): Promise<void> {
  try {
    await clock.sleep(ms, drained)
    calls.abort()
  } catch {
    // Drained in time.
  }
}
