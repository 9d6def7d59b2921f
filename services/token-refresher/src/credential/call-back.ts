import { DUE_INDEX, type Plan } from './plan.ts'
import type { PlanChange } from './plans.ts'
import type { Refresher } from './refresher.ts'

const PAGE = 200
/** The longest back-off (REFRESH 4.6): who waits because of the outage waits no longer than this. */
const LONGEST_MS = 15 * 60_000
const SPREAD_MS = 2 * 60_000

/**
 * An endpoint is well again: those who were to keep away from it for many minutes come back within two. Costs as much as is
 * due within the longest back-off.
 */
export async function callBack({ plans, random, now }: Refresher, clientId: string): Promise<void> {
  const from = now()
  const isAway = ({ state, refreshAt, clientId: its }: Plan): boolean =>
    state === 'backing_off' && its === clientId && refreshAt !== undefined && refreshAt.getTime() > from + SPREAD_MS
  let after: string | undefined
  do {
    const page = await plans.collection.find(DUE_INDEX.name, {
      prefix: [],
      from: new Date(from + SPREAD_MS),
      to: new Date(from + LONGEST_MS),
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    for (const { id } of page.docs.filter(isAway)) {
      const refreshAt = new Date(from + Math.trunc(random.fraction() * SPREAD_MS))
      await plans.change(id, (plan): PlanChange => (isAway(plan) ? { do: 'write', plan: { ...plan, refreshAt } } : { do: 'keep' }))
    }
    after = page.next
  } while (after !== undefined)
}
