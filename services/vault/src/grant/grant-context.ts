import { CodedError } from '@credence/errors'
import { fillHosts, type Recipe } from '@credence/provider'
import { type Binding, digestOf } from '../credential/envelope.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import type { PendingGrant, PendingGrants } from './pending-grant.ts'

export interface GrantOrder {
  readonly credentialId: string
  readonly recipeId: string
  readonly sessionId: string
  /** Beyond the required ones, which are always asked for. */
  readonly scopes: readonly string[]
  readonly plain: Readonly<Record<string, string>>
  readonly redirectUri: string
  /** The capability that it is granted to; absent or empty: none. */
  readonly capabilityId?: string
}

export interface BegunGrant {
  /** Empty where the person signs in on another device. */
  readonly authorizeUrl: string
  readonly device?: DeviceCode
  readonly stateSha256: string
  readonly expiresAt: Date
}

export interface GrantContext extends VaultContext {
  readonly pendingGrants: PendingGrants
}

/** What a person enters on another device; the device code itself stays sealed. */
export interface DeviceCode {
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string
}

/**
 * What the verifier is bound to: everything that decides where the code and the client's secret will go. A row in which any
 * of it was altered does not open, and then nothing is sent.
 */
export function grantBinding(grant: Omit<PendingGrant, 'sealed'>, recipe: Recipe): Binding {
  const { project, id: credential, session, redirectUri } = grant
  const hosts = digestOf([fillHosts(recipe, grant.plain), grant.credential, session, redirectUri])
  return { project, credential, version: 0, kind: 'grant', recipe: grant.recipe, hosts }
}

/** Nothing is begun or sent for a credential that was disabled or deleted. */
export async function refuseClosed(vault: GrantContext, grant: { readonly credential: string; readonly project: string }): Promise<void> {
  const child = await vault.children.read(grant.credential)
  if (child === undefined) return
  if (child.project !== grant.project || child.deleted !== undefined) throw new CodedError('NOT_FOUND')
  if (child.access?.state === 'disabled') throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId: child.id })
}
