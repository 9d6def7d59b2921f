import { createHmac } from 'node:crypto'
import type { Recipe } from '@credence/provider'
import type { RefreshChild } from '@credence/refresh-protocol'
import type { Child, TokenTimes } from '../credential/child.ts'
import type { ParsedTokenAnswer } from './token-answer.ts'

/** The names under which the tokens of a grant are sealed. */
export const ACCESS_TOKEN = 'access_token'
export const REFRESH_TOKEN = 'refresh_token'

/** Tells two refresh tokens of a credential apart and gives neither away. */
export function fingerprint(digestKey: Uint8Array, credential: string, refreshToken: Uint8Array): string {
  return createHmac('sha256', digestKey).update(`credence refresh token v1|${credential}|`).update(refreshToken).digest('base64url')
}

/**
 * When the access token was issued, and when it and the grant end: counted from when the answer came, by our own clock
 * (RFC 6749 §5.1). `before`: of the token that was refreshed; absent for a new grant.
 */
export function tokenTimes(
  parsed: ParsedTokenAnswer,
  recipe: Recipe,
  context: {
    readonly now: number
    readonly scopes: readonly string[]
    readonly rtId?: string | undefined
    readonly clientGeneration: number
    readonly before?: TokenTimes | undefined
  },
): TokenTimes {
  const grantedAt = context.before === undefined ? new Date(context.now) : context.before.grantedAt
  const grantEndsAt = endOfGrant(parsed, recipe, { now: context.now, grantedAt, before: context.before?.grantEndsAt })
  const lifeS = parsed.expiresInS ?? defaultLifeOf(recipe)
  return {
    issuedAt: new Date(context.now),
    ...(lifeS === undefined ? {} : { expiresAt: new Date(context.now + lifeS * 1000) }),
    ...(grantedAt === undefined ? {} : { grantedAt }),
    ...(grantEndsAt === undefined ? {} : { grantEndsAt }),
    scopes: parsed.scopes ?? context.scopes,
    ...(context.rtId === undefined ? {} : { rtId: context.rtId }),
    clientGeneration: context.clientGeneration,
  }
}

/** Seconds, where the provider declares how long a token lives that says nothing of it. */
export function defaultLifeOf({ oauth, renewal }: Recipe): number | undefined {
  return oauth?.defaultExpiresIn ?? (renewal === undefined || renewal.kind === 'steps' ? undefined : renewal.answer.defaultExpiresIn)
}

/** The earlier of what the provider's payload and the server say. A server that says it once need not repeat it. */
function endOfGrant(
  { refreshExpiresInS }: ParsedTokenAnswer,
  { refresh: { lifetimeMs } }: Recipe,
  at: { readonly now: number; readonly grantedAt: Date | undefined; readonly before: Date | undefined },
): Date | undefined {
  const stated = refreshExpiresInS === undefined ? at.before?.getTime() : at.now + refreshExpiresInS * 1000
  const declared = lifetimeMs === undefined || at.grantedAt === undefined ? undefined : at.grantedAt.getTime() + lifetimeMs
  const ends = [stated, declared].filter((end) => end !== undefined)
  return ends.length === 0 ? undefined : new Date(Math.min(...ends))
}

/** As much of the child as the refresh protocol decides by. */
export function refreshView(child: Child, recipe: Recipe, restoredAt?: Date): RefreshChild {
  return {
    version: child.version,
    refreshClass: recipe.refresh.class,
    token: { rtId: child.token?.rtId, expiresAt: child.token?.expiresAt?.getTime() },
    lease: child.lease,
    intent: child.intent,
    restored: restoredAt !== undefined && child.token !== undefined && child.token.issuedAt < restoredAt,
    budget: recipe.refresh.budget,
    taken: child.refreshesTaken,
  }
}
