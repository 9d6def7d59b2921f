import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '@credence/service'
import { DUE_INDEX, type Plan } from '../credential/plan.ts'
import { planRefresh } from '../credential/plan-refresh.ts'
import type { Plans } from '../credential/plans.ts'
import type { RefreshJob, RefreshQueue } from './refresh-queue.ts'

export interface FeedOptions {
  readonly queue: Pick<RefreshQueue, 'schedule' | 'cancel'>
  readonly log: Logger
  /** How far ahead plans are put in. */
  readonly windowMs: number
  now(): number
}

/** A page is read and judged in one turn of the event loop, which is to stay under 5 ms. */
const PAGE = 100

/** Keeps the queue's near window equal to the due index. */
export interface QueueFeed {
  /** Puts in all that comes due within the window. Costs as much as is due, however many plans there are. */
  tick(plans: Pick<Plans, 'collection'>): Promise<number>
  /** Follows one plan that was written, or removed. */
  follow(id: string, plan: Plan | undefined): void
}

export function createQueueFeed({ queue, log, windowMs, now }: FeedOptions): QueueFeed {
  const jobOf = (plan: Plan, at: number): RefreshJob => ({
    credentialId: plan.id,
    at,
    priority: isPastFloor(plan, now()),
    traceparent: plan.traceparent,
  })
  return {
    async tick({ collection }) {
      let count = 0
      let after: string | undefined
      // One range for all pages: a place of one is no place of another.
      const to = new Date(now() + windowMs)
      do {
        const page = await collection.find(DUE_INDEX.name, { prefix: [], to, limit: PAGE, ...(after === undefined ? {} : { after }) })
        await queue.schedule(...page.docs.map((plan) => jobOf(plan, plan.refreshAt?.getTime() ?? now())))
        count += page.docs.length
        after = page.next
        if (after !== undefined) await nextTurn()
      } while (after !== undefined)
      return count
    },
    follow(id, plan) {
      const at = plan?.refreshAt?.getTime() ?? Number.POSITIVE_INFINITY
      const done = plan === undefined || at > now() + windowMs ? queue.cancel(id) : queue.schedule(jobOf(plan, at))
      // The queue may forget: the next tick puts it in.
      done.catch((error: unknown) => log.failure('queue.not_followed', error, { credential_id: id }))
    },
  }
}

function isPastFloor(plan: Plan, now: number): boolean {
  if (plan.kind !== 'refresh' || plan.expiresAt === undefined) return false
  const { version, refreshClass } = plan
  const times = { issuedAt: plan.issuedAt.getTime(), expiresAt: plan.expiresAt.getTime() }
  return planRefresh({ version, refreshClass, hasRefreshToken: true, ...times }, { credentialId: plan.id, now, first: false }).priority
}
