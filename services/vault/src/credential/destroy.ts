import { isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Child } from './child.ts'
import { change } from './record-change.ts'
import type { VaultContext } from './vault-context.ts'

/** Drops one candidate. It was never in force, so nothing is revoked upstream. Idempotent. */
export async function dropCandidate(
  vault: VaultContext,
  principal: Principal,
  order: { credentialId: string; candidateId: string },
): Promise<void> {
  const { credentialId: credential, candidateId } = order
  for (;;) {
    const found = await vault.children.read(credential)
    if (found === undefined || found.project !== principal.project || found.candidate?.id !== candidateId) return
    const { candidate: _dropped, rev, ...kept } = found
    try {
      await (found.version === 0 ? vault.children.collection.remove(found.id, rev) : vault.children.replace(kept, found))
      return await change(vault, principal, { action: 'destroy', credential })
    } catch (error) {
      // Whoever was faster may have promoted it: look again.
      if (!isCoded(error, 'CONFLICT')) throw error
    }
  }
}

/**
 * Replaces the child by a tombstone without any key. A refresh that is under way finds no intent and its answer is
 * discarded. Those who could use it learn that it is gone; everybody else that it never was. Idempotent.
 */
export async function destroy(
  vault: VaultContext,
  principal: Principal,
  order: { credentialId: string; consumers: readonly string[] },
): Promise<void> {
  const { credentialId: credential, consumers } = order
  const found = await vault.children.read(credential)
  if (found === undefined || found.project !== principal.project) return
  const at = new Date(vault.clock.now())
  let generation = 0
  const after = await vault.children.changeAny(credential, (child): Child => {
    if (child.deleted !== undefined) return child
    const { id, v, project, family, recipe, outbox, outboxSince, factSeq } = child
    const names = [...(child.access?.owner ?? []), ...(child.access?.shares.flatMap((share) => share.names) ?? [])]
    const since = outboxSince === undefined ? {} : { outboxSince }
    // Version and generation go past all there were: a row brought back from before is below its floor.
    const version = child.version + 1
    generation = (child.access?.generation ?? 0) + 1
    return { id, v, project, family, recipe, version, plain: {}, outbox, ...since, factSeq, deleted: { at, visibleTo: names, consumers } }
  })
  vault.floors.raise(credential, { version: after.version, generation, state: 'deleted' })
  await change(vault, principal, { action: 'destroy', credential, version: after.version, generation })
}
