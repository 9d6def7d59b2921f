import { CodedError } from '@credence/errors'
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
  const found = await vault.children.read(credential)
  if (found === undefined || found.project !== principal.project || found.candidate?.id !== candidateId) return
  if (found.version === 0) return void (await vault.children.collection.remove(found.id, found.rev))
  await vault.children.change(credential, (child) => {
    if (child.candidate?.id !== candidateId) return child
    const { candidate: _dropped, ...kept } = child
    return kept
  })
  await change(vault, principal, { action: 'destroy', credential })
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
  if (found === undefined || found.deleted !== undefined) return
  if (found.project !== principal.project) throw new CodedError('NOT_FOUND')
  const at = new Date(vault.clock.now())
  const after = await vault.children.change(credential, (child): Child => {
    const { id, v, project, family, recipe, outbox, outboxSince, factSeq } = child
    const names = [...(child.access?.owner ?? []), ...(child.access?.shares.flatMap((share) => share.names) ?? [])]
    const since = outboxSince === undefined ? {} : { outboxSince }
    // Version and generation go past all there were: a row brought back from before is below its floor.
    const version = child.version + 1
    return { id, v, project, family, recipe, version, plain: {}, outbox, ...since, factSeq, deleted: { at, visibleTo: names, consumers } }
  })
  const generation = (found.access?.generation ?? 0) + 1
  vault.floors.raise(credential, { version: after.version, generation })
  await change(vault, principal, { action: 'destroy', credential, version: after.version, generation })
}
