/** One credential that comes due. */
export interface RefreshJob {
  readonly credentialId: string
  /** Not before this, wall clock in ms. */
  readonly at: number
  /** So little life is left that it goes before all others that are due. */
  readonly priority: boolean
  /** The trace that it goes on with (W3C Trace Context). Default: the one in which it is put in. */
  readonly traceparent?: string | undefined
}

/**
 * The port to what wakes up due plans. It may forget everything at any time: the due index is read again and again, and
 * whatever it holds is put in again.
 *
 * Q1 A job runs at its time or later, never before; those of the priority lane go first.
 * Q2 One credential has one job: scheduling it again moves it.
 * Q3 A credential is never handled twice at the same time, and at most `MAX_CONCURRENT` are: as many can be in doubt after a
 *    crash (REFRESH 4.6).
 * Q4 A handler that throws is told to the log and forgotten: its plan is still due.
 * Q5 A job that names a trace is handled in it.
 */
export interface RefreshQueue {
  /** Each as if it were put in alone; together they cost little more than one. */
  schedule(...jobs: RefreshJob[]): Promise<void>
  cancel(credentialId: string): Promise<void>
  /** How many jobs there are: those that come later, those that could run, those that do. Of all who share the queue. */
  depth(): Promise<QueueDepth>
  /** Starts handling. To be called once. */
  process(handler: (credentialId: string) => Promise<void>): Promise<QueueWorker>
}

export type QueueDepth = Readonly<Record<'delayed' | 'ready' | 'running', number>>

export interface QueueWorker {
  /** Begins nothing more, and resolves when all that is under way has ended. */
  stop(): Promise<void>
}

export const MAX_CONCURRENT = 16
