import { newId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Recipe, RecipeOAuth } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import { sealCandidate } from '../credential/seal.ts'
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
}

/** The tokens of a grant as a candidate; they are wiped here. Throws SCOPE_MISSING. */
export async function sealGrant(
  vault: GrantContext,
  principal: Principal,
  order: {
    readonly pending: PendingGrant
    readonly recipe: Recipe
    readonly oauth: RecipeOAuth
    readonly parsed: ParsedTokenAnswer
    readonly clientGeneration: number
  },
): Promise<CompletedGrant> {
  const { pending, recipe, oauth, parsed, clientGeneration } = order
  try {
    const scopes = parsed.scopes ?? pending.scopes
    const missing = oauth.availableScopes.filter(({ scope, required }) => required && !scopes.includes(scope))
    if (missing.length > 0)
      throw new CodedError('SCOPE_MISSING', `Not granted: ${missing.map(({ scope, displayName }) => displayName ?? scope).join(', ')}.`)
    const rtId = parsed.refreshToken === undefined ? undefined : fingerprint(vault.digestKey, pending.credential, parsed.refreshToken)
    const token = tokenTimes(parsed, recipe, { now: vault.clock.now(), scopes, rtId, clientGeneration })
    const secret = new Map([
      [ACCESS_TOKEN, parsed.accessToken!],
      ...(parsed.refreshToken === undefined ? [] : [[REFRESH_TOKEN, parsed.refreshToken] as const]),
    ])
    const candidateId = newId('cand', (count) => vault.random.bytes(count))
    const { credential: credentialId, recipe: recipeId, plain, capability = '' } = pending
    await sealCandidate(vault, principal, { credentialId, candidateId, recipeId, recipe, plain, secret, token, capability })
    const ends = token.expiresAt === undefined ? {} : { expiresAt: token.expiresAt }
    return { credentialId, candidateId, scopes, ...ends, hasRefreshToken: parsed.refreshToken !== undefined }
  } finally {
    parsed.accessToken?.fill(0)
    parsed.refreshToken?.fill(0)
  }
}
