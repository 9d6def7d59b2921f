import { type CredentialId, moveStatus } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { encodeRecipe, type ProviderPayload, type Recipe, recipeOf, signsIn } from '@credence/provider'
import type { Stored } from '@credence/store'
import { type Actor, needScope, orderOf } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import { isGate } from '../capability/capability.ts'
import { claimCredential, customersCapability } from '../capability/customer-claim.ts'
import { patternNow } from '../capability/pattern-now.ts'
import { insertOnce } from '../documents/change.ts'
import { claimRequest } from '../documents/request-claim.ts'
import { freshId } from '../documents/with-facts.ts'
import { claimSlot } from '../mint/slot.ts'
import { clientIdOf, clientMissing, redirectUriOf } from '../provider/oauth-client.ts'
import type { ProviderDoc } from '../provider/provider.ts'
import { findProvider, noProvider, savedPayload } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'
import { reconnectUrl } from './describe.ts'
import { isThere, listed, type Parent, type UserRef } from './parent.ts'
import { checkLabels } from './relabel.ts'
import { admitted, findVisible, noCredential } from './visibility.ts'

/** What a connect session asks for; empty members mean: none, or the default. */
export interface Reservation {
  readonly providerId: string
  readonly pattern: number
  /** Set: reconnect this one. Without `providerId` its own pattern is used again. */
  readonly credentialId: string
  readonly label: string
  readonly level: string
  readonly user: string
  readonly tags: Readonly<Record<string, string>>
  readonly requestId: string
  /** The user's slot at the provider: what is there is reconnected. */
  readonly slot: boolean
  /** Set: for this capability. The user's own credential of it, whatever became of it; `credentialId` is not read. */
  readonly capabilityId?: string
}

/** Where a connect session puts its secret. */
export interface Reserved {
  readonly credential: Parent
  readonly recipeId: string
  readonly recipe: Recipe
  /** Of patterns that sign in. */
  readonly client?: { readonly id: string; readonly redirectUri: string }
  readonly reconnect: boolean
  readonly provider: ProviderDoc
}

/**
 * A hidden parent, or the one to reconnect, and the recipe of the newest provider version in the vault. Idempotent by request
 * id. USER_REQUIRED without a user; CLIENT_MISSING for an OAuth pattern whose client is not registered.
 */
export async function reserve(registry: Registry, actor: Actor, wanted: Reservation): Promise<Reserved> {
  needScope(actor, 'sessions', 'credentials.write')
  checkLabels(wanted.label, wanted.tags)
  if (wanted.capabilityId) return reserveFor(registry, actor, wanted.capabilityId, wanted)
  return wanted.credentialId === '' ? reserveNew(registry, actor, wanted) : reserveAgain(registry, actor, wanted)
}

/** For a capability there is one credential of each customer: reserved, connected or expired, it is found again. */
async function reserveFor(registry: Registry, actor: Actor, capabilityId: string, wanted: Reservation): Promise<Reserved> {
  const capability = await customersCapability(registry, actor, capabilityId)
  const { provider } = capability
  const user = await ownerOf(registry, actor, wanted.user)
  const id = await claimCredential(registry, orderOf(actor, capability.project), { capability, user })
  const found = await registry.docs.credentials.get(id, { fresh: true })
  const pattern = await patternNow(registry, capability)
  const asked = { ...wanted, providerId: provider.id, pattern, level: 'user', slot: false, credentialId: id }
  if (found !== undefined && isThere(found)) return reserveAgain(registry, actor, asked)
  const capabilities = [{ id: capability.id, gate: isGate(capability) }]
  return reserveNew(registry, actor, { ...asked, claimed: { id: id as CredentialId, capabilities } })
}

/** `claimed`: the id that it must have, and the capability that it is for. */
async function reserveNew(
  registry: Registry,
  actor: Actor,
  { claimed, ...wanted }: Reservation & { readonly claimed?: Pick<Parent, 'id' | 'capabilities'> },
): Promise<Reserved> {
  const provider = await findProvider(registry, actor, wanted.providerId)
  const payload = savedPayload(provider)
  const prepared = await prepareRecipe(registry, actor, { provider, payload, pattern: wanted.pattern })
  const owner = await ownerOf(registry, actor, wanted.user)
  const fresh = wanted.slot
    ? await claimSlot(registry, { project: actor.project, owner, provider: provider.id })
    : freshId(registry, 'cred')
  if (wanted.slot && (await isShown(registry, fresh))) return reserveAgain(registry, actor, { ...wanted, credentialId: fresh })
  const level = levelOf(actor, wanted.level === '' ? prepared.recipe.level : wanted.level)
  const request = {
    method: 'Reserve',
    requestId: wanted.requestId,
    body: [provider.id, String(wanted.pattern), wanted.label, level, owner.id, JSON.stringify(Object.entries(wanted.tags).sort())],
  }
  const id = claimed?.id ?? (await claimRequest(registry, actor, { ...request, fresh }))
  const recipe = prepared.recipe
  const hidden = hiddenParent(registry, { id, provider, recipe, owner, level, label: wanted.label, tags: wanted.tags })
  const parent = claimed === undefined ? hidden : listed({ ...hidden, capabilities: claimed.capabilities })
  const { doc } = await insertOnce(registry.docs.credentials, parent)
  if (doc.deletedAt !== undefined) throw noCredential(doc.id)
  return { credential: doc, ...prepared, reconnect: false, provider }
}

