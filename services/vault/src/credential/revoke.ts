import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { ACCESS_TOKEN, REFRESH_TOKEN } from '../grant/grant-secret.ts'
import { revokeToken } from '../grant/revocation.ts'
import { openSecret } from './open.ts'
import { auditBase } from './record-change.ts'
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
  const base = { ...auditBase(vault, principal), action: 'revoke' as const, credential: child.id }
  await vault.audit.append({ ...base, phase: 'began' })
  using secret = await openSecret(vault, child)
  const refreshToken = secret.fields.get(REFRESH_TOKEN)
  const token = refreshToken ?? secret.fields.get(ACCESS_TOKEN)
  if (token === undefined) return { outcome: 'nothing_to_revoke', status: 0 }
  const hint = refreshToken === undefined ? ('access_token' as const) : ('refresh_token' as const)
  const { revoked, status } = await revokeToken(vault, { recipe, project: child.project, plain: child.plain, token, hint })
  const outcome = revoked ? 'revoked' : 'failed'
  await vault.audit
    .append({ ...base, at: vault.clock.now(), phase: 'ended', outcome: revoked ? 'ok' : 'failed', status })
    .catch(() => undefined)
  await vault.children.change(child.id, (found) =>
    withFacts(vault, found, [
      { type: 'credential.revoked', data: { version: found.version, outcome, ...(status === 0 ? {} : { upstream_status: status }) } },
    ]),
  )
  vault.nudge()
  return { outcome, status }
}
