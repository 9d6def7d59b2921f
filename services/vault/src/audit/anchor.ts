import { isCoded } from '@credence/errors'
import type { Clock, Logger } from '@credence/service'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'
import type { Anchored } from './anchored.ts'
import type { AuditLog } from './audit-log.ts'

type HeadDoc = Doc & Anchored

const ANCHOR_MS = 1_000
/** An idle log is anchored anew so often: `at` then says until when the store was in use, whatever was written. */
const IDLE_ANCHOR_MS = 30_000

export const HEAD_COLLECTION: CollectionSpec = { name: 'vault_audit_heads', indexes: [] }

function heads(store: DocumentStore): Promise<Collection<HeadDoc>> {
  return store.collection<HeadDoc>(HEAD_COLLECTION)
}

/** The head of this instance's log as the store has it: what the log on the volume is compared with at start. */
export async function readAnchor(store: DocumentStore, instance: string): Promise<Anchored> {
  const doc = await (await heads(store)).get(instance, { fresh: true })
  return doc ?? { count: 0, mac: '', at: new Date(0) }
}

/** Writes the head at once and then every second while it moves. */
export async function startAnchor(options: {
  store: DocumentStore
  instance: string
  audit: AuditLog
  clock: Clock
  log: Logger
}): Promise<{ stop(): Promise<void> }> {
  const { clock, instance } = options
  const docs = await heads(options.store)
  let last = { count: -1, atMs: 0 }
  const write = async (): Promise<void> => {
    const { count, mac } = options.audit.head()
    const atMs = clock.now()
    if (count === last.count && Math.abs(atMs - last.atMs) < IDLE_ANCHOR_MS) return
    const before = await docs.get(instance, { fresh: true })
    const doc = { id: instance, v: 1, count, mac, at: new Date(atMs) }
    await (before === undefined ? docs.insert(doc) : docs.replace(doc, before.rev))
    last = { count, atMs }
  }
  await write()
  const stop = new AbortController()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(ANCHOR_MS, stop.signal).catch(() => undefined)
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
