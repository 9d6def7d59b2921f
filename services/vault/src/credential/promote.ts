import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { candidateBinding } from './binding.ts'
import type { Candidate, Child } from './child.ts'
import type { FenceFields } from './envelope.ts'
import { change } from './record-change.ts'
import type { VaultContext } from './vault-context.ts'
import { withSecret } from './with-secret.ts'

export interface PromoteOrder {
  readonly credentialId: string
  readonly candidateId: string
  readonly fence: FenceFields
}

/**
 * Puts a candidate in force with its fence, in one compare-and-set on the candidate, not on the version: a refresh of the
 * former secret that lands meanwhile belongs to a replaced secret, so its intent is closed here. CONFLICT when the fence is
 * not newer than the one in force.
 */
export async function promote(vault: VaultContext, principal: Principal, order: PromoteOrder): Promise<Child> {
  const { credentialId: credential, candidateId, fence } = order
  const before = await vault.children.need(credential)
  if (before.project !== principal.project) throw new CodedError('NOT_FOUND')
  if (before.promoted === candidateId) return before
  await change(vault, principal, { action: 'promote', credential })
  const after = await vault.keys.holding(() =>
    vault.children.change(credential, async (child) => {
      if (child.promoted === candidateId) return child
      const { candidate, ...rest } = child
      if (candidate?.id !== candidateId) throw new CodedError('NOT_FOUND', 'The candidate is gone: connect again.')
      if (candidate.until.getTime() <= vault.clock.now()) throw new CodedError('SESSION_EXPIRED')
      if (candidate.native?.chosen === false) throw new CodedError('ASSETS_MISSING', 'Choose first what may be used.')
      // A row whose generation falls would be below its own floor.
      if (fence.generation <= (child.access?.generation ?? 0)) throw new CodedError('CONFLICT', 'A newer fence is in force.')
      return inForce(vault, { ...rest, candidate }, fence)
    }),
  )
  await change(vault, principal, { action: 'promote', credential, version: after.version, generation: fence.generation })
  vault.nudge()
  return after
}

async function inForce(vault: VaultContext, child: Child & { candidate: Candidate }, fence: FenceFields): Promise<Child> {
  const { candidate } = child
  const recipe = await vault.recipes.get(candidate.recipe)
  const bound = candidateBinding(child, candidate, recipe)
  using candidateKey = await vault.envelope.dataKey(candidate.sealed, bound)
  const plaintext = await candidateKey.open(candidate.sealed, bound)
  return withSecret(vault, child, { ...candidate, recipe, recipeId: candidate.recipe, plaintext, fence })
}
