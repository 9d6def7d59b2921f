import { CodedError } from '@credence/errors'
import { type Clock, currentTraceId, type Logger, type Random, span } from '@credence/service'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { jobTelemetry } from './bullmq-trace.ts'
import { type JobData, QUEUE, type QueueSettings, type Running, startWorker } from './bullmq-worker.ts'
import { checkAddress, examine, type RedisFinding } from './check-redis.ts'
import { asking, connectImpatient, connectPatient, type PatientConnection } from './redis-connection.ts'
import type { QueueDepth, QueueWorker, RefreshJob, RefreshQueue } from './refresh-queue.ts'

export interface BullmqQueueOptions {
  /** `redis[s]://[user:password@]host:port[/db]`. The password is never told. */
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Of all keys; the replicas of one installation have the same. Default `credence`. */
  readonly prefix?: string
  /** After how long without a sign of life of its worker a job is dropped. Default 30 s. */
  readonly lockMs?: number
  /** How long `schedule`, `cancel` and `ping` wait for Redis. Default 2 s. */
  readonly patienceMs?: number
  /** How often a Redis that began to evict is noticed. Default 30 s. */
  readonly checkMs?: number
}

export interface BullmqQueue extends RefreshQueue {
  /** For readiness: throws UNAVAILABLE when Redis does not answer in time. */
  ping(): Promise<void>
  /** To be called when its worker has stopped. */
  close(): Promise<void>
}

const LOCK_MS = 30_000
const PATIENCE_MS = 2_000
const CHECK_MS = 30_000
/** Only the tail of BullMQ's own stream of events is kept: nobody reads it. */
const KEPT_EVENTS = 100
const NONCE_BYTES = 6
/** So many are packed in one turn of the event loop: a hundred would hold up the others for some 4 ms. */
const BATCH = 25
/** Of the lanes: jobs without a priority are fetched before all that have one. */
const NORMAL = 1

/**
 * The queue of the distributed profile: BullMQ on a Redis that all replicas share. Throws INVALID_SETTING when that Redis
 * evicts, refuses the login or cannot hold a queue; one that is away is waited for.
 *
 * B1 One job per credential: BullMQ's deduplication by credential id is one script in Redis, so N replicas cannot make two.
 * B2 The id of a job is used once: who removes it by its id never removes what another replica has put in since.
 * B3 What is put in while its credential is handled is kept beside the job, and becomes the next one when that ends.
 */
export async function openBullmqQueue(options: BullmqQueueOptions): Promise<BullmqQueue> {
  const { url, log, patienceMs = PATIENCE_MS } = options
  const wrong = checkAddress(url)
  if (wrong.length > 0) throw refusal(wrong)
  const redis = connectImpatient({ url, log, patienceMs })
  const findings = await examine(redis)
  for (const { code } of findings) log.warn('queue.redis_checked', { reason: code })
  const refused = findings.filter(({ severity, code }) => severity === 'error' && code !== 'redis_unreachable')
  if (refused.length > 0) {
    redis.disconnect()
    throw refusal(refused)
  }
  return new SharedQueue(options, redis)
}

function refusal(findings: readonly RedisFinding[]): CodedError {
  const faults = findings.map(({ code, detail }) => ({ pointer: '/CREDENCE_REDIS_URL', code, detail }))
  return new CodedError('INVALID_SETTING', findings[0]?.detail, { faults })
}

class SharedQueue implements BullmqQueue {
  readonly #options: BullmqQueueOptions
  readonly #settings: QueueSettings
  readonly #redis: Redis
  readonly #queue: Queue<JobData>
  readonly #running = new Map<string, Running>()
  readonly #closing = new AbortController()
  readonly #watch: Promise<void>
  #workers: PatientConnection | undefined

