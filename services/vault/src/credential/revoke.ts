import { CodedError, isCoded } from '@credence/errors'
import type { Recipe } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import { ACCESS_TOKEN, REFRESH_TOKEN } from '../grant/grant-secret.ts'
import { revokeToken } from '../grant/revocation.ts'
import type { Child } from './child.ts'
import { openSecret } from './open.ts'
import { auditBase, usedBy } from './record-change.ts'
import { type VaultContext, withFacts } from './vault-context.ts'

export interface RevokeResult {
  readonly outcome: 'revoked' | 'not_declared' | 'left_shared_grant' | 'nothing_to_revoke' | 'failed'
  readonly status: number
}

/**
 * Revokes the grant at the provider, where its recipe declares how. `sharedGrant`: another live credential holds the same
 * account with the same client, and the provider's endpoint would take it along; then it is left, and said so.
 */
export async function revoke(
  vault: VaultContext,
  principal: Principal,
  order: { credentialId: string; sharedGrant: boolean },
): Promise<RevokeResult> {
  const child = await vault.children.need(order.credentialId)
  if (child.project !== principal.project) throw new CodedError('NOT_FOUND')
  if (child.sealed === undefined) return { outcome: 'nothing_to_revoke', status: 0 }
  const recipe = await vault.recipes.get(child.recipe)
  if (recipe.revoke === undefined || recipe.oauth === undefined) return { outcome: 'not_declared', status: 0 }
  if (recipe.revoke.scope === 'grant' && order.sharedGrant) return { outcome: 'left_shared_grant', status: 0 }
  const base = { ...auditBase(vault, principal), action: 'revoke' as const, credential: child.id, ...usedBy(child) }
  await vault.audit.append({ ...base, phase: 'began' })
  const result = await revokeAtProvider(vault, child, recipe).catch((error: unknown): RevokeResult => {
    if (!isCoded(error)) throw error
    return { outcome: 'failed', status: 0 }
  })
  const { outcome, status } = result
  const ended = { ...base, at: vault.clock.now(), phase: 'ended' as const, outcome: outcome === 'failed' ? 'failed' : 'ok', status }
  await vault.audit.append(ended).catch(() => undefined)
  if (outcome !== 'nothing_to_revoke') await tell(vault, child.id, result)
  return result
}

async function revokeAtProvider(vault: VaultContext, child: Child, recipe: Recipe): Promise<RevokeResult> {
  using secret = await openSecret(vault, child)
  const refreshToken = secret.fields.get(REFRESH_TOKEN)
  const token = refreshToken ?? secret.fields.get(ACCESS_TOKEN)
  if (token === undefined) return { outcome: 'nothing_to_revoke', status: 0 }
  const hint = refreshToken === undefined ? ('access_token' as const) : ('refresh_token' as const)
  const { revoked, status } = await revokeToken(vault, { recipe, project: child.project, plain: child.plain, token, hint })
  return { outcome: revoked ? 'revoked' : 'failed', status }
}

async function tell(vault: VaultContext, id: string, { outcome, status }: RevokeResult): Promise<void> {
  const told = (child: Child): Child => {
    const data = { version: child.version, outcome, ...(status === 0 ? {} : { upstream_status: status }) }
    return withFacts(vault, child, [{ type: 'credential.revoked', data }])
  }
  // Deleted in this moment: the tombstone can tell it as well.
  await vault.children.changeAny(id, told)
  vault.nudge()
}
