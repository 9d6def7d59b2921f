import { moveStatus } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { type Actor, orderOf } from '../caller/actor.ts'
import { replaced } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import { reconnectUrl } from './describe.ts'
import { illegalMove } from './disable.ts'
import { heldFence, withNextFence } from './fence.ts'
import { record } from './history-entry.ts'
import { findVisible } from './visibility.ts'

const MAX_TRIES = 100

/**
 * A human must act: the parent is `expired` with this reason, and no vault starts a use any more. Idempotent; CONFLICT when
 * a newer secret was heard of, ILLEGAL_MOVE for a disabled one. `changed` is true until the fence holds, so that a first try
 * that failed half-way is told again. `credential.expired` is the token-refresher's to say, after this has answered.
 */
export async function markExpired(
  registry: Registry,
  actor: Actor,
  wanted: { readonly id: string; readonly version: number; readonly reason: string },
): Promise<{ reconnectUrl: string; changed: boolean }> {
  const answer = { reconnectUrl: reconnectUrl(registry, wanted.id) }
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const doc = await findVisible(registry, actor, wanted.id, 'own', { fresh: true })
    if (wanted.version < doc.version) {
      throw new CodedError('CONFLICT', 'The secret was replaced since.', { credentialId: doc.id, facts: { version: String(doc.version) } })
    }
    const status = moveStatus(doc.status, 'expire')
    if (status === undefined) throw illegalMove(registry, doc, 'expired')
    const order = orderOf(actor, doc.project)
    if (doc.status === status) {
      const pending = doc.access.pendingSince !== undefined
      await heldFence(registry, doc, order)
      return { ...answer, changed: pending }
    }
    const expired = { ...doc, status, reason: wanted.reason, version: wanted.version }
    const written = await replaced(registry.docs.credentials, withNextFence(expired, registry.now()), doc)
    if (written === undefined) continue
    await record(registry, written, actor, { action: 'change', outcome: 'expired' })
    await heldFence(registry, written, order)
    return { ...answer, changed: true }
  }
  throw new CodedError('CONFLICT', undefined, { credentialId: wanted.id })
}
