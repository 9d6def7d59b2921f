import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Child } from './child.ts'
import { type FenceFields, sameFence } from './envelope.ts'
import { moveRecipe } from './move-recipe.ts'
import { untilAgedOut } from './read-at.ts'
import { change } from './record-change.ts'
import type { VaultContext } from './vault-context.ts'

/**
 * Takes a fence from the registry, and with a recipe the secret under it, in one write. When it resolves no new use begins
 * under the former one: the generation is in memory before, and every use compares itself with it in the tick in which it
 * writes; other replicas' reads have aged out.
 */
export async function setAccess(
  vault: VaultContext,
  principal: Principal,
  order: { credentialId: string; fence: FenceFields; recipeId?: string },
): Promise<void> {
  const { credentialId, fence, recipeId = '' } = order
  let restricts = false
  const take = async (child: Child): Promise<Child> => {
    if (child.project !== principal.project) throw new CodedError('NOT_FOUND')
    if (child.access === undefined || child.sealed === undefined) throw new CodedError('NOT_FOUND')
    const { mac: _mac, ...current } = child.access
    const moves = recipeId !== '' && recipeId !== child.recipe
    if (sameFence(current, fence) && !moves) {
      // Asked again, perhaps because the first answer never came: what it took away may not have aged out yet.
      restricts = true
      return child
    }
    if (fence.generation <= current.generation) throw newerFence(current.generation)
    restricts = restricts || moves || fence.state !== 'active' || !covers(fence, current)
    const whose = { project: child.project, credential: child.id }
    if (moves) {
      using moved = await moveRecipe(vault, { ...child, sealed: child.sealed }, recipeId)
      return { ...moved.child, access: { ...fence, mac: moved.dataKey.fenceMac(whose, fence) } }
    }
    using dataKey = await vault.envelope.dataKey(child.sealed, whose)
    return { ...child, access: { ...fence, mac: dataKey.fenceMac(whose, fence) } }
  }
  await vault.keys.holding(() => vault.children.change(credentialId, take))
  await change(vault, principal, { action: 'access', credential: credentialId, generation: fence.generation })
  if (restricts) await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
}

/** Tells which, so that whoever pushes fences can go past it. */
export function newerFence(generation: number): CodedError {
  return new CodedError('CONFLICT', 'A newer fence is in force.', { facts: { generation: String(generation) } })
}

/** True when everybody who could use it before still can: granting changes never wait. */
function covers(next: FenceFields, before: FenceFields): boolean {
  const { gates = [] } = before
  if ((next.gates ?? []).some((gate) => !gates.includes(gate))) return false
  const names = (fence: FenceFields): string[] => [...fence.owner, ...fence.shares.flatMap((share) => share.names)]
  const allowed = new Set(names(next))
  const bound = (fence: FenceFields): string[] =>
    (fence.channels ?? []).map(({ consumer, channel, nativeId }) => `${consumer} ${channel} ${nativeId}`)
  const keeps = bound(before).every((binding) => bound(next).includes(binding))
  return keeps && names(before).every((name) => allowed.has(name))
}
