import { moveStatus } from '@credence/credential'
import { isCoded } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope, orderOf } from '../caller/actor.ts'
import { change } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import { mayRenew } from './describe.ts'
import { illegalMove } from './disable.ts'
import { credentialEnabled } from './facts.ts'
import { changeFence } from './fence.ts'
import type { Parent } from './parent.ts'

/** A token with less life than this is refreshed before the answer, so that the first call does not wait for it. */
const DUE_MS = 60_000

/** The vault's word for a secret that is not renewed by itself. */
const NOTHING_DUE = 'no_refresh_token'

/**
 * Back in force. What had expired before it was disabled is expired again, with its reason. An OAuth grant that is due is
 * refreshed at once; `refreshOutcome` is the vault's word for it, `in_doubt` when it gave none, empty when nothing was due.
 * Throws ILLEGAL_MOVE, with the reconnect address, for a credential that is expired.
 */
export async function enable(
  registry: Registry,
  actor: Actor,
  id: string,
): Promise<{ credential: Stored<Parent>; refreshOutcome: string }> {
  needScope(actor, 'credentials.write')
  const enabled = await changeFence(registry, { actor, id, need: 'manage' }, (doc) => {
    const moved = moveStatus(doc.status, 'enable')
    if (moved === undefined) throw illegalMove(registry, doc, 'active')
    if (moved === doc.status) return undefined
    const status = doc.expiredBefore === undefined ? moved : moveStatus(moved, 'expire')
    if (status === undefined) throw illegalMove(registry, doc, 'expired')
    return {
      doc: { ...doc, status, reason: doc.expiredBefore?.reason, expiredBefore: undefined },
      facts: [credentialEnabled(doc, actorName(actor))],
      outcome: 'enabled',
    }
  })
  if (!isDue(enabled, registry.now())) return { credential: enabled, refreshOutcome: '' }
  return refreshed(registry, actor, enabled)
}

function isDue(doc: Parent, now: Date): boolean {
  const isGrant = doc.status === 'active' && mayRenew(doc)
  return isGrant && doc.expiresAt !== undefined && doc.expiresAt.getTime() <= now.getTime() + DUE_MS
}

async function refreshed(
  registry: Registry,
  actor: Actor,
  doc: Stored<Parent>,
): Promise<{ credential: Stored<Parent>; refreshOutcome: string }> {
  try {
    const order = { credentialId: doc.id, expectedVersion: doc.version, cause: 'enable' }
    const answer = await registry.vault.refresh(orderOf(actor, doc.project), order)
    const credential = await change(registry.docs.credentials, doc.id, (newest) =>
      answer.version <= newest.version ? undefined : { ...newest, version: answer.version, expiresAt: answer.expiresAt },
    )
    return {
      credential: credential ?? doc,
      refreshOutcome: doc.family === 'custom' && answer.outcome === NOTHING_DUE ? '' : answer.outcome,
    }
  } catch (error) {
    if (!isCoded(error)) throw error
    // The credential is enabled all the same, and its plan asks again: only the word for this refresh is missing.
    registry.log.failure('enable.refresh_failed', error, { credential_id: doc.id })
    return { credential: doc, refreshOutcome: 'in_doubt' }
  }
}
