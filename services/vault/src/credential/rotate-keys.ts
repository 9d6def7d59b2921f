import type { ProjectKeys } from '../keys/project-keys.ts'
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
 * Wraps every data key of a project under a new project key, while everything goes on. The boxes stay as they are. Whatever
 * is sealed meanwhile takes the new key already, so one pass reaches all; a pass that was cut is simply begun again.
 */
export async function* rotateKeys(
  vault: VaultContext & { readonly keys: ProjectKeys },
  order: { project: string; retire: boolean },
): AsyncGenerator<RotationProgress> {
  const { project } = order
  const key = await vault.keys.rotate(project)
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
  const found = await vault.children.read(id)
  if (found === undefined || found.deleted !== undefined) return
  await vault.children.change(id, async (child): Promise<Child> => {
    const binding = { project: child.project, credential: child.id }
    const { sealed, candidate, prev } = child
    return {
      ...child,
      ...(sealed === undefined ? {} : { sealed: await vault.envelope.rewrap(sealed, binding) }),
      ...(candidate === undefined ? {} : { candidate: { ...candidate, sealed: await vault.envelope.rewrap(candidate.sealed, binding) } }),
      ...(prev === undefined ? {} : { prev: { ...prev, sealed: await vault.envelope.rewrap(prev.sealed, binding) } }),
    }
  })
}
