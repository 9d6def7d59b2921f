import { CodedError } from '@credence/errors'
import { checkRefreshTimes, type RefreshTimes } from '@credence/refresh-protocol'
import { MAX_CONCURRENT } from './queue/refresh-queue.ts'

/** What the token-refresher is told at start; everything that has no default must be given. */
export interface RefresherConfig {
  readonly host: string
  /** Service gRPC. 0: any free port. */
  readonly port: number
  /** Reconnect addresses begin with it. */
  readonly publicUrl: string
  readonly refreshTimes: RefreshTimes
  /** How often the due index is looked at. Default 15 s. */
  readonly tickMs?: number
  /** How far ahead due plans are put into the queue. Default: four ticks. */
  readonly windowMs?: number
  /** How often all tokens of the vault are compared with the plans. Default 10 min. */
  readonly healMs?: number
  /** Pause between two pages of that comparison, so that it is never in the way. Default 100 ms. */
  readonly healPauseMs?: number
  /** How long a stop waits for refreshes under way. Default 20 s, which is one token request. */
  readonly drainMs?: number
  /**
   * How many refreshes of one OAuth client begin at a time in this process, until its endpoint has shown how many it takes.
   * Default: as many as there are at all, which is for one process; with replicas 8 (REFRESH 4.6).
   */
  readonly clientConcurrency?: number
}

export type RefresherSettings = Required<RefresherConfig>

const TICK_MS = 15_000
const HEAL_MS = 10 * 60_000
const HEAL_PAUSE_MS = 100
const DRAIN_MS = 20_000

/** Throws INVALID_SETTING with every conflict between the times. */
export function settingsOf(config: RefresherConfig): RefresherSettings {
  const faults = [...checkRefreshTimes(config.refreshTimes)]
  const clientConcurrency = config.clientConcurrency ?? MAX_CONCURRENT
  if (!(clientConcurrency >= 1 && clientConcurrency <= MAX_CONCURRENT)) {
    faults.push({ pointer: '/clientConcurrency', code: 'out_of_range', detail: `Give a number from 1 to ${MAX_CONCURRENT}.` })
  }
  if (faults.length > 0) throw new CodedError('INVALID_SETTING', undefined, { faults })
  const tickMs = config.tickMs ?? TICK_MS
  return Object.freeze({
    host: config.host,
    port: config.port,
    publicUrl: config.publicUrl.replace(/\/+$/, ''),
    refreshTimes: config.refreshTimes,
    tickMs,
    windowMs: config.windowMs ?? 4 * tickMs,
    healMs: config.healMs ?? HEAL_MS,
    healPauseMs: config.healPauseMs ?? HEAL_PAUSE_MS,
    drainMs: config.drainMs ?? DRAIN_MS,
    clientConcurrency,
  })
}
