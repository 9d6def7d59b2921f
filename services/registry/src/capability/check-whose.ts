import { AUTH_PAIRS, type AuthType, authTypeOf, type CapabilityMode, familyOf, MODES } from '@credence/credential'
import { type Fault, isCoded } from '@credence/errors'
import type { Capability } from '@credence/proto/capability'
import { fillHosts, type ProviderPayload } from '@credence/provider'
import type { Stored } from '@credence/store'
import type { Actor } from '../caller/actor.ts'
import type { Parent } from '../credential/parent.ts'
import { prepareRecipe } from '../credential/register.ts'
import { findVisible } from '../credential/visibility.ts'
import type { ProviderDoc } from '../provider/provider.ts'
import { findProvider, savedPayload } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'
import { whose } from './capability.ts'

/** What a capability's provider, pattern, mode and credential come to. */
export interface Settled {
  readonly provider: Stored<ProviderDoc>
  readonly authType: AuthType
  readonly mode: CapabilityMode
  readonly credential?: Stored<Parent>
  readonly recipeId: string
}

type Refuse = (pointer: string, code: string, detail: string) => void
type Pattern = ProviderPayload['auth_patterns'][number]

/** Looks up what the capability names. Undefined when it does not come to anything; every fault of it is in `faults`. */
export async function settleWhose(
  registry: Registry,
  actor: Actor,
  { given, faults }: { readonly given: Capability; readonly faults: Fault[] },
): Promise<Settled | undefined> {
  const before = faults.length
  const refuse: Refuse = (pointer, code, detail) => void faults.push({ pointer, code, detail })
  const mode = MODES.find((word) => word === given.mode)
  if (mode === undefined) refuse('/mode', 'INVALID_VALUE', `Write one of ${MODES.join(', ')}.`)
  const provider = await findProvider(registry, actor, given.providerId).catch(notFound)
  if (provider === undefined) refuse('/provider_id', 'NOT_FOUND', 'Name a provider of this project by its id, `prov_…`.')
  const credential = given.credentialId === '' ? undefined : await findVisible(registry, actor, given.credentialId).catch(notFound)
  if (given.credentialId !== '' && credential === undefined) {
    refuse('/credential_id', 'NOT_FOUND', 'Name a credential that you may see by its id, `cred_…`.')
  }
  if (provider === undefined) return undefined
  const payload = savedPayload(provider)
  const pattern = payload.auth_patterns[given.pattern]
  if (pattern === undefined) refuse('/pattern', 'NOT_ALLOWED', `The provider has patterns 0 to ${payload.auth_patterns.length - 1}.`)
  if (!payload.proxy_enabled) refuse('/provider_id', 'NOT_ALLOWED', 'Set `proxy_enabled` to true in the provider payload first.')
  if (mode === undefined || pattern === undefined) return undefined
  const authType = authTypeOf(familyOf(pattern.type) ?? 'custom')
  checkPair({ mode, authType, pattern }, refuse)
  checkScopes(given.scopes, pattern, refuse)
  checkCredential({ given, mode, authType, credential }, refuse)
  await checkLookup(registry, actor, { given, refuse })
  if (faults.length > before) return undefined
  const chosen = { provider, payload, pattern: given.pattern }
  const recipeId =
    whose({ mode, authType, credentialId: given.credentialId }) === 'nobody' ? await bareRecipe(registry, actor, { chosen, refuse }) : ''
  return recipeId === undefined ? undefined : { provider, authType, mode, recipeId, ...(credential === undefined ? {} : { credential }) }
}

function checkPair({ mode, authType, pattern }: { mode: CapabilityMode; authType: AuthType; pattern: Pattern }, refuse: Refuse): void {
  const pair = AUTH_PAIRS[authType][mode]
  if ('refused' in pair) {
    refuse('/mode', 'NOT_ALLOWED', `${authType} with ${mode}: ${pair.refused}`)
    return
  }
  const declares = pattern.type === ('CUSTOM' as string) || 'steps' in pattern || 'sign' in pattern
  if (mode === 'custom' && !declares) refuse('/mode', 'NOT_ALLOWED', 'The pattern declares neither steps nor a signature: use full_access.')
}

function checkScopes(scopes: readonly string[], pattern: Pattern, refuse: Refuse): void {
  const known = new Set((pattern.oauth_config?.available_scopes ?? []).map(({ scope }) => scope))
  for (const [i, scope] of scopes.entries()) {
    if (!known.has(scope)) refuse(`/scopes/${i}`, 'NOT_ALLOWED', "Write a scope of the provider's `available_scopes`.")
  }
}

interface Named {
  readonly given: Capability
  readonly mode: CapabilityMode
  readonly authType: AuthType
  readonly credential: Parent | undefined
}

function checkCredential({ given, mode, authType, credential }: Named, refuse: Refuse): void {
  const { credentialId } = given
  if (mode === 'external_oauth' && credentialId !== '') {
    refuse('/credential_id', 'NOT_ALLOWED', "Leave it out: each customer's own is found by the conversation.")
    return
  }
  const needs = authType !== 'none' && (mode === 'full_access' || mode === 'proxy')
  if (needs && credentialId === '') refuse('/credential_id', 'MISSING', 'Name the credential that every customer is served with.')
  if (credential === undefined) return
  if (credential.provider.id !== given.providerId || credential.provider.pattern !== given.pattern) {
    refuse('/credential_id', 'NOT_ALLOWED', 'Name a credential of this provider and pattern.')
  }
  if (!isShared(credential))
    refuse('/credential_id', 'NOT_ALLOWED', 'Name a credential of the whole project, or share it with the project first.')
}

/** Records are looked up with a credential that the whole project shares. */
async function checkLookup(registry: Registry, actor: Actor, { given, refuse }: { given: Capability; refuse: Refuse }): Promise<void> {
  const { lookup } = given.security ?? {}
  if (lookup === undefined) return
  const at = '/security/lookup/credential_id'
  const id = lookup.credentialId || given.credentialId
  if (id === '') return refuse(at, 'MISSING', 'Name the credential of the whole project that records are looked up with.')
  const credential = await findVisible(registry, actor, id).catch(notFound)
  if (credential === undefined) return refuse(at, 'NOT_FOUND', 'Name a credential that you may see by its id, `cred_…`.')
  if (!isShared(credential)) refuse(at, 'NOT_ALLOWED', 'Name a credential of the whole project, or share it with the project first.')
}

function isShared({ level, shares }: Parent): boolean {
  return level === 'project' || shares.some(({ subject }) => subject === 'project')
}

/** The recipe of a call without a credential, in the vault; undefined, and a fault, where the address has fields to fill in. */
async function bareRecipe(
  registry: Registry,
  actor: Actor,
  { chosen, refuse }: { readonly chosen: Parameters<typeof prepareRecipe>[2]; readonly refuse: Refuse },
): Promise<string | undefined> {
  const { recipeId, recipe } = await prepareRecipe(registry, actor, chosen)
  try {
    fillHosts(recipe, {})
    return recipeId
  } catch (error) {
    if (!isCoded(error)) throw error
    refuse('/credential_id', 'MISSING', "The provider's address has fields: name a credential that fills them in.")
    return undefined
  }
}

function notFound(error: unknown): undefined {
  if (isCoded(error, 'NOT_FOUND')) return undefined
  throw error
}
