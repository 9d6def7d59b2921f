import { isCoded } from '@credence/errors'
import type { Stored } from '@credence/store'
import { ownOrder } from '../caller/actor.ts'
import { spreadNames } from '../caller/spread-names.ts'
import { pushClaim } from '../capability/customer-claim.ts'
import { settleCapability } from '../capability/push-capability.ts'
import { settleClaim, settleFreeing } from '../channel/attach-channel.ts'
import { pushConsent } from '../consent/push-consent.ts'
import { resumeConnect } from '../credential/connect.ts'
import { finishDelete } from '../credential/delete.ts'
import { pushFence } from '../credential/fence.ts'
import type { Parent } from '../credential/parent.ts'
import { pushKey } from '../key/push-key.ts'
import type { Registry } from '../registry.ts'
import { bringBack } from '../setup/report-session.ts'
import { type Chore, chore } from './chore.ts'

/** A request that is still at work waits for the vault and the provider; only what is older than that has stopped. */
const STOPPED_MS = 90_000
/** A connect session lasts half an hour; a reservation of yesterday has none any more. */
const HIDDEN_KEPT_MS = 24 * 3_600_000
/** Longer than a session lives. */
const VERIFYING_MS = 35 * 60_000

/** What can stop half-way, and who takes it up. Keys come first: without them the vault knows none of its callers. */
export function choresOf(registry: Registry): readonly Chore[] {
  const { keys, users, credentials, requests, providers, channels, consumers, capabilities, claims, consents, setups } = registry.docs
  const own = ({ project }: { readonly project: string }) => ownOrder(project)
  return [
    chore({ of: keys, index: 'pending', work: (doc) => pushKey(registry, doc) }),
    chore({ of: credentials, index: 'pending', work: (doc) => pushFence(registry, doc, own(doc)) }),
    chore({ of: credentials, index: 'promoting', afterMs: STOPPED_MS, work: (doc) => resumeConnect(registry, doc, own(doc)) }),
    chore({ of: credentials, index: 'destroying', afterMs: STOPPED_MS, work: (doc) => finishDelete(registry, doc, own(doc)) }),
    chore({ of: channels, index: 'taking', afterMs: STOPPED_MS, work: (doc) => settleClaim(registry, doc) }),
    chore({ of: consumers, index: 'freeing', afterMs: STOPPED_MS, work: (doc) => settleFreeing(registry, doc) }),
    chore({ of: users, index: 'spreading', work: (doc) => spreadNames(registry, doc.id) }),
    chore({ of: providers, index: 'moving', afterMs: STOPPED_MS, work: (doc) => registry.mover.resume(doc) }),
    chore({ of: capabilities, index: 'pending', work: (doc) => settleCapability(registry, doc, own(doc)) }),
    chore({ of: claims, index: 'pending', work: (doc) => pushClaim(registry, doc, own(doc)) }),
    chore({ of: consents, index: 'pending', work: (doc) => pushConsent(registry, doc, own(doc)) }),
    chore({ of: credentials, index: 'hidden', afterMs: HIDDEN_KEPT_MS, work: (doc) => dropHidden(registry, doc) }),
    chore({ of: setups, index: 'verifying', afterMs: VERIFYING_MS, work: (doc) => bringBack(registry, doc) }),
    chore({ of: requests, index: 'expiry', work: (doc) => requests.remove(doc.id, doc.rev) }),
  ]
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
