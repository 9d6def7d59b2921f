import { isCoded } from '@credence/errors'
import type { Clock } from '@credence/service'
import type { Collection, Doc, Stored } from '@credence/store'
import { ownOrder } from './caller/actor.ts'
import { spreadNames } from './caller/spread-names.ts'
import { resumeConnect } from './credential/connect.ts'
import { finishDelete } from './credential/delete.ts'
import { pushFence } from './credential/fence.ts'
import type { Parent } from './credential/parent.ts'
import { scan } from './documents/scan.ts'
import type { KeyDoc } from './key/key.ts'
import { pushKey } from './key/push-key.ts'
import type { Registry } from './registry.ts'

/** A request that is still at work waits for the vault and the provider; only what is older than that has stopped. */
const STOPPED_MS = 90_000
/** A connect session lasts half an hour; a reservation of yesterday has none any more. */
const HIDDEN_KEPT_MS = 24 * 3_600_000
const PAGE = 100

interface Chore<D extends Doc> {
  readonly collection: Collection<D>
  readonly index: string
  /** Only what waits since before this time. */
  readonly before: Date
  readonly work: (doc: Stored<D>) => Promise<unknown>
}

/** Takes up what stopped half-way: each piece by itself, so that one that cannot be finished holds up no other. */
export async function sweep(registry: Registry): Promise<void> {
  const now = registry.now().getTime()
  const { keys, users, credentials, requests } = registry.docs
  const soon = new Date(now + 1)
  const stopped = new Date(now - STOPPED_MS)
  await each(registry, { collection: keys, index: 'pending', before: soon, work: (key: Stored<KeyDoc>) => pushKey(registry, key) })
  const push = (doc: Stored<Parent>) => pushFence(registry, doc, ownOrder(doc.project))
  await each(registry, { collection: credentials, index: 'pending', before: soon, work: push })
  await each(registry, {
    collection: credentials,
    index: 'promoting',
    before: stopped,
    work: (doc) => resumeConnect(registry, doc, ownOrder(doc.project)),
  })
  await each(registry, {
    collection: credentials,
    index: 'destroying',
    before: stopped,
    work: (doc) => finishDelete(registry, doc, ownOrder(doc.project)),
  })
  await each(registry, { collection: users, index: 'spreading', before: soon, work: (user) => spreadNames(registry, user.id) })
  const forgotten = new Date(now - HIDDEN_KEPT_MS)
  await each(registry, { collection: credentials, index: 'hidden', before: forgotten, work: (doc) => dropHidden(registry, doc) })
  await each(registry, { collection: requests, index: 'expiry', before: soon, work: (claim) => requests.remove(claim.id, claim.rev) })
}

async function each<D extends Doc>(registry: Registry, chore: Chore<D>): Promise<void> {
  let after: string | undefined
  do {
    const page = await chore.collection.find(chore.index, {
      prefix: [],
      to: chore.before,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    await Promise.all(
      page.docs.map((doc) =>
        chore.work(doc).catch((error: unknown) => {
          if (isCoded(error, 'CONFLICT')) return
          registry.log.failure('sweep.failed', error, {
            reason: chore.index,
            ...(doc.id.startsWith('cred_') ? { credential_id: doc.id } : {}),
          })
        }),
      ),
    )
    after = page.next
  } while (after !== undefined)
}

/** Its candidate goes too; a parent that never had a secret needs no tombstone. */
async function dropHidden(registry: Registry, doc: Stored<Parent>): Promise<void> {
  if (doc.promoting !== undefined) return
  const order = { credentialId: doc.id, consumers: [], generation: doc.access.generation + 1 }
  await registry.vault.destroy(ownOrder(doc.project), order).catch((error: unknown) => {
    if (!isCoded(error, 'NOT_FOUND')) throw error
  })
  await registry.docs.credentials.remove(doc.id, doc.rev)
}

/** Tells the vault every key there is: a vault that was set up anew knows its callers again. */
export async function pushAllKeys(registry: Registry): Promise<void> {
  for await (const project of scan(registry.docs.projects, { index: 'created', prefix: [], timeOf: (doc) => doc.createdAt })) {
    const keys = scan(registry.docs.keys, { index: 'project', prefix: [project.id], timeOf: (doc) => doc.createdAt })
    for await (const key of keys) await pushKey(registry, key)
  }
}

/** A loop that sweeps: every `ms`, and soon after `soon` was called. */
export interface Sweeper {
  soon(): void
  stop(): Promise<void>
}

/** The keys are told once, at the first pass at which the vault can be reached. */
export function startSweeper(registry: Registry, options: { readonly clock: Clock; readonly ms: number }): Sweeper {
  const stopping = new AbortController()
  let woken = new AbortController()
  const run = async (): Promise<void> => {
    let keysTold = false
    while (!stopping.signal.aborted) {
      woken = new AbortController()
      const rest = AbortSignal.any([stopping.signal, woken.signal])
      if (!keysTold) {
        keysTold = await pushAllKeys(registry).then(
          () => true,
          () => false,
        )
      }
      await sweep(registry).catch((error: unknown) => registry.log.failure('sweep.failed', error))
      await options.clock.sleep(options.ms, rest).catch(() => undefined)
    }
  }
  const running = run()
  return {
    soon: () => woken.abort(),
    async stop() {
      stopping.abort()
      await running
    },
  }
}
