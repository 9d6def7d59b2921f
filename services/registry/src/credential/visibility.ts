import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import type { Actor } from '../caller/actor.ts'
import type { Registry } from '../registry.ts'
import { isThere, type Parent } from './parent.ts'

/** What somebody may do with a credential; each includes the ones before it. */
export type Permission = 'use' | 'manage' | 'own'

const ORDER: readonly Permission[] = ['use', 'manage', 'own']

/** What the actor may do with it; undefined when it does not exist for him. Administrators have no more than others. */
export function permissionOf(doc: Parent, actor: Actor): Permission | undefined {
  if (actor.service && actor.anyProject) return 'own'
  if (doc.project !== actor.project) return undefined
  if (actor.service || doc.owner.id === actor.user?.id) return 'own'
  const shares = doc.shares.filter(({ subject }) => subject === 'project' || subject === actor.user?.id)
  if (shares.some(({ permission }) => permission === 'manage')) return 'manage'
  return shares.length > 0 ? 'use' : undefined
}

/**
 * The credential, if the actor may see it. Whatever the reason that he may not – no such id, another project, another
 * user's, not connected yet, deleted – it is the same NOT_FOUND after the same single read. SCOPE_REQUIRED when he sees it
 * and needs more than he has.
 */
export async function findVisible(
  registry: Registry,
  actor: Actor,
  id: string,
  need: Permission = 'use',
  options: { readonly fresh?: boolean } = {},
): Promise<Stored<Parent>> {
  const doc = await registry.docs.credentials.get(readableId(id), options)
  return admitted(doc !== undefined && isThere(doc) ? doc : undefined, { actor, id, need })
}

/** The same decision on a document that was read already, for what is hidden from everybody else. */
export function admitted(
  doc: Stored<Parent> | undefined,
  asked: { readonly actor: Actor; readonly id: string; readonly need: Permission },
): Stored<Parent> {
  const permission = doc === undefined ? undefined : permissionOf(doc, asked.actor)
  if (doc === undefined || permission === undefined) throw noCredential(asked.id)
  if (ORDER.indexOf(permission) >= ORDER.indexOf(asked.need)) return doc
  const who = asked.need === 'own' ? 'Only the owner may do this.' : 'This needs the share `manage` of the credential.'
  throw new CodedError('SCOPE_REQUIRED', who, { credentialId: doc.id })
}

export function noCredential(id: string): CodedError {
  const detail = 'There is no such credential for this caller: check the id, the project of the key and the user it acts for.'
  return new CodedError('NOT_FOUND', detail, isId('cred', id) ? { credentialId: id } : {})
}

/** What is no id is looked up all the same, as an id that nothing has: the answer takes the same way. */
export function readableId(id: string): string {
  return isId('cred', id) ? id : 'cred_'
}
