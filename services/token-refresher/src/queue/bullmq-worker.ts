import type { Clock, Logger } from '@credence/service'
import { type Job, WaitingError, Worker } from 'bullmq'
import { jobTelemetry } from './bullmq-trace.ts'
import { type PatientConnection, reasonOf } from './redis-connection.ts'
import { MAX_CONCURRENT, type QueueWorker } from './refresh-queue.ts'

export interface JobData {
  readonly credentialId: string
}

export interface QueueSettings {
  /** Of all keys in Redis. */
  readonly prefix: string
  readonly lockMs: number
  /** BullMQ may ask for it, and waits to the millisecond then; else, as where INFO is forbidden, to the second. */
  readonly showsVersion: boolean
}

export interface WorkerOptions {
  readonly settings: QueueSettings
  readonly connection: PatientConnection
  readonly clock: Clock
  readonly log: Logger
  readonly handler: (credentialId: string) => Promise<void>
  /** Filled with the jobs under way here, by their credential. */
  readonly running: Map<string, Running>
}

export interface Running {
  readonly jobId: string
  readonly ended: Promise<void>
}

export const QUEUE = 'refresh'
/** How long a stop waits for Redis to hear what ended. A lock that is left behind ends by itself. */
const CLOSE_MS = 2_000

/** Handles jobs one per credential, sixteen at a time, until it is stopped. Outages of Redis are waited out. */
export function startWorker(options: WorkerOptions): QueueWorker {
  const { settings, connection, clock, log, running } = options
  const stopping = new AbortController()
  const worker = new Worker<JobData>(QUEUE, (job, token) => deliver(job, { ...options, token: token ?? '', stopping: stopping.signal }), {
    connection: connection.redis,
    prefix: settings.prefix,
    skipVersionCheck: !settings.showsVersion,
    concurrency: MAX_CONCURRENT,
    lockDuration: settings.lockMs,
    stalledInterval: settings.lockMs / 2,
    // Q3: a job whose worker fell silent is dropped, not given to another: its plan says whether it is still due.
    maxStalledCount: 0,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
    telemetry: jobTelemetry(),
  })
  worker.on('error', (error) => {
    if (connection.redis.status === 'ready' && !stopping.signal.aborted) log.warn('queue.worker_failed', { reason: reasonOf(error) })
  })
  worker.on('failed', (job) => log.warn('queue.job_dropped', { credential_id: job?.deduplicationId, reason: 'stalled' }))
  return {
    async stop() {
      stopping.abort()
      const closed = worker.close().catch(() => undefined)
      await Promise.all([...running.values()].map(({ ended }) => ended))
      const patience = new AbortController()
      const isLate = clock.sleep(CLOSE_MS, patience.signal).then(
        () => connection.giveUp(),
        () => undefined,
      )
      await closed
      patience.abort()
      await isLate
    },
  }
}

type Delivery = WorkerOptions & { readonly token: string; readonly stopping: AbortSignal }

async function deliver(job: Job<JobData>, { handler, running, log, token, stopping }: Delivery): Promise<void> {
  const credentialId: unknown = job.data?.credentialId
  // Whoever can write to Redis can forge a job. It is a hint to look at a plan, and more than one costs no more than that.
  if (typeof credentialId !== 'string') return
  // Q3: a Redis that was emptied has forgotten what is under way here, and gives it out again.
  for (let before = running.get(credentialId); before !== undefined && !stopping.aborted; before = running.get(credentialId)) {
    await before.ended
  }
  if (stopping.aborted) {
    await job.moveToWait(token)
    throw new WaitingError()
  }
  const handle = async (): Promise<void> => handler(credentialId)
  const ended = handle()
    .catch((error: unknown) => {
      // A stop cuts what does not end in time: that is no failure to tell.
      if (!stopping.aborted) log.failure('queue.handler_failed', error, { credential_id: credentialId })
    })
    .finally(() => running.delete(credentialId))
  running.set(credentialId, { jobId: job.id ?? '', ended })
  await ended
}
