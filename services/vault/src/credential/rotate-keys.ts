import { isCoded } from '@credence/errors'
import type { PendingGrants } from '../grant/pending-grant.ts'
import type { SigningKeys } from '../signing/signing-keys.ts'
import type { Child } from './child.ts'
import type { VaultContext } from './vault-context.ts'

export interface RotationProgress {
  readonly project: string
  readonly projectKeyId: string
  readonly done: number
  readonly total: number
}

const PAGE = 100

/**
 * Wraps every data key of a project under a new project key, while everything goes on. The boxes stay as they are.
 *
 * R1 Whatever was sealed under a former key is stored before the pass begins, and what is sealed later takes the new key:
 *    one pass reaches all, and only then a former key may go.
 * R2 A pass that was cut is simply begun again.
 * R3 A row that does not open is passed over: it was lost before, and must not keep the others from their new key.
 * R4 A signing key gets a successor, which signs from now on; what the former one signed stays good until its own end.
 */
export async function* rotateKeys(
  vault: VaultContext & { readonly pendingGrants: PendingGrants; readonly signingKeys: SigningKeys },
  order: { project: string; retire: boolean },
): AsyncGenerator<RotationProgress> {
  const { project } = order
  const key = await vault.keys.rotate(project)
  await vault.signingKeys.rotate(project)
  await vault.keys.settled()
  const ids = await credentialIds(vault, project)
  let done = 0
  const progress = (): RotationProgress => ({ project, projectKeyId: key.id, done, total: ids.length })
  yield progress()
  for (const id of ids) {
    await rewrap(vault, id)
    done += 1
    if (done % PAGE === 0) yield progress()
  }
  await vault.clients.rewrap(project)
  await vault.signingKeys.rewrap(project)
  await vault.pendingGrants.rewrap(project, vault.envelope)
  if (order.retire) await vault.keys.retire(project)
  yield progress()
}

async function credentialIds(vault: VaultContext, project: string): Promise<string[]> {
  const ids: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await vault.children.collection.find('by_project', {
      prefix: [project],
      limit: 500,
      ...(after === undefined ? {} : { after }),
    })
    ids.push(...page.docs.filter((child) => child.deleted === undefined).map((child) => child.id))
    if (page.next === undefined) return ids
    after = page.next
  }
}

async function rewrap(vault: VaultContext, id: string): Promise<void> {
  try {
    await vault.children.change(id, (child) => rewrapped(vault, child))
  } catch (error) {
    if (!isCoded(error, 'NOT_FOUND') && !isCoded(error, 'CREDENTIAL_QUARANTINED')) throw error
  }
}

async function rewrapped(vault: VaultContext, child: Child): Promise<Child> {
  const binding = { project: child.project, credential: child.id }
  const anew = async <T extends { readonly sealed?: Child['sealed'] }>(holder: T): Promise<T> => {
    const sealed = holder.sealed === undefined ? undefined : await vault.envelope.rewrap(holder.sealed, binding)
    return sealed === undefined || sealed === holder.sealed ? holder : { ...holder, sealed }
  }
  const { candidate, prev } = child
  const next = await anew(child)
  const nextCandidate = candidate === undefined ? undefined : await anew(candidate)
  const nextPrev = prev === undefined ? undefined : await anew(prev)
  if (next === child && nextCandidate === candidate && nextPrev === prev) return child
  return {
    ...next,
    ...(nextCandidate === undefined ? {} : { candidate: nextCandidate }),
    ...(nextPrev === undefined ? {} : { prev: nextPrev }),
  }
}
