import { join } from 'node:path'
import { type EventBus, type Fact, type FactType, factOf, openEmbeddedBus } from '@credence/events'
import { type GetPlanResponse, type TokenRefresherServiceClient, TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { callAs, openChannel, openPeers, type Peers, type Principal, type ServiceName, servicePrincipal } from '@credence/rpc'
import { createLogger, type Random, startTracing, systemRandom } from '@credence/service'
import { type ProcessMetrics, startMetrics } from '@credence/service/metrics'
import { type Collection, type DocumentStore, openSqliteStore, type Stored } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import { onTestFinished } from 'vitest'
import { PLAN_INDEXES, type Plan } from '../src/credential/plan.ts'
import { type RefresherConfig, type RefreshQueue, type RunningRefresher, start } from '../src/index.ts'
import { FakePeers, type Held, identity, PROJECT, PUBLIC_URL } from './fake-peers.ts'

export const MINUTE = 60_000
export const HOUR: number = 60 * MINUTE
const POLL_MS = 2

export interface PlatformOptions {
  readonly config?: Partial<RefresherConfig>
  /** Puts something between the refresher and its store. */
  readonly wrap?: (store: DocumentStore) => DocumentStore
  /** Uniform in [0, 1): decides back-off. Default: chance. */
  readonly fraction?: () => number
  /** Credentials, and plans, that are there before the refresher starts. */
  readonly before?: (fake: FakePeers) => void
  readonly seed?: (plans: Collection<Plan>) => Promise<unknown>
  /** Default: one that stands still until the test moves it. */
  readonly clock?: TestClock
  /** What wakes up due plans. Default: the refresher's own. */
  readonly queue?: RefreshQueue
}

/** A token-refresher with everything around it real, but for vault and registry, which are real servers with a test behind them. */
export class Platform {
  readonly clock: TestClock
  readonly fake: FakePeers
  readonly facts: Fact[] = []
  readonly logLines: string[] = []
  readonly figures: ProcessMetrics
  refresher!: RunningRefresher
  store!: DocumentStore
  bus!: EventBus
  plans!: Collection<Plan>
  readonly #home = tempHome()
  readonly #options: PlatformOptions
  #peers!: Peers
  #isRunning = false
  #seq = 0

  constructor(options: PlatformOptions) {
    this.#options = options
    this.clock = options.clock ?? new TestClock()
    this.fake = new FakePeers(this.clock)
    this.figures = startMetrics({ serviceName: 'token-refresher', clock: this.clock })
  }

  /** Started, and stopped when the test ends. */
  static async start(options: PlatformOptions = {}): Promise<Platform> {
    const platform = new Platform(options)
    await platform.fake.start()
    options.before?.(platform.fake)
    platform.fake.onFact = (type, held) => platform.publish(type as FactType, held)
    await platform.up()
    onTestFinished(async () => {
      await platform.down()
      await platform.fake.stop()
      await platform.figures.shutdown()
      platform.#home.remove()
    })
    return platform
  }

  async up(): Promise<void> {
    const { clock } = this
    const log = createLogger({ service: 'token-refresher', write: (line) => void this.logLines.push(line) })
    this.store = await openSqliteStore({ file: join(this.#home.path, 'data.sqlite'), random: systemRandom })
    this.plans = await this.store.collection<Plan>({ name: 'token_refresher_plans', indexes: PLAN_INDEXES })
    await this.#options.seed?.(this.plans)
    this.bus = await openEmbeddedBus({ store: this.store, clock, random: systemRandom, log })
    const tls = identity('token-refresher')
    this.#peers = openPeers({ tls, address: (service) => this.fake.address(service) })
    const { fraction, wrap = (store: DocumentStore) => store, config, queue } = this.#options
    const random: Random = fraction === undefined ? systemRandom : { ...systemRandom, fraction }
    this.refresher = await start(
      { host: '127.0.0.1', port: 0, publicUrl: PUBLIC_URL, refreshTimes: DEFAULT_REFRESH_TIMES, healPauseMs: 0, ...config },
      {
        store: wrap(this.store),
        bus: this.bus,
        clock,
        random,
        log,
        tracing: startTracing({ serviceName: 'token-refresher' }),
        metrics: this.figures.of('token-refresher'),
        tls,
        peers: this.#peers,
        ...(queue === undefined ? {} : { queue }),
      },
    )
    await this.bus.subscribe('test', {}, async ({ fact }) => {
      if (fact.source !== 'token-refresher') return
      this.facts.push(fact)
      this.fake.heard.push(`fact ${fact.type}`)
    })
    this.#isRunning = true
  }

  async down(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    await this.refresher.stop()
    this.#peers.close()
    await this.bus.close()
    await this.store.close()
  }

  /** The fact as its owner tells it; the refresher is to believe nothing of it. */
  async publish(type: FactType, held: Pick<Held, 'id' | 'project'>): Promise<void> {
    const source =
      type === 'credential.refreshed' || type === 'credential.refresh_failed' || type === 'credential.secret_replaced'
        ? 'vault'
        : 'registry'
    const context = { source, project: held.project, subject: held.id, now: this.clock.now(), random: systemRandom, seq: ++this.#seq }
    await this.bus.publish([factOf({ type } as never, context)])
  }

  /** Connected now, and planned. */
  async connect(over: Partial<Held> = {}): Promise<Held> {
    const held = this.fake.add(over)
    await this.publish('credential.connected', held)
    await this.until(async () => (await this.plan(held))?.version === held.version)
    return held
  }

  plan(held: Pick<Held, 'id'>): Promise<Stored<Plan> | undefined> {
    return this.plans.get(held.id, { fresh: true })
  }

  /** The plan, once it is so. */
  async planWhen(held: Pick<Held, 'id'>, isSo: (plan: Plan) => boolean): Promise<Plan> {
    await this.until(async () => {
      const plan = await this.plan(held)
      return plan !== undefined && isSo(plan)
    })
    return (await this.plan(held))!
  }

  /** Moves the clock to when the plan is due, and waits until it has changed. */
  async toDue(held: Pick<Held, 'id'>): Promise<void> {
    const plan = (await this.plan(held))!
    await this.clock.advance(plan.refreshAt!.getTime() - this.clock.now())
    await this.until(async () => (await this.plan(held))?.refreshAt?.getTime() !== plan.refreshAt!.getTime())
    await this.until(async () => (await this.getPlan(held.id)).state !== 'refreshing')
  }

  getPlan(credentialId: string, principal: Principal = servicePrincipal('registry', PROJECT)): Promise<GetPlanResponse> {
    return this.as('registry', (client) => client.getPlan({ credentialId }, callAs(principal)))
  }

  /** One call as this service, with its own certificate. */
  async as<T>(service: ServiceName, call: (client: TokenRefresherServiceClient) => Promise<T>): Promise<T> {
    const channel = openChannel(this.refresher.addresses.grpc, { tls: identity(service) })
    try {
      return await call(channel.client(TokenRefresherServiceDefinition) as TokenRefresherServiceClient)
    } finally {
      channel.close()
    }
  }

  /** Facts of this type that came out so far. */
  told(type: string): Fact[] {
    return this.facts.filter((fact) => fact.type === type)
  }

  /** Waits for what really happens, on sockets and disks; the test's own time limit ends it. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }

  /** Waits for what a comparison brings about, of which each hour has one at least. */
  async compared(isSo: () => boolean | Promise<boolean>): Promise<void> {
    await this.until(async () => {
      await this.clock.advance(HOUR)
      return isSo()
    })
  }
}

/** The code of the error that this ends with. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  )
}
