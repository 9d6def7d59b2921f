import { hash } from 'node:crypto'
import type { RefreshClass } from '@credence/refresh-protocol'

/** What the vault says of one token in force: times and versions, nothing secret. Times are wall clock, ms. */
export interface PlannedToken {
  readonly version: number
  readonly issuedAt: number
  /** Absent when the provider did not say. */
  readonly expiresAt?: number | undefined
  readonly refreshClass: RefreshClass
  readonly hasRefreshToken: boolean
  /** The profile's answer for tokens without a stated end. */
  readonly defaultLifeMs?: number | undefined
  readonly grantedAt?: number | undefined
  /** When the grant ends however often it is refreshed. */
  readonly grantEndsAt?: number | undefined
  /** After how long without use the provider drops the refresh token. */
  readonly idleLimitMs?: number | undefined
}

export interface PlanContext {
  readonly credentialId: string
  readonly now: number
  /** The first refresh since the credential was connected or imported. */
  readonly first: boolean
}

/**
 * `refresh`: order one at `refreshAt`. `remind`: nothing can be refreshed; say at `refreshAt` that the end is near.
 * `none`: it neither ends nor can be refreshed. `priority`: so little time is left that it goes before all others.
 */
export type PlannedRefresh =
  | { readonly kind: 'refresh'; readonly refreshAt: number; readonly priority: boolean; readonly expiresAt?: number }
  | { readonly kind: 'remind'; readonly refreshAt: number; readonly priority: false; readonly expiresAt: number }
  | { readonly kind: 'none'; readonly priority: false }

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Below this a spread would leave too little time for a second try. */
const SHORT_LIFE_MS = 10 * MINUTE_MS
/** A person needs days to react to a long token, and cannot be told earlier of a short one than it lives. */
const REMIND_AHEAD_MS = 7 * DAY_MS

/**
 * When this version is refreshed: early, so that doubt falls while the access token still works, and spread by a hash, so
 * that tokens issued together are not refreshed together (REFRESH 4.5). The same token always gets the same time, and
 * never one after its end. A token without any known end is refreshed once a day, which is its check; a 401 comes sooner.
 */
export function planRefresh(token: PlannedToken, context: PlanContext): PlannedRefresh {
  const { issuedAt } = token
  if (!token.hasRefreshToken) return remind(token)
  const expiresAt = token.expiresAt ?? (token.defaultLifeMs === undefined ? undefined : issuedAt + token.defaultLifeMs)
  const lifeMs = expiresAt === undefined ? DAY_MS : Math.max(expiresAt - issuedAt, 0)
  const idleAt = token.idleLimitMs === undefined ? Number.POSITIVE_INFINITY : issuedAt + 0.5 * token.idleLimitMs
  const byLife = issuedAt + lifeMs * shareOfLife(lifeMs, { spread: spreadOf(context.credentialId, token.version), first: context.first })
  // A refresh on the day on which the end is announced: it is looked at then, and the server may have moved it.
  const announceAt = announcedAt(token)
  const announced = announceAt !== undefined && announceAt > context.now ? announceAt : Number.POSITIVE_INFINITY
  const refreshAt = Math.trunc(Math.min(byLife, idleAt, announced, expiresAt ?? Number.POSITIVE_INFINITY))
  if (expiresAt === undefined) return { kind: 'refresh', refreshAt, priority: false }
  return { kind: 'refresh', refreshAt, expiresAt, priority: expiresAt - context.now < floorOf(lifeMs) }
}

/** When its owner is told that a grant ends; undefined where no end is known. */
export function announcedAt({
  grantedAt,
  grantEndsAt,
  issuedAt,
}: Pick<PlannedToken, 'grantedAt' | 'grantEndsAt' | 'issuedAt'>): number | undefined {
  if (grantEndsAt === undefined) return undefined
  return Math.trunc(grantEndsAt - Math.min(REMIND_AHEAD_MS, 0.25 * Math.max(grantEndsAt - (grantedAt ?? issuedAt), 0)))
}

function remind({ issuedAt, expiresAt }: PlannedToken): PlannedRefresh {
  if (expiresAt === undefined) return { kind: 'none', priority: false }
  const aheadMs = Math.min(REMIND_AHEAD_MS, 0.25 * Math.max(expiresAt - issuedAt, 0))
  return { kind: 'remind', refreshAt: Math.trunc(expiresAt - aheadMs), expiresAt, priority: false }
}

/** A whole import has one age: only its first refresh, spread wide, can pull it apart. */
function shareOfLife(lifeMs: number, { spread, first }: { readonly spread: number; readonly first: boolean }): number {
  if (lifeMs < SHORT_LIFE_MS) return 0.5
  return first ? 0.1 + 0.7 * spread : 0.6 + 0.2 * spread
}

/** With less than this left a refresh cannot wait behind others. */
function floorOf(lifeMs: number): number {
  return Math.min(Math.max(5 * MINUTE_MS, 0.1 * lifeMs), 0.25 * lifeMs)
}

/** Uniform in [0, 1), the same at every replica and after every restart. */
export function spreadOf(credentialId: string, version: number): number {
  const digest = hash('sha256', `${credentialId} ${version}`, 'buffer')
  return digest.readUIntBE(0, 6) / 2 ** 48
}
