import type { EventBus, Fact } from '@credence/events'
import type { Clock, Logger } from '@credence/service'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'
import type { AuditLog } from './audit-log.ts'
import type { AuditRecord } from './record.ts'
import { createUseFacts } from './tell-uses.ts'
import { type Group, openUses, type Use, type Uses, useOf, type Whose } from './uses.ts'

export interface Shipper {
  /** Ships what waits. Rejects when it could not, and then it waits on. */
  flush(): Promise<void>
  /** The uses of a credential, newest first, from the whole of what was shipped. */
  list(whose: Whose, page: { readonly limit: number; readonly after?: string }): Promise<{ uses: Use[]; next?: string }>
  stop(): Promise<void>
}

/** Last use and last error of a credential, for the registry. */
export interface UseReport {
  readonly project: string
  readonly credential: string
  readonly lastUsedAt?: Date
  readonly lastError?: { readonly code: string; readonly at: Date }
}

export interface ShipperOptions {
  readonly store: DocumentStore
  readonly audit: AuditLog
  readonly bus: EventBus
  readonly clock: Clock
  readonly log: Logger
  readonly instance: string
  /** What the log held at start: what was not shipped before the last end is shipped now. */
  readonly records: readonly AuditRecord[]
  readonly report: (reports: readonly UseReport[]) => Promise<void>
}

/** Until when the records of an instance have been shipped. */
interface ShippedDoc extends Doc {
  readonly at: Date
}

const SHIP_MS = 1_000
/** A record's time is taken a moment before it is in the log. */
const OVERLAP_MS = 1_000
/** While the store is away: the log on the volume holds them all the same. */
const MOST_WAITING = 100_000

export const SHIPPED_COLLECTION: CollectionSpec = { name: 'vault_shipped', indexes: [] }

/**
 * Carries audit records into the store, where they can be asked for, and tells of uses and refusals. A proxied call itself
 * writes no document: they are shipped together, a second later.
 */
export async function startShipper(options: ShipperOptions): Promise<Shipper> {
  const { clock, audit, log } = options
  const uses = await openUses(options.store)
  const shipped = await options.store.collection<ShippedDoc>(SHIPPED_COLLECTION)
  const facts = createUseFacts()
  const begun = new Map<string, AuditRecord>()
  let waiting: AuditRecord[] = await unshipped(options, uses, shipped)
  let untold: Fact[] = []
  audit.onRecord((record) => {
    if (record.phase === 'began') begun.set(record.use, record)
    if (record.phase !== 'ended' && record.phase !== 'denied') return
    begun.delete(record.use)
    if (waiting.length < MOST_WAITING) waiting.push(record)
  })
  async function flushOnce(): Promise<void> {
    await audit.flush()
    const batch = waiting
    const at = new Date(clock.now())
    waiting = []
    try {
      await ship(options, uses, batch)
    } catch (error) {
      waiting = [...batch, ...waiting]
      throw error
    }
    if (batch.length > 0) await mark(shipped, options.instance, at)
    untold = [...untold, ...facts.of(batch, clock.now())]
    if (untold.length > 0) await options.bus.publish(untold)
    untold = []
  }
  let flushing: Promise<void> = Promise.resolve()
  const flush = (): Promise<void> => {
    flushing = flushing.catch(() => undefined).then(flushOnce)
    return flushing
  }
  const stop = new AbortController()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(SHIP_MS, stop.signal).catch(() => undefined)
      await flush().catch((error: unknown) => log.failure('vault.ship_failed', error))
    }
  })()
  return {
    flush,
    async list(whose, page) {
      await flush()
      return uses.list(whose, page)
    },
    async stop() {
      stop.abort()
      await loop
      waiting.push(...begun.values())
      await flush().catch((error: unknown) => log.failure('vault.ship_failed', error))
    },
  }
}

/** What the log held that the store does not: ends, refusals, and uses that nobody saw the end of. */
async function unshipped(options: ShipperOptions, uses: Uses, shipped: Collection<ShippedDoc>): Promise<AuditRecord[]> {
  const until = (await shipped.get(options.instance, { fresh: true }))?.at.getTime() ?? 0
  const tail = new Map<string, AuditRecord>()
  for (const record of options.records) {
    if (record.phase !== 'change' && record.at >= until - OVERLAP_MS) tail.set(record.use, record)
  }
  const left: AuditRecord[] = []
  for (const records of byCredential([...tail.values()])) {
    const known = await usesSince(uses, records[0]!, Math.min(...records.map((record) => record.at)))
    left.push(...records.filter((record) => !known.has(record.use)))
  }
  return left
}

async function usesSince(uses: Uses, whose: Whose, sinceMs: number): Promise<Set<string>> {
  const known = new Set<string>()
  for (let after: string | undefined; ; ) {
    const page = await uses.list(whose, { limit: 500, ...(after === undefined ? {} : { after }) })
    for (const { use } of page.uses) known.add(use)
    if (page.next === undefined || page.uses.some(({ at }) => at < sinceMs)) return known
    after = page.next
  }
}

async function mark(shipped: Collection<ShippedDoc>, instance: string, at: Date): Promise<void> {
  const before = await shipped.get(instance, { fresh: true })
  const doc = { id: instance, v: 1, at }
  await (before === undefined ? shipped.insert(doc) : shipped.replace(doc, before.rev))
}

async function ship(options: ShipperOptions, uses: Uses, batch: readonly AuditRecord[]): Promise<void> {
  const groups = byUse(batch)
  await Promise.all(groups.map((records) => uses.put(groupOf(records[0]!), records.map(useOf))))
  const reports = byCredential(batch)
    .map(reportOf)
    .filter((report) => report !== undefined)
  if (reports.length > 0) await options.report(reports).catch((error: unknown) => options.log.failure('vault.use_report_failed', error))
}

function byCredential(records: readonly AuditRecord[]): AuditRecord[][] {
  return [...Map.groupBy(records, ({ project, credential }) => `${project}|${credential}`).values()]
}

function byUse(records: readonly AuditRecord[]): AuditRecord[][] {
  return [...Map.groupBy(records, (record) => JSON.stringify(groupOf(record))).values()]
}

function groupOf({ project, credential, capabilities = [] }: AuditRecord): Group {
  return { project, credential, capabilities }
}

function reportOf(records: readonly AuditRecord[]): UseReport | undefined {
  const ended = records.filter((record) => record.phase === 'ended' && record.action === 'send')
  const last = ended.at(-1)
  if (last === undefined || last.credential === '') return undefined
  const failed = ended.findLast((record) => record.outcome !== 'ok' || (record.status ?? 0) >= 400)
  const code = failed?.outcome === 'ok' ? `HTTP_${failed.status}` : failed?.outcome
  return {
    project: last.project,
    credential: last.credential,
    lastUsedAt: new Date(last.at),
    ...(failed === undefined || code === undefined ? {} : { lastError: { code, at: new Date(failed.at) } }),
  }
}
