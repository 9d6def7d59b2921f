import type { LedgerEntry, RevokedBy } from './ledger.ts'

/** What happened to one grant: the tokens that descend from one consent. */
export interface FamilyVerdict {
  readonly family: string
  /** Refresh requests, refused ones included. */
  refreshes: number
  /** Refresh requests that presented a token which an earlier refresh had spent. */
  spentReplays: number
  /** Refreshes that issued tokens in an answer which did not get through. */
  issuedUndelivered: number
  /** The refresh token that the server takes now; undefined when the family is revoked or never had one. */
  currentRefreshToken?: string
  revokedBy?: RevokedBy
}

export interface LedgerVerdict {
  /** Requests to the token endpoint, codes and refreshes. */
  readonly tokenRequests: number
  readonly refreshRequests: number
  readonly spentReplays: number
  /** Families that the server revoked because a spent token came again: what a client must never cause. */
  readonly familiesRevokedByReuse: number
  readonly families: ReadonlyMap<string, FamilyVerdict>
}

/** Reads the ledger as a judge: counts per family and in all. `since` leaves out entries before that sequence number. */
export function judgeLedger(entries: readonly LedgerEntry[], since = 0): LedgerVerdict {
  const families = new Map<string, FamilyVerdict>()
  const bySeq = new Map(entries.map((entry) => [entry.seq, entry]))
  for (const entry of entries) {
    const family = entry.family ?? (entry.of === undefined ? undefined : bySeq.get(entry.of)?.family)
    if (family === undefined) continue
    const verdict = families.get(family) ?? { family, refreshes: 0, spentReplays: 0, issuedUndelivered: 0 }
    families.set(family, verdict)
    judgeEntry(verdict, entry, { counted: entry.seq >= since, undelivered: entry.of === undefined ? undefined : bySeq.get(entry.of) })
  }
  const counted = entries.filter((entry) => entry.seq >= since && entry.kind === 'token')
  return {
    tokenRequests: counted.length,
    refreshRequests: counted.filter((entry) => entry.grantType === 'refresh_token').length,
    spentReplays: sum(families, (verdict) => verdict.spentReplays),
    familiesRevokedByReuse: sum(families, (verdict) => (verdict.revokedBy === 'reuse' ? 1 : 0)),
    families,
  }
}

/** The state of a family always follows the whole ledger; only the counts begin at `since`. */
function judgeEntry(verdict: FamilyVerdict, entry: LedgerEntry, context: { counted: boolean; undelivered: LedgerEntry | undefined }): void {
  if (entry.issued?.refreshToken !== undefined) verdict.currentRefreshToken = entry.issued.refreshToken
  if (entry.kind === 'family_revoked' && entry.revokedBy !== undefined) {
    verdict.revokedBy = entry.revokedBy
    delete verdict.currentRefreshToken
  }
  if (!context.counted) return
  if (entry.grantType === 'refresh_token') verdict.refreshes++
  if (entry.grantType === 'refresh_token' && entry.presented?.state === 'previous') verdict.spentReplays++
  if (entry.kind === 'undelivered' && context.undelivered?.issued !== undefined) verdict.issuedUndelivered++
}

function sum(families: ReadonlyMap<string, FamilyVerdict>, of: (verdict: FamilyVerdict) => number): number {
  return [...families.values()].reduce((total, verdict) => total + of(verdict), 0)
}
