import type { Clock } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { Collection } from '@credence/store'
import { type HasOutbox, OUTBOX_INDEX } from './outbox.ts'

/** What is looked at of each collection: the longest waiting. */
const MOST_DOCUMENTS = 200

/** Has the outboxes of a service watched: how many facts wait, and how long the oldest does. Costs as much as waits, and not more than a page. */
export function observeOutbox(options: {
  readonly metrics: Metrics
  readonly collections: readonly Collection<HasOutbox>[]
  readonly clock: Pick<Clock, 'now'>
}): void {
  const { metrics, collections, clock } = options
  metrics.observe('credence_outbox_facts', async () => {
    const pages = await Promise.all(collections.map((each) => each.find(OUTBOX_INDEX.name, { prefix: [], limit: MOST_DOCUMENTS })))
    return [{ value: pages.flatMap(({ docs }) => docs).reduce((sum, { outbox }) => sum + outbox.length, 0) }]
  })
  metrics.observe('credence_outbox_oldest_seconds', async () => {
    const pages = await Promise.all(collections.map((each) => each.find(OUTBOX_INDEX.name, { prefix: [], limit: 1 })))
    const now = clock.now()
    const since = pages.map(({ docs }) => docs[0]?.outboxSince?.getTime() ?? now)
    return [{ value: Math.max(now - Math.min(now, ...since), 0) / 1000 }]
  })
}
