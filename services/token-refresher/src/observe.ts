import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Metrics } from '@credence/service/metrics'
import type { FindQuery } from '@credence/store'
import type { ClientLimits } from './credential/client-limits.ts'
import { DOUBT_INDEX, DUE_INDEX, type Plan } from './credential/plan.ts'
import type { Plans } from './credential/plans.ts'
import type { RefreshQueue } from './queue/refresh-queue.ts'

export interface Observed {
  readonly metrics: Metrics
  readonly plans: Pick<Plans, 'collection'>
  readonly limits: Pick<ClientLimits, 'avoided'>
  readonly queue: Pick<RefreshQueue, 'depth'>
  /** Wall clock, ms. */
  now(): number
}

/** A page is read in one turn of the event loop, which is to stay under 5 ms. */
const PAGE = 100
/** Whoever has as many needs no exact figure; the reading must not cost more than the work. */
const MOST = 1_000

/** Has watched what waits for its refresh. Costs as much as is due or in doubt, however many plans there are. */
export function observeRefreshes({ metrics, plans, limits, queue, now }: Observed): void {
  const due = (limit: number): AsyncIterable<Plan> => read(plans, DUE_INDEX.name, { prefix: [], to: new Date(now()), limit })
  const secondsSince = (ms: number | undefined): number => (ms === undefined ? 0 : Math.max(now() - ms, 0) / 1000)
  metrics.observe('credence_refreshes_due', async () => [{ value: await count(due(PAGE)) }])
  metrics.observe('credence_refresh_oldest_due_seconds', async () => {
    const oldest = await first(due(1))
    return [{ value: secondsSince(oldest?.refreshAt?.getTime()) }]
  })
  const inDoubt = (): AsyncIterable<Plan> => read(plans, DOUBT_INDEX.name, { prefix: [], limit: PAGE }, ({ state }) => state === 'in_doubt')
  metrics.observe('credence_refreshes_in_doubt', async () => [{ value: await count(inDoubt()) }])
  metrics.observe('credence_refresh_oldest_doubt_seconds', async () => {
    const oldest = await first(inDoubt())
    return [{ value: secondsSince(oldest?.failures.IN_DOUBT?.first) }]
  })
  metrics.observe('credence_refresh_queue_jobs', async () => byState(await queue.depth()))
  metrics.observe('credence_refresh_endpoints', () => byState(limits.avoided()))
}

function byState(counts: Readonly<Record<string, number>>): { state: string; value: number }[] {
  return Object.entries(counts).map(([state, value]) => ({ state, value }))
}

/** Those of the index that are wanted, from not more than `MOST`. */
async function* read(
  { collection }: Pick<Plans, 'collection'>,
  index: string,
  query: FindQuery,
  isWanted: (plan: Plan) => boolean = () => true,
): AsyncGenerator<Plan> {
  let after: string | undefined
  for (let seen = 0; seen < MOST; ) {
    const page = await collection.find(index, { ...query, ...(after === undefined ? {} : { after }) })
    yield* page.docs.filter(isWanted)
    seen += page.docs.length
    after = page.next
    if (after === undefined) return
    await nextTurn()
  }
}

async function count(plans: AsyncIterable<Plan>): Promise<number> {
  let found = 0
  for await (const _plan of plans) found++
  return found
}

async function first(plans: AsyncIterable<Plan>): Promise<Plan | undefined> {
  for await (const plan of plans) return plan
  return undefined
}