  constructor(options: BullmqQueueOptions, redis: Redis) {
    this.#options = options
    this.#settings = { prefix: options.prefix ?? 'credence', lockMs: options.lockMs ?? LOCK_MS, showsVersion: false }
    this.#redis = redis
    this.#queue = new Queue(QUEUE, {
      connection: redis,
      prefix: this.#settings.prefix,
      skipVersionCheck: true,
      skipWaitingForReady: true,
      streams: { events: { maxLen: KEPT_EVENTS } },
      telemetry: jobTelemetry(),
    })
    // What cannot be done is told by whoever asked for it.
    this.#queue.on('error', () => undefined)
    this.#watch = this.#watchForEviction()
  }

  async schedule(...jobs: RefreshJob[]): Promise<void> {
    if (jobs.length === 0) return
    const put = (): Promise<void> =>
      asking(async () => {
        for (let from = 0; from < jobs.length; from += BATCH) await this.#schedule(jobs.slice(from, from + BATCH))
      })
    // A tick is nobody's call: each of its jobs begins a trace of its own.
    if (currentTraceId() === undefined) return put()
    return span('queue.schedule', { count: jobs.length, credential_id: jobs[0]!.credentialId }, put)
  }

  async cancel(credentialId: string): Promise<void> {
    await asking(async () => {
      const held = await this.#queue.getDeduplicationJobId(credentialId)
      if (held === null) return
      const isHandled = this.#running.get(credentialId)?.jobId === held || (await this.#queue.remove(held)) === 0
      // B3: the one under way cannot be taken back, the next one can.
      if (isHandled) await this.#redis.del(this.#queue.toKey(`dn:${credentialId}`))
    })
  }

  async depth(): Promise<QueueDepth> {
    const counts = await asking(() => this.#queue.getJobCounts('delayed', 'wait', 'prioritized', 'active'))
    const { delayed = 0, wait = 0, prioritized = 0, active = 0 } = counts
    return { delayed, ready: wait + prioritized, running: active }
  }

  async process(handler: (credentialId: string) => Promise<void>): Promise<QueueWorker> {
    if (this.#workers !== undefined) throw new TypeError('the queue has its handler')
    const { url, clock, log } = this.#options
    const connection = connectPatient({ url, log })
    this.#workers = connection
    const showsVersion = await this.#redis.info().then(
      () => true,
      () => false,
    )
    return startWorker({ settings: { ...this.#settings, showsVersion }, connection, clock, log, handler, running: this.#running })
  }

  async ping(): Promise<void> {
    await asking(() => this.#redis.ping())
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#watch
    await this.#queue.close().catch(() => undefined)
    this.#redis.disconnect()
    this.#workers?.giveUp()
  }

  /** What was in the way is taken out, and then they are put in once more. */
  async #schedule(jobs: readonly RefreshJob[]): Promise<void> {
    const held = await this.#put(jobs)
    const blocked = jobs.map((job, i) => ({ job, by: held[i] })).filter(({ job, by }) => by !== undefined && this.#isInTheWay(by, job))
    if (blocked.length === 0) return
    await Promise.all(blocked.map(({ by }) => this.#queue.remove(by!)))
    // One that could not be removed is handled at this moment: now they are kept as the next (B3).
    await this.#put(blocked.map(({ job }) => job))
  }

  /** Gives the id of the job that kept its place, where one did: it is ready, or being handled. */
  async #put(jobs: readonly RefreshJob[]): Promise<(string | undefined)[]> {
    const now = this.#options.clock.now()
    const own = jobs.map((job) => this.#jobIdOf(job))
    const added = await this.#queue.addBulk(
      jobs.map(({ credentialId, at, priority, traceparent }, i) => ({
        name: QUEUE,
        data: { credentialId },
        opts: {
          jobId: own[i]!,
          ...(at > now ? { delay: at - now } : {}),
          ...(priority ? {} : { priority: NORMAL }),
          deduplication: { id: credentialId, replace: true, keepLastIfActive: true },
          ...(traceparent === undefined ? {} : { telemetry: { metadata: traceparent } }),
        },
      })),
    )
    return added.map(({ id }, i) => (id === own[i] ? undefined : id))
  }

  /** A job that is ready runs, whatever is put in: only one that comes later, or in the other lane, must go before. */
  #isInTheWay(held: string, { credentialId, at, priority }: RefreshJob): boolean {
    if (this.#running.get(credentialId)?.jobId === held) return false
    return at > this.#options.clock.now() || (priority && !held.includes('.p.'))
  }

  /** `<credential>.<p|n>.<nonce>`: the lane is read from it, without asking Redis. */
  #jobIdOf({ credentialId, priority }: RefreshJob): string {
    const nonce = Buffer.from(this.#options.random.bytes(NONCE_BYTES)).toString('hex')
    return `${credentialId}.${priority ? 'p' : 'n'}.${nonce}`
  }

  /** The settings of a Redis can change while it runs, and another one can come after a restart. */
  async #watchForEviction(): Promise<void> {
    const { clock, log, checkMs = CHECK_MS } = this.#options
    let before: RedisFinding['code'] | undefined
    while (!this.#closing.signal.aborted) {
      await clock.sleep(checkMs, this.#closing.signal).catch(() => undefined)
      const found = (await examine(this.#redis)).find(({ code }) => code === 'redis_evicts')
      if (found !== undefined && before === undefined) log.error('queue.redis_evicts', { reason: found.code })
      before = found?.code
    }
  }
}
