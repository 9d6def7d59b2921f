import { isCoded } from '@credence/errors'
import type { Clock } from '@credence/service'
import type { Collection, Doc, Stored } from '@credence/store'
import { ownOrder } from './caller/actor.ts'
import { spreadNames } from './caller/spread-names.ts'
import { pushClaim } from './capability/customer-claim.ts'
import { settleCapability } from './capability/push-capability.ts'
import { settleClaim, settleFreeing } from './channel/attach-channel.ts'
import type { ChannelClaim } from './channel/channel-claim.ts'
import { pushConsent } from './consent/push-consent.ts'
import { resumeConnect } from './credential/connect.ts'
import type { ConsumerDoc } from './credential/consumer.ts'
import { finishDelete } from './credential/delete.ts'
import { pushFence } from './credential/fence.ts'
import type { Parent } from './credential/parent.ts'
import { scan } from './documents/scan.ts'
import type { KeyDoc } from './key/key.ts'
import { pushKey } from './key/push-key.ts'
import { moveCredentials } from './provider/move-credentials.ts'
import type { Registry } from './registry.ts'
import { bringBack } from './setup/report-session.ts'

/** A request that is still at work waits for the vault and the provider; only what is older than that has stopped. */
const STOPPED_MS = 90_000
/** A connect session lasts half an hour; a reservation of yesterday has none any more. */
const HIDDEN_KEPT_MS = 24 * 3_600_000
/** Longer than a session lives. */
const VERIFYING_MS = 35 * 60_000
const PAGE = 100

interface Chore<D extends Doc> {
  readonly collection: Collection<D>
  readonly index: string
  /** Only what waits since before this time. */
  readonly before: Date
  readonly work: (doc: Stored<D>) => Promise<unknown>
}

/**
 * Takes up what stopped half-way: each piece by itself, so that one that cannot be finished holds up no other. Answers whether
 * everything was finished.
 */
export async function sweep(registry: Registry): Promise<boolean> {
  const now = registry.now().getTime()
  let failed = 0
  const { keys, users, credentials, requests, providers, channels, consumers } = registry.docs
  const soon = new Date(now + 1)
  const stopped = new Date(now - STOPPED_MS)
  failed += await each(registry, {
    collection: keys,
    index: 'pending',
    before: soon,
    work: (key: Stored<KeyDoc>) => pushKey(registry, key),
  })
  const push = (doc: Stored<Parent>) => pushFence(registry, doc, ownOrder(doc.project))
  failed += await each(registry, { collection: credentials, index: 'pending', before: soon, work: push })
  failed += await each(registry, {
    collection: credentials,
    index: 'promoting',
    before: stopped,
    work: (doc) => resumeConnect(registry, doc, ownOrder(doc.project)),
  })
  failed += await each(registry, {
    collection: credentials,
    index: 'destroying',
    before: stopped,
    work: (doc) => finishDelete(registry, doc, ownOrder(doc.project)),
  })
  const settle = (claim: Stored<ChannelClaim>) => settleClaim(registry, claim)
  failed += await each(registry, { collection: channels, index: 'taking', before: stopped, work: settle })
  const free = (doc: Stored<ConsumerDoc>) => settleFreeing(registry, doc)
  failed += await each(registry, { collection: consumers, index: 'freeing', before: stopped, work: free })
  failed += await each(registry, { collection: users, index: 'spreading', before: soon, work: (user) => spreadNames(registry, user.id) })
  failed += await each(registry, {
    collection: providers,
    index: 'moving',
    before: stopped,
    work: (head) => moveCredentials(registry, head),
  })
  const { capabilities, claims, consents } = registry.docs
  failed += await each(registry, {
    collection: capabilities,
    index: 'pending',
    before: soon,
    work: (doc) => settleCapability(registry, doc, ownOrder(doc.project)),
  })
  failed += await each(registry, {
    collection: claims,
    index: 'pending',
    before: soon,
    work: (doc) => pushClaim(registry, doc, ownOrder(doc.project)),
  })
  failed += await each(registry, {
    collection: consents,
    index: 'pending',
    before: soon,
    work: (doc) => pushConsent(registry, doc, ownOrder(doc.project)),
  })
  const forgotten = new Date(now - HIDDEN_KEPT_MS)
  failed += await each(registry, { collection: credentials, index: 'hidden', before: forgotten, work: (doc) => dropHidden(registry, doc) })
  failed += await each(registry, {
    collection: registry.docs.setups,
    index: 'verifying',
    before: new Date(now - VERIFYING_MS),
    work: (setup) => bringBack(registry, setup),
  })
  failed += await each(registry, {
    collection: requests,
    index: 'expiry',
    before: soon,
    work: (claim) => requests.remove(claim.id, claim.rev),
  })
  return failed === 0
}

/** How many pieces could not be finished. */
async function each<D extends Doc>(registry: Registry, chore: Chore<D>): Promise<number> {
  let failed = 0
  let after: string | undefined
  const work = async (doc: Stored<D>): Promise<void> => {
    try {
      await chore.work(doc)
    } catch (error) {
      // Somebody else is at it.
      if (isCoded(error, 'CONFLICT')) return
      failed++
      const about = doc.id.startsWith('cred_') ? { credential_id: doc.id } : {}
      registry.log.failure('sweep.failed', error, { reason: chore.index, ...about })
    }
  }
  do {
    const next = after === undefined ? {} : { after }
    const page = await chore.collection.find(chore.index, { prefix: [], to: chore.before, limit: PAGE, ...next })
    await Promise.all(page.docs.map(work))
    after = page.next
  } while (after !== undefined)
  return failed
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

/** A loop that sweeps: every `ms`, sooner after a pass that could not finish, and soon after `soon` was called. */
export interface Sweeper {
  readonly keysTold: Promise<void>
  soon(): void
  stop(): Promise<void>
}

/** A vault that starts a moment after the registry must not wait a whole turn for its callers. */
const FIRST_RETRY_MS = 100

export function startSweeper(registry: Registry, options: { readonly clock: Clock; readonly ms: number }): Sweeper {
  const stopping = new AbortController()
  const told = Promise.withResolvers<void>()
  let woken = new AbortController()
  let keysTold = false
  const failing = (error: unknown): false => {
    registry.log.failure('sweep.failed', error)
    return false
  }
  const pass = async (): Promise<boolean> => {
    keysTold ||= await pushAllKeys(registry).then(() => true, failing)
    if (keysTold) told.resolve()
    const finished = await sweep(registry).catch(failing)
    return finished && keysTold
  }
  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      woken = new AbortController()
      const finished = await pass()
      failures = finished ? 0 : failures + 1
      const pause = finished ? options.ms : Math.min(options.ms, FIRST_RETRY_MS * 2 ** (failures - 1))
      await options.clock.sleep(pause, AbortSignal.any([stopping.signal, woken.signal])).catch(() => undefined)
    }
  }
  const running = run()
  return {
    keysTold: told.promise,
    soon: () => woken.abort(),
    async stop() {
      stopping.abort()
      await running
    },
  }
}
