import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import type { Clock, Logger, Random } from '@credence/service'
import type { CollectionSpec, Doc, DocumentStore } from '@credence/store'

/** A vault replica as the others see it. */
interface InstanceDoc extends Doc {
  readonly heartbeatAt: Date
  /** It stopped cleanly: it holds nothing in memory. */
  readonly stopped: boolean
  /** Nothing of it can come late any more: it stopped cleanly with an empty spill, or an operator declared the spill lost. */
  readonly spillReplayed: boolean
}

/** What is known of the senders of an open intent, for `decideStart`. */
export type SenderFacts = Readonly<Record<string, { readonly gone: boolean; readonly spillReplayed: boolean }>>

export interface Instances {
  /** The id of this instance: one per volume, the same after a restart. */
  readonly me: string
  /** `mineReplayed`: this instance's own spill holds no answer for the credential in question. */
  senders(ids: readonly string[], mineReplayed: boolean): Promise<SenderFacts>
  /** `spillEmpty`: nothing that was received waits for being saved. */
  stop(spillEmpty: boolean): Promise<void>
}

export const INSTANCE_COLLECTION: CollectionSpec = { name: 'vault_instances', indexes: [] }

/** Reads the id from `instance.json` on the volume, or makes one, and beats until stopped. */
export async function openInstances(options: {
  folder: string
  store: DocumentStore
  clock: Clock
  random: Random
  log: Logger
  times: { readonly heartbeatMs: number; readonly ownerGoneMs: number }
}): Promise<Instances> {
  const { store, clock, times } = options
  const me = await instanceId(options.folder, options.random)
  const instances = await store.collection<InstanceDoc>(INSTANCE_COLLECTION)
  // While it runs it may spill at any moment: only its end says that nothing is left of it.
  async function beat(stopped: boolean, spillReplayed: boolean = false): Promise<void> {
    const doc = { id: me, v: 1, heartbeatAt: new Date(clock.now()), stopped, spillReplayed }
    const before = await instances.get(me, { fresh: true })
    await (before === undefined ? instances.insert(doc) : instances.replace(doc, before.rev))
  }
  await beat(false)
  const stop = new AbortController()
  const beating = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(times.heartbeatMs, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      await beat(false).catch((error: unknown) => options.log.failure('vault.heartbeat_failed', error))
    }
  })()
  return {
    me,
    async senders(ids, mineReplayed) {
      const facts: Record<string, { gone: boolean; spillReplayed: boolean }> = {}
      for (const id of ids) {
        if (id === me) facts[id] = { gone: false, spillReplayed: mineReplayed }
        else facts[id] = factsOf(await instances.get(id, { fresh: true }), clock.now() - times.ownerGoneMs)
      }
      return facts
    },
    async stop(spillEmpty) {
      stop.abort()
      await beating
      await beat(true, spillEmpty).catch((error: unknown) => {
        if (!isCoded(error)) throw error
      })
    },
  }
}

function factsOf(doc: InstanceDoc | undefined, goneBefore: number): { gone: boolean; spillReplayed: boolean } {
  if (doc === undefined) return { gone: false, spillReplayed: false }
  return { gone: doc.stopped || doc.heartbeatAt.getTime() < goneBefore, spillReplayed: doc.spillReplayed }
}

async function instanceId(folder: string, random: Random): Promise<string> {
  const path = join(folder, 'instance.json')
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (text !== undefined) return idIn(text)
  const id = newId('set', (count) => random.bytes(count)).replace('set_', 'vault-')
  await writeWhole(path, `${JSON.stringify({ id })}\n`)
  return id
}

/** A new id instead would leave the audit log and the spill of this volume to nobody. */
function idIn(text: string): string {
  const id = /^\{"id":"(vault-[0-9a-z]{26})"\}\s*$/.exec(text)?.[1]
  if (id === undefined) throw new CodedError('INVALID_SETTING', 'instance.json on the volume of the vault is damaged: restore it.')
  return id
}

/** Renamed into place, so that a crash leaves either no file or all of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.new`, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.new`, path)
}
