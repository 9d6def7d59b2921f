import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { type FenceFields, sameFence } from './envelope.ts'
import { untilAgedOut } from './read-at.ts'
import { change } from './record-change.ts'
import type { VaultContext } from './vault-context.ts'

/**
 * Takes a fence from the registry. When it resolves no new use begins under the former one: the generation is in memory
 * before, and every use compares itself with it in the tick in which it writes; other replicas' reads have aged out.
 */
export async function setAccess(
  vault: VaultContext,
  principal: Principal,
  order: { credentialId: string; fence: FenceFields },
): Promise<void> {
  const { credentialId, fence } = order
  let restricts = false
  await vault.children.change(credentialId, async (child) => {
    if (child.project !== principal.project) throw new CodedError('NOT_FOUND')
    if (child.access === undefined || child.sealed === undefined) throw new CodedError('NOT_FOUND')
    const { mac: _mac, ...current } = child.access
    if (sameFence(current, fence)) {
      // Asked again, perhaps because the first answer never came: what it took away may not have aged out yet.
      restricts = true
      return child
    }
    if (fence.generation <= current.generation) throw newerFence(current.generation)
    restricts = restricts || fence.state !== 'active' || !covers(fence, current)
    using dataKey = await vault.envelope.dataKey(child.sealed, { project: child.project, credential: child.id })
    return { ...child, access: { ...fence, mac: dataKey.fenceMac({ project: child.project, credential: child.id }, fence) } }
  })
  await change(vault, principal, { action: 'access', credential: credentialId, generation: fence.generation })
  if (restricts) await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
}

/** Tells which, so that whoever pushes fences can go past it. */
export function newerFence(generation: number): CodedError {
  return new CodedError('CONFLICT', 'A newer fence is in force.', { facts: { generation: String(generation) } })
}

/** True when everybody who could use it before still can: granting changes never wait. */
function covers(next: FenceFields, before: FenceFields): boolean {
  const names = (fence: FenceFields): string[] => [...fence.owner, ...fence.shares.flatMap((share) => share.names)]
  const allowed = new Set(names(next))
  return names(before).every((name) => allowed.has(name))
}
