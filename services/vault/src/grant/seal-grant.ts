import { newId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Recipe, RecipeOAuth } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import type { OpenClient } from '../credential/client.ts'
import { sealCandidate } from '../credential/seal.ts'
import { renewalToken } from '../renewal/by-token.ts'
import { exchangeForLasting, handedOver } from '../thirdparty/complete-native.ts'
import type { Discovered } from '../thirdparty/discover-assets.ts'
import type { NativeFacts } from '../thirdparty/native.ts'
import type { GrantContext } from './grant-context.ts'
import { ACCESS_TOKEN, fingerprint, REFRESH_TOKEN, tokenTimes } from './grant-secret.ts'
import type { PendingGrant } from './pending-grant.ts'
import type { ParsedTokenAnswer } from './token-answer.ts'

export interface CompletedGrant {
  readonly credentialId: string
  readonly candidateId: string
  readonly scopes: readonly string[]
  readonly expiresAt?: Date
  readonly hasRefreshToken: boolean
  /** Of a platform's own sign-in. */
  readonly native?: Omit<NativeFacts, 'chosen'>
}

/**
 * The tokens of a grant as a candidate, after the exchange for the one that lasts and with what a platform's own sign-in handed
 * over; all of them are wiped here. Throws SCOPE_MISSING, ASSETS_MISSING.
 */
export async function sealGrant(
  vault: GrantContext,
  principal: Principal,
  order: {
    readonly pending: PendingGrant
    readonly recipe: Recipe
    readonly oauth: RecipeOAuth
    readonly parsed: ParsedTokenAnswer
    readonly client: OpenClient
  },
): Promise<CompletedGrant> {
  const { pending, recipe, oauth, client } = order
  const signed = { ...pending, recipe, oauth, client }
  const parsed = await exchangeForLasting(vault, order.parsed, signed)
  let found: Discovered | undefined
  try {
    const scopes = parsed.scopes ?? pending.scopes
    const missing = oauth.availableScopes.filter(({ scope, required }) => required && !scopes.includes(scope))
    if (missing.length > 0)
      throw new CodedError('SCOPE_MISSING', `Not granted: ${missing.map(({ scope, displayName }) => displayName ?? scope).join(', ')}.`)
    if (recipe.native !== undefined) found = await handedOver(vault, parsed.accessToken!, { ...signed, native: recipe.native })
    const renewed = renewalToken(oauth, parsed)
    const rtId = renewed === undefined ? undefined : fingerprint(vault.digestKey, pending.credential, renewed)
    const token = tokenTimes(parsed, recipe, { now: vault.clock.now(), scopes, rtId, clientGeneration: client.generation })
    const secret = new Map([
      [ACCESS_TOKEN, parsed.accessToken!],
      ...(parsed.refreshToken === undefined ? [] : [[REFRESH_TOKEN, parsed.refreshToken] as const]),
      ...(found?.tokens ?? []),
    ])
    const native = found === undefined ? {} : { native: factsOf(found) }
    const candidateId = newId('cand', (count) => vault.random.bytes(count))
    const { credential: credentialId, recipe: recipeId, plain, capability = '' } = pending
    await sealCandidate(vault, principal, { credentialId, candidateId, recipeId, recipe, plain, secret, token, capability, ...native })
    const ends = token.expiresAt === undefined ? {} : { expiresAt: token.expiresAt }
    return { credentialId, candidateId, scopes, ...ends, hasRefreshToken: parsed.refreshToken !== undefined, ...native }
  } finally {
    for (const token of [parsed.accessToken, parsed.refreshToken, ...(found?.tokens.values() ?? [])]) token?.fill(0)
  }
}

function factsOf({ account, assets }: Discovered): NativeFacts {
  return { ...(account === undefined ? {} : { account }), assets, chosen: false }
}
