import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import type { Registry } from '../registry.ts'
import { credentialOwnerChanged, credentialShared, credentialUnshared } from './facts.ts'
import { changeFence } from './fence.ts'
import type { Parent, ParentShare, SharePermission, UserRef } from './parent.ts'
import { findVisible } from './visibility.ts'

/** With how many a credential may be shared one by one; its fence is read at every call. */
const MAX_SHARES = 200

/** Gives `use` or `manage` to a user, or to the whole project. Idempotent; another permission replaces the one before. */
export async function share(
  registry: Registry,
  actor: Actor,
  wanted: { readonly id: string; readonly with: string; readonly permission: string },
): Promise<Stored<Parent>> {
  needScope(actor, 'credentials.write')
  const permission = permissionNamed(wanted.permission)
  // Everybody with a key of the project could then disable and delete it.
  if (wanted.with === 'project' && permission === 'manage') needScope(actor, 'project')
  await findVisible(registry, actor, wanted.id, 'manage')
  const grantee = await granteeOf(registry, actor, wanted.with, '/with')
  const added: ParentShare = { subject: grantee.id, names: grantee.names, permission }
  return changeFence(registry, { actor, id: wanted.id, need: 'manage' }, (doc) => {
    if (doc.owner.id === grantee.id) return undefined
    const present = doc.shares.find(({ subject }) => subject === grantee.id)
    if (present?.permission === permission) return undefined
    const shares = [...doc.shares.filter((one) => one !== present), added]
    if (shares.length > MAX_SHARES) throw invalid('/with', `Share it with the project: ${MAX_SHARES} single shares are the most.`)
    const facts = [credentialShared(doc, { actor: actorName(actor), grantee: grantee.id, level: permission })]
    return { doc: { ...doc, shares }, facts, outcome: 'shared' }
  })
}

/** Takes a share away; when it answers, that user cannot use it any more. Idempotent. */
export async function unshare(
  registry: Registry,
  actor: Actor,
  wanted: { readonly id: string; readonly with: string },
): Promise<Stored<Parent>> {
  needScope(actor, 'credentials.write')
  await findVisible(registry, actor, wanted.id, 'manage')
  const grantee = await granteeOf(registry, actor, wanted.with, '/with')
  return changeFence(registry, { actor, id: wanted.id, need: 'manage' }, (doc) => {
    const present = doc.shares.find(({ subject }) => subject === grantee.id)
    if (present === undefined) return undefined
    const facts = [credentialUnshared(doc, { actor: actorName(actor), grantee: grantee.id, level: present.permission })]
    return { doc: { ...doc, shares: doc.shares.filter((one) => one !== present) }, facts, outcome: 'unshared' }
  })
}

/** Gives the credential to another user. Only its owner may; he keeps nothing but what he is shared afterwards. */
export async function transfer(
  registry: Registry,
  actor: Actor,
  wanted: { readonly id: string; readonly to: string },
): Promise<Stored<Parent>> {
  needScope(actor, 'credentials.write')
  if (wanted.to === 'project') throw invalid('/to', 'Name a user; a project cannot own a credential.')
  await findVisible(registry, actor, wanted.id, 'own')
  const owner = await granteeOf(registry, actor, wanted.to, '/to')
  return changeFence(registry, { actor, id: wanted.id, need: 'own' }, (doc) => {
    if (doc.owner.id === owner.id) return undefined
    const shares = doc.shares.filter(({ subject }) => subject !== owner.id)
    const facts = [credentialOwnerChanged(doc, { actor: actorName(actor), owner: owner.id })]
    return { doc: { ...doc, owner, shares }, facts, outcome: 'transferred' }
  })
}

/** A user who was never mentioned is created where the caller may act for users; others name users that exist. */
async function granteeOf(registry: Registry, actor: Actor, text: string, pointer: string): Promise<UserRef> {
  if (text === 'project') return { id: 'project', names: [] }
  const create = actor.service || actor.scopes.includes('act_for')
  return resolveUser(registry, actor.project, { names: [foldedName(text, pointer)], create })
}

function permissionNamed(word: string): SharePermission {
  if (word === 'use' || word === 'manage') return word
  throw invalid('/permission', 'Write `use` or `manage`.')
}

function invalid(pointer: string, detail: string): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer, code: 'INVALID_VALUE', detail }] })
}
