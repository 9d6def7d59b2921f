import { createHash } from 'node:crypto'
import { type CredentialId, idOf } from '@credence/credential'
import { isCoded } from '@credence/errors'
import type { EventBus, Fact } from '@credence/events'
import type { Clock, Logger } from '@credence/service'
import type { Collection, Doc, DocumentStore } from '@credence/store'
import type { AuditLog } from './audit-log.ts'
import type { AuditRecord } from './record.ts'

/** A use as it can be read back: both of its records in one. */
export interface Use {
  readonly use: string
  readonly at: number
  readonly action: string
  readonly subject: string
  readonly user: string
  readonly consumer: string
  readonly method: string
  /** `ok`, the error code, or `began` while its end is not known. */
  readonly outcome: string
  readonly status: number
  readonly providerError: string
  readonly trace: string
}

/** The uses of one credential that were shipped together. */
interface UsesDoc extends Doc {
  readonly credential: string
  readonly at: Date
  readonly uses: readonly Use[]
}

export interface Shipper {
  /** Ships what waits. */
  flush(): Promise<void>
  /** The uses of a credential, newest first, from the whole of what was shipped. */
  list(credential: string, page: { readonly limit: number; readonly after?: string }): Promise<{ uses: Use[]; next?: string }>
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
  readonly report: (reports: readonly UseReport[]) => Promise<void>
}

const SHIP_MS = 1_000
const MINUTE_MS = 60_000
const FACT_OF: Readonly<Partial<Record<AuditRecord['phase'], string>>> = { ended: 'credential.used', denied: 'credential.denied' }

/**
 * Carries audit records into the store, where they can be asked for, and tells of uses and refusals at most once per
 * credential, caller and minute. A proxied call itself writes no document: they are shipped together, a second later.
 */
export async function startShipper(options: ShipperOptions): Promise<Shipper> {
  const uses = await options.store.collection<UsesDoc>({
    name: 'vault_uses',
    indexes: [{ name: 'by_credential', members: ['credential', 'at'] }],
  })
  let waiting: AuditRecord[] = []
  const told = new Map<string, { minute: number; count: number }>()
  options.audit.onRecord((record) => void waiting.push(record))
  let flushing: Promise<void> = Promise.resolve()
  const flush = (): Promise<void> => {
    flushing = flushing.then(async () => {
      const batch = waiting
      waiting = []
      if (batch.length > 0) await ship(options, uses, batch)
      await tell(options, told, batch)
    })
    return flushing
  }
  const stop = new AbortController()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await options.clock.sleep(SHIP_MS, stop.signal).catch(() => undefined)
      await flush().catch((error: unknown) => options.log.failure('vault.ship_failed', error))
    }
  })()
  return {
    flush,
    async list(credential, page) {
      await flush()
      const found = await uses.find('by_credential', {
        prefix: [credential],
        reverse: true,
        limit: page.limit,
        ...(page.after === undefined ? {} : { after: page.after }),
      })
      return { uses: found.docs.flatMap((doc) => [...doc.uses].reverse()), ...(found.next === undefined ? {} : { next: found.next }) }
    },
    async stop() {
      stop.abort()
      await loop
    },
  }
}

async function ship(options: ShipperOptions, uses: Collection<UsesDoc>, batch: readonly AuditRecord[]): Promise<void> {
  const byCredential = Map.groupBy(batch, (record) => record.credential)
  const reports: UseReport[] = []
  await Promise.all(
    [...byCredential].map(async ([credential, records]) => {
      const listed = usesOf(records)
      if (listed.length === 0) return
      const id = `${credential}.${listed[0]!.use}`
      await uses.insert({ id, v: 1, credential, at: new Date(listed.at(-1)!.at), uses: listed }).catch((error: unknown) => {
        if (!isCoded(error, 'ALREADY_EXISTS')) throw error
      })
      const report = reportOf(records)
      if (report !== undefined) reports.push(report)
    }),
  )
  if (reports.length > 0) await options.report(reports).catch((error: unknown) => options.log.failure('vault.use_report_failed', error))
}

/** Joins the two records of each use; changes of the registry's are not uses. */
function usesOf(records: readonly AuditRecord[]): Use[] {
  const joined = new Map<string, Use>()
  for (const record of records) {
    if (record.phase === 'change') continue
    joined.set(record.use, {
      use: record.use,
      at: record.at,
      action: record.action,
      subject: record.subject,
      user: record.user ?? '',
      consumer: record.consumer ?? '',
      method: record.method ?? '',
      outcome: record.outcome ?? 'began',
      status: record.status ?? 0,
      providerError: record.providerError ?? '',
      trace: record.trace ?? '',
    })
  }
  return [...joined.values()]
}

function reportOf(records: readonly AuditRecord[]): UseReport | undefined {
  const ended = records.filter((record) => record.phase === 'ended' && record.action === 'send')
  const last = ended.at(-1)
  if (last === undefined) return undefined
  const failed = ended.findLast((record) => record.outcome !== 'ok' || (record.status ?? 0) >= 400)
  const code = failed?.outcome === 'ok' ? `HTTP_${failed.status}` : failed?.outcome
  return {
    project: last.project,
    credential: last.credential,
    lastUsedAt: new Date(last.at),
    ...(failed === undefined || code === undefined ? {} : { lastError: { code, at: new Date(failed.at) } }),
  }
}

/** One fact per credential, caller and minute, told when the minute is over or at its first sight, with a count. */
async function tell(
  options: ShipperOptions,
  told: Map<string, { minute: number; count: number }>,
  batch: readonly AuditRecord[],
): Promise<void> {
  const facts: Fact[] = []
  for (const record of batch) {
    const type = FACT_OF[record.phase]
    if (type === undefined || (record.action !== 'send' && record.phase !== 'denied') || !/^cred_/.test(record.credential)) continue
    const minute = Math.floor(record.at / MINUTE_MS)
    const key = `${type}|${record.credential}|${record.subject}`
    const before = told.get(key)
    if (before?.minute === minute) {
      before.count += 1
      continue
    }
    told.set(key, { minute, count: 1 })
    const reason = record.phase === 'denied' && record.outcome !== undefined ? { reason: record.outcome } : {}
    facts.push(factOf(type, record, { caller_id: record.subject, count: before === undefined ? 1 : before.count, ...reason }))
  }
  if (told.size > 10_000) told.clear()
  if (facts.length > 0) await options.bus.publish(facts)
}

function factOf(type: string, record: AuditRecord, data: Fact['data']): Fact {
  // The same minute of the same caller gives the same id on every replica, so the bus takes it once.
  const digest = createHash('sha256')
    .update(`${type}|${record.credential}|${record.subject}|${Math.floor(record.at / MINUTE_MS)}`)
    .digest()
  return {
    id: idOf('evt', digest),
    type,
    source: 'vault',
    project: record.project,
    subject: record.credential as CredentialId,
    seq: 0,
    time: new Date(record.at),
    data,
  }
}
