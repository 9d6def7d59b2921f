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

/** When the access token was issued and ends: counted from when the answer came, by our own clock (RFC 6749 §5.1). */
export function tokenTimes(
  parsed: ParsedTokenAnswer,
  recipe: Recipe,
  context: {
    readonly now: number
    readonly scopes: readonly string[]
    readonly rtId?: string | undefined
    readonly clientGeneration: number
  },
): TokenTimes {
  const lifeS = parsed.expiresInS ?? recipe.oauth?.defaultExpiresIn
  return {
    issuedAt: new Date(context.now),
    ...(lifeS === undefined ? {} : { expiresAt: new Date(context.now + lifeS * 1000) }),
    scopes: parsed.scopes ?? context.scopes,
    ...(context.rtId === undefined ? {} : { rtId: context.rtId }),
    clientGeneration: context.clientGeneration,
  }
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