async function isShown(registry: Registry, id: string): Promise<boolean> {
  const doc = await registry.docs.credentials.get(id, { fresh: true })
  return doc !== undefined && isThere(doc)
}

/** A parent that nobody sees before its first secret is in force. */
export function hiddenParent(
  registry: Registry,
  of: {
    readonly id: Parent['id']
    readonly provider: ProviderDoc
    readonly recipe: Recipe
    readonly owner: UserRef
    readonly level: Parent['level']
    readonly label: string
    readonly tags: Parent['tags']
  },
): Parent {
  const { id, provider, recipe, owner, level, label, tags } = of
  const now = registry.now()
  return {
    id,
    v: 1,
    project: provider.project,
    label: label === '' ? provider.displayName : label,
    owner,
    level,
    family: recipe.family,
    provider: { id: provider.id, version: provider.version, pattern: recipe.pattern, name: provider.displayName },
    status: 'active',
    health: 'unverified',
    version: 0,
    access: { generation: 0 },
    account: { id: '', name: '' },
    accountFields: {},
    scopes: [],
    shares: level === 'project' ? [{ subject: 'project', names: [], permission: 'use' }] : [],
    tags,
    createdAt: now,
    hiddenSince: now,
    outbox: [],
    factSeq: 0,
  }
}

async function reserveAgain(registry: Registry, actor: Actor, wanted: Reservation): Promise<Reserved> {
  const doc = await reconnectable(registry, actor, wanted)
  if (moveStatus(doc.status, 'connect') === undefined) {
    throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId: doc.id, reconnectUrl: reconnectUrl(registry, doc.id) })
  }
  if (wanted.providerId !== '' && wanted.providerId !== doc.provider.id) throw noProvider()
  const provider = await findProvider(registry, { ...actor, project: doc.project }, doc.provider.id)
  const pattern = wanted.providerId === '' ? doc.provider.pattern : wanted.pattern
  const payload = savedPayload(provider)
  const prepared = await prepareRecipe(registry, actor, { provider, payload, pattern })
  await claimRequest(registry, actor, {
    method: 'Reserve',
    requestId: wanted.requestId,
    body: [doc.id, provider.id, String(pattern)],
    fresh: doc.id,
  })
  return { credential: doc, ...prepared, reconnect: true, provider }
}

/** A page that the gateway opens for a user names him, and then he must be one who may manage it. */
async function reconnectable(registry: Registry, actor: Actor, wanted: Reservation): Promise<Stored<Parent>> {
  const doc = await findVisible(registry, actor, wanted.credentialId, 'manage', { fresh: true })
  if (wanted.user === '') return doc
  const user = await resolveUser(registry, doc.project, { names: [foldedName(wanted.user, '/user')], create: actor.service })
  if (!actor.service && user.id !== actor.user?.id) needScope(actor, 'act_for')
  return admitted(doc, { actor: { ...actor, project: doc.project, user, service: false, anyProject: false }, id: doc.id, need: 'manage' })
}

/** The user whose credential this will be: the caller's own, or for a caller with `act_for` the one he names. */
async function ownerOf(registry: Registry, actor: Actor, named: string): Promise<UserRef> {
  if (named === '') {
    if (actor.user === undefined) throw new CodedError('USER_REQUIRED')
    return actor.user
  }
  const mayActFor = actor.service || actor.scopes.includes('act_for')
  const user = await resolveUser(registry, actor.project, { names: [foldedName(named, '/user')], create: mayActFor })
  if (user.id !== actor.user?.id) needScope(actor, 'act_for')
  return user
}

function levelOf(actor: Actor, level: string): Parent['level'] {
  if (level !== 'user' && level !== 'project') {
    const fault = { pointer: '/level', code: 'INVALID_VALUE', detail: 'Write `user` or `project`.' }
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
  }
  if (level === 'project') needScope(actor, 'project')
  return level
}

/** The recipe of one pattern of the newest version, in the vault. CLIENT_MISSING for an OAuth pattern whose client is not registered. */
export async function prepareRecipe(
  registry: Registry,
  actor: Actor,
  chosen: { readonly provider: ProviderDoc; readonly payload: ProviderPayload; readonly pattern: number },
): Promise<Pick<Reserved, 'recipeId' | 'recipe' | 'client'>> {
  const { provider, payload, pattern } = chosen
  const isOAuth = signsIn(payload.auth_patterns[pattern])
  const clientId = clientIdOf(provider)
  const registered = isOAuth ? await registry.docs.clients.get(clientId) : undefined
  if (isOAuth && registered === undefined) throw clientMissing(registry, actor, provider)
  const choice = { providerId: provider.id, version: provider.version, pattern }
  const recipe = recipeOf(payload, isOAuth ? { ...choice, clientId, clientFields: registered?.fields ?? {} } : choice)
  const { id, bytes } = encodeRecipe(recipe)
  await registry.vault.putRecipe(orderOf(actor, provider.project), { id, bytes })
  const client = { id: clientId, redirectUri: redirectUriOf(registry, clientId) }
  return { recipeId: id, recipe, ...(isOAuth ? { client } : {}) }
}
