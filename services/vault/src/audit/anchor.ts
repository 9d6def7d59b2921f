import { CodedError, isCoded } from '@credence/errors'
import type { Clock, Logger } from '@credence/service'
import type { Doc, DocumentStore } from '@credence/store'
import type { AuditLog } from './audit-log.ts'
import type { AuditRecord } from './record.ts'

/** How far the audit log of an instance had come when the store was last written. */
interface HeadDoc extends Doc {
  readonly count: number
  readonly mac: string
}

const ANCHOR_MS = 1_000
/** Records that may follow the last anchor when a process is killed: a second of full load. */
const MOST_UNANCHORED = 50_000
const HEADS = { name: 'vault_audit_heads', indexes: [] }

/**
 * Compares the log on this volume with its head in the store. A log that is shorter than its anchor was cut; a log that is
 * far ahead of it means that the store was put back: both are ROLLED_BACK unless the operator says that he restored.
 */
export async function checkAnchor(options: {
  store: DocumentStore
  instance: string
  records: readonly AuditRecord[]
  acceptRestore: boolean
}): Promise<void> {
  const heads = await options.store.collection<HeadDoc>(HEADS)
  const anchored = (await heads.get(options.instance, { fresh: true }))?.count ?? 0
  const held = options.records.length
  if (options.acceptRestore) return
  if (held < anchored) throw new CodedError('ROLLED_BACK', `The audit log of ${options.instance} was cut: ${held} of ${anchored} records.`)
  if (held > anchored + MOST_UNANCHORED) throw new CodedError('ROLLED_BACK')
}

/** Writes the head every second while it moves. */
export async function startAnchor(options: {
  store: DocumentStore
  instance: string
  audit: AuditLog
  clock: Clock
  log: Logger
}): Promise<{ stop(): Promise<void> }> {
  const heads = await options.store.collection<HeadDoc>(HEADS)
  let last = -1
  const write = async (): Promise<void> => {
    const { count, mac } = options.audit.head()
    if (count === last) return
    const before = await heads.get(options.instance, { fresh: true })
    const doc = { id: options.instance, v: 1, count, mac }
    await (before === undefined ? heads.insert(doc) : heads.replace(doc, before.rev))
    last = count
  }
  const stop = new AbortController()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await options.clock.sleep(ANCHOR_MS, stop.signal).catch(() => undefined)
      await write().catch((error: unknown) => {
        if (!isCoded(error, 'CONFLICT')) options.log.failure('vault.anchor_failed', error)
      })
    }
  })()
  return {
    async stop() {
      stop.abort()
      await loop
    },
  }
}
