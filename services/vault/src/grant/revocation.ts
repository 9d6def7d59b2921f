import { fillHosts, fillUrl, type Recipe } from '@credence/provider'
import type { VaultContext } from '../credential/vault-context.ts'
import { postToken } from './token-endpoint.ts'

export interface Revocation {
  readonly recipe: Recipe
  readonly project: string
  readonly plain: Readonly<Record<string, string>>
  /** A refresh token where there is one: with it the whole grant goes (RFC 7009 §2.1). */
  readonly token: Uint8Array
  readonly hint?: 'refresh_token' | 'access_token'
}

/** Long enough for a slow endpoint, short enough for a person who waits for a delete. */
const DEADLINE_MS = 15_000

/** Revokes a token at the provider (RFC 7009). Any 2xx is done, an unknown token included. Answers the status; 0: no answer. */
export async function revokeToken(
  vault: Pick<VaultContext, 'egress' | 'clients' | 'random'>,
  order: Revocation,
): Promise<{ revoked: boolean; status: number }> {
  const { recipe, project } = order
  if (recipe.revoke === undefined || recipe.oauth === undefined) return { revoked: false, status: 0 }
  const hosts = fillHosts(recipe, order.plain).revoke
  const url = fillUrl(recipe, recipe.revoke.url, order.plain)
  using client = await vault.clients.open(recipe.oauth.clientId, project)
  const parameters = [
    { name: 'token', value: order.token },
    { name: 'token_type_hint', value: Buffer.from(order.hint ?? 'refresh_token') },
  ]
  const result = await postToken(
    vault.egress,
    { project, url, hosts, parameters, client, style: { ...recipe.oauth, bodyFormat: 'form' }, deadlineMs: DEADLINE_MS },
    vault.random,
  )
  if (result.kind !== 'answered') return { revoked: false, status: 0 }
  const { status } = result.raw
  return { revoked: status >= 200 && status < 300, status }
}
